import assert from "node:assert/strict";
import { partDrop } from "../../../../src/protocol/operations/part_drop.ts";
import { KEY } from "./_part_params.ts";

const params: readonly (readonly [string, unknown, boolean])[] = [
  ["a run and its ticket", KEY, true],
  ["a run without a ticket", { run: KEY.run }, false],
  ["anything else", { ...KEY, part: "in.0" }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of part_drop ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(partDrop.params.safeParse(value).success, expected);
  });
}
