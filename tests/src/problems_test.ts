import assert from "node:assert/strict";
import { createProblems } from "../../src/problems.ts";

Deno.test("the latest 20 problems are kept, each as one short line", () => {
  const problems = createProblems(() => new Date(0));
  for (let i = 0; i < 30; i++) problems.add(`problem ${i}\n\x1b[31m${"x".repeat(1000)}`);
  assert.equal(problems.latest.length, 20);
  assert.match(problems.latest[0]?.message ?? "", /^problem 10 /);
  for (const { at, message } of problems.latest) {
    assert.equal(at, "1970-01-01T00:00:00.000Z");
    assert.ok(message.length <= 500 && !/\p{Cc}/u.test(message));
  }
});
