import assert from "node:assert/strict";
import { gitEnvironment, hasSshCommand } from "../../../../src/executors/git/environment.ts";
import { GIT_GUARD_ENVIRONMENT } from "../../../../src/safety/git_guard.ts";

const plain = { isRead: false, isGuarded: false };
const BASE = {
  PATH: "/bin",
  HOME: "/h",
  GIT_AUTHOR_NAME: "A",
  GIT_SSH_COMMAND: "ssh -i k",
  GIT_CONFIG_GLOBAL: "/c",
};

for (
  const name of [
    ...[
      "GIT_DIR",
      "GIT_WORK_TREE",
      "GIT_INDEX_FILE",
      "GIT_OBJECT_DIRECTORY",
      "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    ],
    ...["GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_TRACE", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS"],
    ...[
      "GIT_EXTERNAL_DIFF",
      "GIT_LITERAL_PATHSPECS",
      "GIT_QUARANTINE_PATH",
      "GIT_REFLOG_ACTION",
      "GIT_REPLACE_REF_BASE",
    ],
    ...["GIT_AUTHOR_DATE", "SSH_ASKPASS", "EDITOR", "LANG", "LC_MESSAGES", "LANGUAGE"],
  ]
) {
  Deno.test(`gitEnvironment() does not hand on ${name}`, () => {
    assert.equal(gitEnvironment({ ...BASE, [name]: "x" }, plain)[name], undefined);
  });
}

Deno.test("gitEnvironment() keeps who the user is and how remotes are reached, and asks nothing", () => {
  const environment = gitEnvironment({ ...BASE, GIT_ASKPASS: "x", LC_ALL: "de_DE" }, plain);
  for (const [name, value] of Object.entries(BASE)) assert.equal(environment[name], value);
  assert.deepEqual(
    ["GIT_TERMINAL_PROMPT", "GIT_ASKPASS", "GIT_EDITOR", "LC_ALL"].map((name) => environment[name]),
    ["0", "", ":", "C"],
  );
  assert.equal(environment["GIT_OPTIONAL_LOCKS"], undefined);
});

Deno.test("gitEnvironment() guards plan mode, also against what the agent's own environment injects", () => {
  const injected = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "core.fsmonitor", GIT_CONFIG_VALUE_0: "x" };
  const environment = gitEnvironment({ ...BASE, ...injected }, { isRead: true, isGuarded: true });
  for (const [name, value] of Object.entries(GIT_GUARD_ENVIRONMENT)) assert.equal(environment[name], value);
  for (const name of [...Object.keys(injected), "GIT_SSH_COMMAND"]) {
    assert.equal(environment[name], undefined);
  }
  assert.equal(environment["GIT_CONFIG_GLOBAL"], "/c");
});

Deno.test("gitEnvironment() adds settings after those of the user", () => {
  const base = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "a.b", GIT_CONFIG_VALUE_0: "c" };
  const { GIT_CONFIG_COUNT, GIT_CONFIG_KEY_0, GIT_CONFIG_KEY_1, GIT_CONFIG_VALUE_1 } = gitEnvironment(base, {
    ...plain,
    settings: [["x.y", "z"]],
  });
  assert.deepEqual([GIT_CONFIG_COUNT, GIT_CONFIG_KEY_0, GIT_CONFIG_KEY_1, GIT_CONFIG_VALUE_1], [
    "2",
    "a.b",
    "x.y",
    "z",
  ]);
});

Deno.test("gitEnvironment() says how to start ssh where it is told to", () => {
  assert.equal(gitEnvironment({}, { ...plain, ssh: "ssh -x" })["GIT_SSH_COMMAND"], "ssh -x");
  assert.deepEqual([hasSshCommand({}), hasSshCommand({ GIT_SSH: "x" }), hasSshCommand(BASE)], [
    false,
    true,
    true,
  ]);
});
