import assert from "node:assert/strict";
import { childEnvironment } from "../../../src/host/environment.ts";

Deno.test("childEnvironment() takes the agent's own variables out, whatever their case", () => {
  const own = {
    PATH: "/bin",
    REMOTE_AGENTS_TOKEN: "secret",
    Remote_Agents_Encryption_Key: "secret",
    REMOTE: "yes",
  };
  assert.deepEqual(childEnvironment(own), { PATH: "/bin", REMOTE: "yes" });
});

Deno.test("childEnvironment() lets additions replace, and sets PWD", () => {
  const own = { PATH: "/bin", PWD: "/agent", LANG: "C" };
  assert.deepEqual(childEnvironment(own, { LANG: "de", REMOTE_AGENTS_MODE: "mine" }, "/work"), {
    PATH: "/bin",
    PWD: "/work",
    LANG: "de",
    REMOTE_AGENTS_MODE: "mine",
  });
  assert.equal(childEnvironment(own, { PWD: "/other" }, "/work")["PWD"], "/other");
});
