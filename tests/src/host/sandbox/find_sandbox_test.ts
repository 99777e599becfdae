import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/errors.ts";
import { findSandbox } from "../../../../src/host/sandbox/find_sandbox.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";

Deno.test("findSandbox() tries nothing where it is switched off", async () => {
  const { sandbox, reason } = await findSandbox("off", "/no/such/folder");
  assert.equal(sandbox, undefined);
  assert.match(reason ?? "", /"sandbox" is off/);
});

Deno.test("findSandbox() gives what works, and ends the start where one is required and none does", async () => {
  await using temporary = await temporaryFolder();
  const state = `${temporary.folder}/made`;
  const found = await findSandbox("auto", state);
  if (found.sandbox !== undefined) {
    assert.equal((await findSandbox("required", state)).sandbox?.name, found.sandbox.name);
  } else {
    await assert.rejects(findSandbox("required", state), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.ok(error.message.endsWith(found.reason));
      return true;
    });
  }
});
