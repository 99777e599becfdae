import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import type { Run, RunProgress, RunRecord } from "../../../../src/fleet/run.ts";
import { answerDryRun, answerRecord, answerRun, watchRun } from "../../../../src/mcp/tools/fleet_answer.ts";
import type { ToolContext, ToolProgress } from "../../../../src/mcp/tool.ts";
import { execResult } from "../../../helpers/sample_results.ts";
import { hostOutcome, runRecord } from "../../../helpers/run_record.ts";
import { fakeFleet } from "../_fake_fleet.ts";

/** A run that a test ends, and what was done to it. */
function fakeRun(record: RunRecord = runRecord()) {
  const listeners = new Set<(progress: RunProgress) => void>();
  const waits: number[] = [];
  const cancelled: string[] = [];
  let onWait = () => {};
  const run: Run = {
    id: record.id,
    record,
    wait(ms) {
      waits.push(ms);
      onWait();
      return Promise.resolve();
    },
    onProgress(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    cancel: (reason) => void cancelled.push(reason),
  };
  return {
    run,
    waits,
    cancelled,
    listeners,
    whenWaiting: (work: () => void) => void (onWait = work),
    tell: (progress: RunProgress) => listeners.forEach((listener) => listener(progress)),
  };
}

function contextOf(changes: Partial<ToolContext> = {}): ToolContext {
  return { fleet: fakeFleet(), signal: new AbortController().signal, ...changes };
}

Deno.test("watchRun() tells how far the run is, without control characters, and stops listening", async () => {
  const fake = fakeRun();
  const progress: ToolProgress[] = [];
  fake.whenWaiting(() => {
    fake.tell({ done: 1, total: 3, last: hostOutcome("a\n\u001b[2J") });
    fake.tell({ done: 3, total: 3 });
  });
  await watchRun(fake.run, 7, contextOf({ onProgress: (one) => void progress.push(one) }));
  assert.deepEqual(progress, [
    { progress: 1, total: 3, message: "a\\u{a}\\u{1b}[2J succeeded" },
    { progress: 3, total: 3 },
  ]);
  assert.deepEqual([fake.waits, fake.listeners.size], [[7], 0]);
});

Deno.test("watchRun() needs nobody to tell", async () => {
  const fake = fakeRun();
  fake.whenWaiting(() => fake.tell({ done: 1, total: 1 }));
  await watchRun(fake.run, 0, contextOf());
});

Deno.test("watchRun() rejects if the caller cancels, and stops listening; the run is left alone", async () => {
  const controller = new AbortController();
  const fake = fakeRun();
  fake.whenWaiting(() => controller.abort());
  await assert.rejects(watchRun(fake.run, 7, contextOf({ signal: controller.signal })), {
    code: "cancelled",
  });
  assert.deepEqual([fake.listeners.size, fake.cancelled], [0, []]);
});

Deno.test("answerRun() waits for 45 s unless told otherwise, and cancels the run of a caller that cancels", async () => {
  const fake = fakeRun();
  await answerRun(fake.run, {}, contextOf());
  await answerRun(fake.run, { wait_ms: 0 }, contextOf());
  assert.deepEqual([fake.waits, fake.cancelled], [[45_000, 0], []]);
  await assert.rejects(answerRun(fake.run, {}, contextOf({ signal: AbortSignal.abort() })), OperationError);
  assert.deepEqual(fake.cancelled, ["The caller cancelled the call"]);
});

const ended = (...statuses: RunRecord["hosts"][number]["status"][]) =>
  runRecord({ hosts: statuses.map((status, i) => hostOutcome(`h${i}`, { status })) });
const answers: readonly (readonly [string, RunRecord, boolean])[] = [
  ["all succeeded", ended("succeeded", "succeeded"), false],
  ["one failed", ended("succeeded", "failed"), true],
  ["one was refused", ended("refused"), true],
  ["one has gone", ended("gone", "succeeded"), true],
  ["one goes on", { ...ended("failed", "running"), status: "running" }, false],
  ["it was cancelled before it began", { ...ended("skipped"), status: "cancelled" }, true],
];
for (const [what, record, hasFailed] of answers) {
  Deno.test(`answerRecord() ${hasFailed ? "counts as failed" : "is no failure"} when ${what}`, () => {
    assert.equal(answerRecord(record, {}).hasFailed, hasFailed);
  });
}

Deno.test("answerRecord() keeps to the budget and masks numbers if it is asked to", () => {
  const said = (text: string) =>
    execResult({
      stdout: { head: text, tail: "", bytes: text.length, truncated: false, invalidUtf8: false },
    });
  const record = runRecord({
    hosts: Array.from(
      { length: 60 },
      (_, i) => hostOutcome(`h${i}`, { result: said(`load ${i}\n${"word ".repeat(40)}`) }),
    ),
  });
  const masked = answerRecord(record, { mask_numbers: true });
  assert.equal((masked.structured["groups"] as unknown[]).length, 1);
  const small = answerRecord(record, { max_tokens: 1_000 });
  assert.ok(small.text.length < 1_000 * 6, `${small.text.length}`);
  assert.ok(small.text.length < answerRecord(record, { max_tokens: 20_000 }).text.length);
});

Deno.test("answerDryRun() has no run to go on with", () => {
  const { structured, text } = answerDryRun({
    tool: "fleet_exec",
    op: "exec",
    params: {},
    target: "web",
    hosts: [{ id: "a", name: "web-1" }],
    leftOut: [{ agent: { id: "me", name: "me" }, reason: "self" }],
    flow: { parallel: 64, canary: 0, waveSize: 0, maxFailures: Infinity },
  }, {});
  assert.equal(structured["run"], null);
  assert.match(text, /^Dry run, nothing was done\./);
  assert.match(text, /Left out \(the caller itself\): 1 host: me$/);
});
