import assert from "node:assert/strict";
import { splitEnvironment } from "../../../../src/host/sandbox/launcher_environment.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { NEEDS_BWRAP, openSandbox, run } from "./_machine.ts";

Deno.test("splitEnvironment() keeps from the launcher what loads code into it", () => {
  const inner = {
    LD_PRELOAD: "/x.so",
    LD_LIBRARY_PATH: "/x",
    LD_AUDIT: "/x.so",
    DYLD_INSERT_LIBRARIES: "/x",
    GLIBC_TUNABLES: "x",
    GCONV_PATH: "/x",
    LOCPATH: "/x",
    BASH_ENV: "/x",
    "BASH_FUNC_exec%%": "() { x; }",
    ENV: "/x",
    SHELLOPTS: "xtrace",
    PS4: "$(x)",
    IFS: "/",
  };
  const launcher = {
    PATH: "/bin",
    HOME: "/h",
    LANG: "C",
    LC_ALL: "C",
    GIT_PAGER: "cat",
    OLD_LD_X: "1",
    ENVIRONMENT: "x",
  };
  assert.deepEqual(splitEnvironment({ ...inner, ...launcher }), { launcher, inner });
});

const { ignore, why } = NEEDS_BWRAP;
for (const kind of ["strict", "guarded"] as const) {
  Deno.test(
    `splitEnvironment() lets a preloaded library reach the command alone (${kind})${why}`,
    { ignore },
    async () => {
      await using place = await temporaryFolder();
      const sandbox = await openSandbox(place.folder);
      const { launcher, inner } = splitEnvironment({ LD_PRELOAD: "/nowhere/x.so", NOTE: "a 'b'\n$(c)" });
      const confinement = kind === "strict"
        ? { kind, grants: [], hidden: [], environment: { ...inner, INNER: "d \"e\" 'f'\n`g`" } } as const
        : { kind, readOnly: [], hidden: [], environment: { ...inner, INNER: "d \"e\" 'f'\n`g`" } } as const;
      const { stdout, stderr } = await run(sandbox.confine(["/usr/bin/env"], confinement), { env: launcher });
      assert.match(stdout, /^NOTE=a 'b'\n\$\(c\)$/m);
      assert.match(stdout, /^INNER=d "e" 'f'\n`g`$/m);
      // The loader complains once for each program that it loads: the command, and nothing before it.
      assert.equal(stderr.match(/cannot be preloaded/g)?.length, 1, stderr);
    },
  );
}
