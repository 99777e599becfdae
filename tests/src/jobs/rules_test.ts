import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chooseForgotten,
  cutText,
  isOver,
  JOB_ID_BYTES,
  JOB_LIMITS,
  jobIdOf,
  showCommand,
} from "../../../src/jobs/rules.ts";
import { JobId, JobStatus } from "../../../src/protocol/job.ts";
import { anyText } from "../../helpers/any_text.ts";
import { idOf } from "./_records.ts";

Deno.test("jobIdOf() makes an id of the wire's form, another for every 100 random bits", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: JOB_ID_BYTES, maxLength: JOB_ID_BYTES }), (random) => {
    assert.ok(JobId.safeParse(jobIdOf(random)).success);
  }));
  const ids = new Set(Array.from({ length: 96 }, (_, bit) => {
    const random = new Uint8Array(JOB_ID_BYTES);
    random[Math.floor(bit / 8)] = 1 << (bit % 8);
    return jobIdOf(random);
  }));
  assert.equal(ids.size, 96);
});

const commands: readonly (readonly [string | readonly string[], string])[] = [
  ["ls -la | head", "ls -la | head"],
  [["git", "log", "-1"], "git log -1"],
  [["printf", "%s|", "$HOME", "a b", "", "it's"], `printf '%s|' '$HOME' 'a b' '' 'it'\\''s'`],
];
for (const [command, shown] of commands) {
  Deno.test(`showCommand() shows ${JSON.stringify(command)}`, () =>
    assert.equal(showCommand(command), shown));
}

Deno.test("showCommand() cuts a long command and says how long it was", () => {
  const shown = showCommand("x".repeat(100_000));
  assert.equal(shown.length, 4096);
  assert.match(shown, / \[\.\.\. 100000 characters\]$/);
});

Deno.test("cutText() keeps to its length and within characters", () => {
  fc.assert(fc.property(anyText({ maxLength: 200 }), fc.integer({ min: 40, max: 100 }), (text, max) => {
    const cut = cutText(text, max);
    assert.ok(cut.length <= max && cut.isWellFormed());
    if (text.length <= max) assert.equal(cut, text.toWellFormed());
  }));
});

const DAY_MS = 86_400_000;
const limits = { ...JOB_LIMITS, totalBytes: 100, maxEnded: 4, keepMs: 7 * DAY_MS };
const ended = (n: number, endedAt: number, keptBytes = 0) => ({ id: idOf(n), endedAt, keptBytes });
const NOW = 100 * DAY_MS;
const cases:
  readonly (readonly [string, Parameters<typeof chooseForgotten>[0], number, number[], boolean])[] = [
    ["nothing while all fits", [ended(1, NOW, 50), ended(2, NOW - 1, 50)], 0, [], false],
    [
      "the oldest with output when there is too much",
      [ended(1, NOW, 60), ended(2, NOW - 1, 50)],
      0,
      [2],
      false,
    ],
    ["the oldest however they are ordered", [ended(2, NOW - 1, 50), ended(1, NOW, 60)], 0, [2], false],
    [
      "no newer one in place of an older, and none without output",
      [ended(1, NOW, 90), ended(2, NOW - 1, 20), ended(3, NOW - 2, 5), ended(4, NOW - 3)],
      0,
      [2, 3],
      false,
    ],
    ["one whose running neighbours need the room", [ended(1, NOW, 50)], 60, [1], false],
    [
      "all with output when running ones are over the limit",
      [ended(1, NOW, 1), ended(2, NOW)],
      101,
      [1],
      true,
    ],
    ["those past their days", [ended(1, NOW), ended(2, NOW - 7 * DAY_MS - 1)], 0, [2], false],
    ["those over the number", [5, 4, 3, 2, 1].map((n) => ended(n, NOW - n)), 0, [5], false],
  ];
for (const [what, jobs, runningBytes, expected, isOverfull] of cases) {
  Deno.test(`chooseForgotten() forgets ${what}`, () => {
    assert.deepEqual(chooseForgotten(jobs, { runningBytes, now: NOW, limits }), {
      forget: expected.map(idOf),
      isOverfull,
    });
  });
}

Deno.test("chooseForgotten() leaves what fits, whatever there is", () => {
  const job = fc.record({
    id: fc.nat(9999).map(idOf),
    endedAt: fc.integer({ min: NOW - 10 * DAY_MS, max: NOW }),
    keptBytes: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.uniqueArray(job, { selector: ({ id }) => id }), fc.nat(100), (jobs, runningBytes) => {
      const { forget } = chooseForgotten(jobs, { runningBytes, now: NOW, limits });
      const left = jobs.filter(({ id }) => !forget.includes(id));
      assert.ok(left.length <= limits.maxEnded);
      assert.ok(left.reduce((sum, { keptBytes }) => sum + keptBytes, runningBytes) <= limits.totalBytes);
      assert.ok(left.every(({ endedAt }) => NOW - endedAt <= limits.keepMs));
    }),
  );
});

Deno.test("isOver() holds for every status but running", () => {
  assert.deepEqual(JobStatus.options.filter((status) => !isOver(status)), ["running"]);
});
