import assert from "node:assert/strict";
import fc from "fast-check";
import type { DistributedStatus } from "../../../../src/fleet/mapreduce/distributed_run.ts";
import {
  describeDistributedRun,
  describeMapReduce,
  MapReduceResult,
  showMapReduce,
} from "../../../../src/mcp/texts/mapreduce.ts";
import { type Bytes, utf8 } from "../../../../src/protocol/bytes.ts";
import { anyText } from "../../../helpers/any_text.ts";
import { requestOf, runId } from "../../fleet/mapreduce/_distributed.ts";

const ID = runId("m");

function statusOf(changes: Partial<DistributedStatus> = {}): DistributedStatus {
  return {
    id: ID,
    request: requestOf(),
    status: "done",
    step: "ended",
    startedAt: 1_000,
    endedAt: 3_500,
    hosts: [{ id: "h1", name: "web-1" }, { id: "h2", name: "web-2" }],
    failed: [],
    notCleaned: 0,
    ...changes,
  };
}

const readerOf = (bytes: Bytes) => (from: number, most: number) =>
  Promise.resolve(bytes.subarray(from, from + most));

async function lines(
  changes: Partial<DistributedStatus>,
  content = "",
  maxTokens = 6_000,
): Promise<string[]> {
  const shown = await showMapReduce(statusOf(changes), { maxTokens, read: readerOf(utf8(content)) });
  return describeMapReduce(MapReduceResult.parse(shown)).split("\n");
}

const attempt = { host: "h1", attempt: 0 };
const texts: readonly (readonly [string, Partial<DistributedStatus>, string, readonly string[]])[] = [
  [
    "the result behind bars",
    { resultBytes: 8, progress: { stage: "reduce", done: 2, total: 2 } },
    "== done\nx\n",
    [
      `Done in 2.50 s, reduce 2/2 (run ${ID})`,
      "2 hosts: web-[1-2]",
      "Result: 8 bytes",
      "| == done",
      "| x",
    ],
  ],
  ["that there is no result", { resultBytes: 0 }, "", [
    `Done in 2.50 s (run ${ID})`,
    "2 hosts: web-[1-2]",
    "Result: 0 bytes",
  ]],
  [
    "where the result was written to, and what was there",
    {
      resultBytes: 8,
      request: requestOf({ output: "out" }),
      output: { path: "/home/me/out\n", backupId: 7 },
    },
    "",
    [
      `Done in 2.50 s (run ${ID})`,
      "2 hosts: web-[1-2]",
      "Result: 8 bytes in /home/me/out\\u{a}; what was there before is backup 7",
    ],
  ],
  [
    "where the result of a run that was read back was to be written to",
    {
      resultBytes: 8,
      request: requestOf({ output: "out" }),
    },
    "",
    [
      `Done in 2.50 s (run ${ID})`,
      "2 hosts: web-[1-2]",
      "Result: 8 bytes in out",
    ],
  ],
  [
    "which pieces failed where and why, and how to go on",
    {
      status: "failed",
      problem: "map 3 failed for good\nsee",
      progress: { stage: "map", done: 2, total: 9 },
      failed: [{
        stage: "map",
        partition: 3,
        reason: "it failed after 2 retries",
        attempts: [
          { ...attempt, exitCode: 3, stderr: "no\nway\n" },
          { ...attempt, host: "gone", exitCode: null, signal: "SIGKILL" },
          { ...attempt, exitCode: null, signal: null, timedOut: true },
          { ...attempt, error: { code: "cannot_run", message: "It is\u001b[2Jfull" } },
        ],
      }],
      notCleaned: 2,
    },
    "",
    [
      `Failed in 2.50 s, map 2/9 (run ${ID})`,
      "2 hosts: web-[1-2]",
      "Problem: map 3 failed for good\\u{a}see",
      "== map 3 failed for good: it failed after 2 retries",
      "| web-1: exit code 3: no\\u{a}way",
      "| gone: ended by SIGKILL",
      "| web-1: ended after its time",
      "| web-1: It is\\u{1b}[2Jfull [cannot_run]",
      "Note: 2 machines did not confirm that they removed the run's data; they do so after a day",
      `What is finished is kept: mapreduce with resume "${ID}" does the rest again`,
    ],
  ],
  [
    "a run that never began without a word about going on",
    { status: "failed", problem: "There is no file" },
    "",
    [
      `Failed in 2.50 s (run ${ID})`,
      "2 hosts: web-[1-2]",
      "Problem: There is no file",
    ],
  ],
];
for (const [what, changes, content, expected] of texts) {
  Deno.test(`describeMapReduce() tells ${what}`, async () => {
    assert.deepEqual(await lines(changes, content), expected);
  });
}

Deno.test("describeMapReduce() tells of five failed pieces and four attempts of each, and counts the rest", async () => {
  const failed = Array.from({ length: 8 }, (_, partition) => ({
    stage: "map" as const,
    partition,
    reason: "r".repeat(5_000),
    attempts: Array.from(
      { length: 9 },
      (_, i) => ({ host: "h1", attempt: i, exitCode: i, stderr: "e".repeat(5_000) }),
    ),
  }));
  const shown = await lines({ status: "failed", failed });
  assert.equal(shown.filter((line) => line.startsWith("== map")).length, 5);
  assert.deepEqual(
    shown.filter((line) => line.startsWith("| ")).slice(0, 4).map((line) => line.slice(0, 23)),
    [
      "| web-1: exit code 5: e",
      "| web-1: exit code 6: e",
      "| web-1: exit code 7: e",
      "| web-1: exit code 8: e",
    ],
  );
  assert.ok(shown.includes("and 3 more pieces failed"));
  assert.ok(shown.join("\n").length < 15_000);
});

Deno.test("showMapReduce() cuts a long result between characters, and says so", async () => {
  const content = "ä𝄞".repeat(20_000);
  const bytes = utf8(content);
  const shown = await showMapReduce(statusOf({ resultBytes: bytes.length }), {
    maxTokens: 1_001,
    read: readerOf(bytes),
  });
  assert.equal(shown.result?.isCut, true);
  assert.ok(shown.result.text !== "" && content.startsWith(shown.result.text), shown.result.text.slice(-4));
  const text = describeMapReduce(shown);
  assert.match(
    text,
    /120000 bytes, of which this is the beginning; all of it is in the resource run:\/\/r_m+\n/,
  );
});

Deno.test("showMapReduce() does not cut in silence what grows as it is shown", async () => {
  const bytes = utf8("\u0001".repeat(1_500));
  const shown = await showMapReduce(statusOf({ resultBytes: bytes.length }), {
    maxTokens: 1_000,
    read: readerOf(bytes),
  });
  assert.deepEqual([shown.result?.isCut, shown.result?.bytes], [true, 1_500]);
});

Deno.test("showMapReduce() shows no result of a run that is not done", async () => {
  for (const status of ["running", "failed", "cancelled"] as const) {
    const read = () => assert.fail("The result was read");
    const shown = await showMapReduce(statusOf({ status, resultBytes: 9 }), { maxTokens: 1_000, read });
    assert.equal(shown.result, undefined);
  }
});

Deno.test("nothing that a machine says can pass for a line of ours", async () => {
  await fc.assert(fc.asyncProperty(anyText({ maxLength: 200 }), async (text) => {
    const failed = [{
      stage: "map" as const,
      partition: 0,
      reason: text,
      attempts: [{ host: text, attempt: 0, exitCode: 1, stderr: text }],
    }];
    const shown = await lines({ status: "failed", problem: text, failed });
    assert.equal(shown.length, 5, shown.join("\n"));
    const result = await lines({ resultBytes: utf8(text).length }, text);
    assert.ok(result.slice(3).every((line) => line.startsWith("| ")), result.join("\n"));
    // deno-lint-ignore no-control-regex -- control characters are what is looked for.
    assert.doesNotMatch([...shown, ...result].join("\n"), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  }));
});

Deno.test("describeDistributedRun() tells how a run stands without its result", async () => {
  const text = await describeDistributedRun(statusOf({ resultBytes: 8 }));
  assert.match(text, /Result: 8 bytes$/);
});
