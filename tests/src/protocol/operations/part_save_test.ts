import assert from "node:assert/strict";
import { partSave } from "../../../../src/protocol/operations/part_save.ts";
import { KEY } from "./_part_params.ts";

const params: readonly (readonly [string, unknown, boolean])[] = [
  ["a part and a path", { ...KEY, part: "result", path: "~/out" }, true],
  ["a path alone, to ask whether it could be", { ...KEY, path: "~/out" }, true],
  ["an empty path", { ...KEY, part: "result", path: "" }, false],
  ["the hash that the old file must have", { ...KEY, path: "x", expected_sha256: "0".repeat(64) }, true],
  ["half a hash", { ...KEY, path: "x", expected_sha256: "0".repeat(32) }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of part_save ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(partSave.params.safeParse(value).success, expected);
  });
}
