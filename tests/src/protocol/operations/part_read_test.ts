import assert from "node:assert/strict";
import { partRead } from "../../../../src/protocol/operations/part_read.ts";
import { KEY } from "./_part_params.ts";

const params: readonly (readonly [string, unknown, boolean])[] = [
  ["a part from its beginning", { ...KEY, part: "in.0", offset: 0 }, true],
  ["a path", { ...KEY, part: "../in.0", offset: 0 }, false],
  ["a negative offset", { ...KEY, part: "in.0", offset: -1 }, false],
  ["no offset", { ...KEY, part: "in.0" }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of part_read ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(partRead.params.safeParse(value).success, expected);
  });
}
