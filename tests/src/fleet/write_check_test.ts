import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { OperationError } from "../../../src/errors.ts";
import { writeCheck } from "../../../src/fleet/write_check.ts";

const hashOf = (content: string | Uint8Array) => ({
  sha256: createHash("sha256").update(content).digest("hex"),
});

Deno.test("writeCheck() knows the hash of every text and of all bytes", async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.uint8Array(), async (text, bytes) => {
    assert.equal((await writeCheck({ content: text }))(hashOf(text)), undefined);
    const base64 = btoa(String.fromCharCode(...bytes));
    assert.equal((await writeCheck({ content_base64: base64 }))(hashOf(bytes)), undefined);
  }));
});

Deno.test("writeCheck() tells a host that has something else", async () => {
  const check = await writeCheck({ content: "what was sent" });
  assert.match(check(hashOf("what was sent\n")) ?? "", /not what was sent: its hash is another$/);
  assert.match(check({}) ?? "", /its hash is another$/);
});

Deno.test("writeCheck() without content is of an empty file", async () => {
  assert.equal((await writeCheck({}))(hashOf("")), undefined);
});

Deno.test("writeCheck() refuses what is no base64", async () => {
  await assert.rejects(
    writeCheck({ content_base64: "*" }),
    (error) => error instanceof OperationError && error.code === "bad_request",
  );
});
