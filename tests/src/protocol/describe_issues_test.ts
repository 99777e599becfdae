import assert from "node:assert/strict";
import * as z from "zod";
import { describeIssues } from "../../../src/protocol/describe_issues.ts";

const Shape = z.strictObject({ name: z.string(), list: z.array(z.object({ n: z.number() })).optional() });

const cases: [value: unknown, expected: RegExp][] = [
  [{ name: 1 }, /^"name": Invalid input: expected string, received number$/],
  [{ name: "a", list: [{ n: 1 }, { n: "x" }] }, /^"list\[1\]\.n": Invalid input/],
  [{ name: "a", nam: 1 }, /^Unrecognized key: "nam"$/],
  [{}, /^"name": Invalid input: expected string, received undefined$/],
  [{ name: 1, nam: 1 }, /^"name": [^;]*; Unrecognized key: "nam"$/],
];
for (const [value, expected] of cases) {
  Deno.test(`describeIssues() tells in one line what is wrong with ${JSON.stringify(value)}`, () => {
    const parsed = Shape.safeParse(value);
    assert.ok(!parsed.success);
    assert.match(describeIssues(parsed.error), expected);
  });
}
