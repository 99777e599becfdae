import assert from "node:assert/strict";
import { planEnvironment } from "../../../src/safety/plan_environment.ts";

Deno.test("planEnvironment() takes away what loads code or adds options", () => {
  const names =
    ("LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES BASH_ENV ENV BASH_FUNC_ls%% PS4 IFS PYTHONPATH NODE_OPTIONS PERL5OPT " +
      "GIT_DIR GIT_EXTERNAL_DIFF GIT_CONFIG_COUNT LESSOPEN MANPAGER RIPGREP_CONFIG_PATH GREP_OPTIONS TAR_OPTIONS GETCONF_DIR LOCPATH " +
      "GCONV_PATH SHELLOPTS CDPATH POSIXLY_CORRECT SSH_ASKPASS APT_CONFIG EDITOR").split(" ");
  const environment = planEnvironment(Object.fromEntries(names.map((name) => [name, "evil"])));
  for (const [name, value] of Object.entries(environment)) assert.notEqual(value, "evil", name);
});

Deno.test("planEnvironment() keeps the rest and makes pagers and git harmless", () => {
  const environment = planEnvironment({
    HOME: "/home/me",
    LANG: "C.UTF-8",
    PATH: "/usr/bin:/bin",
    PAGER: "less",
  });
  assert.equal(environment.HOME, "/home/me");
  assert.equal(environment.LANG, "C.UTF-8");
  assert.equal(environment.PATH, "/usr/bin:/bin");
  assert.equal(environment.PAGER, "cat");
  assert.match(environment.GIT_CONFIG_PARAMETERS ?? "", /'core\.fsmonitor=false'/);
});

for (
  const [path, expected] of [[".:/bin", "/bin"], ["/bin:", "/bin"], [
    "bin:x",
    "/usr/bin:/bin:/usr/sbin:/sbin",
  ], ["", "/usr/bin:/bin:/usr/sbin:/sbin"]]
) {
  Deno.test(`planEnvironment() makes "${expected}" of the PATH "${path}"`, () => {
    assert.equal(planEnvironment({ PATH: path ?? "" }).PATH, expected);
  });
}
