import assert from "node:assert/strict";
import { partFetch } from "../../../../src/protocol/operations/part_fetch.ts";
import { KEY } from "./_part_params.ts";

const params: readonly (readonly [string, unknown, boolean])[] = [
  ["parts of an address", { ...KEY, from: "a", parts: [{ name: "in.0", bytes: 1 }] }, true],
  ["no parts", { ...KEY, from: "a", parts: [] }, false],
  ["a part without a size", { ...KEY, from: "a", parts: [{ name: "in.0" }] }, false],
  [
    "more parts than one request may name",
    { ...KEY, from: "a", parts: Array.from({ length: 16_385 }, (_, i) => ({ name: `in.${i}`, bytes: 0 })) },
    false,
  ],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of part_fetch ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(partFetch.params.safeParse(value).success, expected);
  });
}
