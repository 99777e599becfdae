import assert from "node:assert/strict";
import { ConfigError } from "../../../src/errors.ts";
import { readEnvironment } from "../../../src/config/environment.ts";

Deno.test("readEnvironment() reads settings and names their variables", () => {
  const { source, tokenFile, warnings } = readEnvironment({
    REMOTE_AGENTS_ROOM: "home",
    REMOTE_AGENTS_TAGS: "a,b",
    REMOTE_AGENTS_TOKEN_FILE: "/run/token",
    REMOTE_AGENTS_HOME: "/x",
    PATH: "/bin",
  });
  assert.deepEqual(source, {
    room: { value: "home", origin: "REMOTE_AGENTS_ROOM" },
    tags: { value: ["a", "b"], origin: "REMOTE_AGENTS_TAGS" },
  });
  assert.equal(tokenFile, "/run/token");
  assert.deepEqual(warnings, []);
});

Deno.test("readEnvironment() takes an empty variable as unset", () => {
  const env = { REMOTE_AGENTS_ROOM: "", REMOTE_AGENTS_TOKEN_FILE: "", REMOTE_AGENTS_NONSENSE: "" };
  assert.deepEqual(readEnvironment(env), { source: {}, tokenFile: undefined, warnings: [] });
});

Deno.test("readEnvironment() names the variable of a wrong value", () => {
  assert.throws(
    () => readEnvironment({ REMOTE_AGENTS_TOKEN: "hunter2" }),
    new ConfigError(
      'Cannot read "token" from REMOTE_AGENTS_TOKEN: the value must have at least 8 characters and has 7: ' +
        'make one with "remote-agent token"',
    ),
  );
});

const unknown: readonly (readonly [string, string])[] = [
  ["REMOTE_AGENTS_TOKN", ": did you mean REMOTE_AGENTS_TOKEN"],
  ["REMOTE_AGENT_ROOM", ": did you mean REMOTE_AGENTS_ROOM"],
  ["REMOTE_AGENTS_RELAY_URL", ": did you mean REMOTE_AGENTS_RELAY"],
  ["REMOTE_AGENTS_SOMETHING_ELSE_ENTIRELY", ""],
];
for (const [name, remedy] of unknown) {
  Deno.test(`readEnvironment() warns of ${name} without its value`, () => {
    assert.deepEqual(readEnvironment({ [name]: "some value" }).warnings, [
      `The variable ${name} is not a setting and has no effect${remedy}`,
    ]);
  });
}

Deno.test("readEnvironment() leaves the relay's own variables alone", () => {
  assert.deepEqual(readEnvironment({ REMOTE_AGENTS_RELAY_BIND: "0.0.0.0:8080" }).warnings, []);
});
