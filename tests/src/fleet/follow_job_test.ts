import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { followJob, LOST_MS, resultOfJob } from "../../../src/fleet/follow_job.ts";
import type { ErrorCode } from "../../../src/protocol/error_code.ts";
import type { OutputPage } from "../../../src/protocol/operations/job_get.ts";
import { exec } from "../../../src/protocol/operations/exec.ts";
import { type FakeClock, useFakeClock } from "../../helpers/fake_clock.ts";
import { execResult } from "../../helpers/sample_results.ts";
import { failing, jobIdFor, jobResult } from "./_runs.ts";

const page = (text: string, changes: Partial<OutputPage> = {}): OutputPage => ({
  text,
  bytes: text.length,
  hasMore: false,
  droppedBytes: 0,
  invalidUtf8: false,
  ...changes,
});

/** Follows a job whose host answers with these, one after the other, and the last one again and again. */
function follow(
  clock: FakeClock,
  answers: readonly (() => Promise<unknown>)[],
  signal = new AbortController().signal,
) {
  const asked: Record<string, unknown>[] = [];
  const following = followJob({
    job: jobIdFor("a"),
    maxBytes: 8_192,
    ask(params) {
      asked.push({ ...params });
      return (answers[asked.length - 1] ?? answers.at(-1) ?? (() => failing("internal")))();
    },
    begun: execResult({ note: "it was isolated" }),
    signal,
    now: clock.now,
  });
  following.catch(() => {}); // A test that wants to see it waits for it.
  return { asked, following };
}

Deno.test("followJob() waits for the end and gives it the shape of an answer of exec", async () => {
  using clock = useFakeClock();
  const running = () => Promise.resolve(jobResult("a", { status: "running", exitCode: null }));
  const ended = () => Promise.resolve(jobResult("a", { exitCode: 3, stdout: page("out"), stdoutBytes: 3 }));
  const { asked, following } = follow(clock, [running, ended]);
  await clock.advance(5_000);
  const { judgement, result } = await following;
  assert.deepEqual(judgement, { status: "failed", exitCode: 3, signal: null, job: jobIdFor("a") });
  assert.deepEqual(exec.result.parse(result), result);
  assert.deepEqual([result.stdout, result.note], [
    { head: "out", tail: "", bytes: 3, truncated: false, invalidUtf8: false },
    "it was isolated",
  ]);
  const first = { job: jobIdFor("a"), max_bytes: 8_192, wait_ms: 50_000, wait_for: "end" };
  assert.deepEqual(asked, [first, first]);
});

Deno.test("followJob() reads the end of an output that is longer than a page", async () => {
  using clock = useFakeClock();
  const answers = [
    () =>
      Promise.resolve(
        jobResult("a", {
          stdout: page("begin", { hasMore: true }),
          stdoutBytes: 100_000,
          stderrBytes: 3,
          stderr: page("err"),
        }),
      ),
    () => Promise.resolve(jobResult("a", { stdout: page("\uFFFDend", { bytes: 4 }), stdoutBytes: 100_000 })),
  ];
  const { asked, following } = follow(clock, answers);
  const { result } = await following;
  assert.deepEqual(asked[1]?.["cursor"], { stdout: 100_000 - 4_096, stderr: 3 });
  assert.deepEqual(result.stdout, {
    head: "begin",
    tail: "end",
    bytes: 100_000,
    truncated: true,
    invalidUtf8: false,
  });
  assert.deepEqual(result.stderr, { head: "err", tail: "", bytes: 3, truncated: false, invalidUtf8: false });
});

Deno.test("followJob() does without the end of an output that cannot be read", async () => {
  using clock = useFakeClock();
  const first = () =>
    Promise.resolve(jobResult("a", { stdout: page("begin", { hasMore: true }), stdoutBytes: 9_999 }));
  const { following } = follow(clock, [first, () => failing("peer_gone")]);
  const { result, judgement } = await following;
  assert.deepEqual([result.stdout.head, result.stdout.tail, result.stdout.truncated], ["begin", "", true]);
  assert.equal(judgement.status, "succeeded");
});

for (
  const code of [
    "peer_gone",
    "link_lost",
    "not_connected",
    "unknown_agent",
    "timed_out",
    "busy",
  ] satisfies ErrorCode[]
) {
  Deno.test(`followJob() asks again after ${code}`, async () => {
    using clock = useFakeClock();
    const { asked, following } = follow(clock, [
      () => failing(code),
      () => failing(code),
      () => Promise.resolve(jobResult("a")),
    ]);
    await clock.advance(10_000);
    assert.equal((await following).judgement.status, "succeeded");
    assert.equal(asked.length, 3);
  });
}

Deno.test("followJob() gives up a host that is out of reach for two minutes, without asking all the time", async () => {
  using clock = useFakeClock();
  const { asked, following } = follow(clock, [() => failing("not_connected")]);
  await clock.advance(LOST_MS - 1);
  const before = asked.length;
  await clock.advance(20_000);
  await assert.rejects(following, { code: "peer_gone" });
  assert.ok(before > 5 && asked.length < 20, `${before} and ${asked.length}`);
  assert.equal(clock.timers, 0);
});

Deno.test("followJob() counts two minutes anew when the host was there in between", async () => {
  using clock = useFakeClock();
  const running = () => Promise.resolve(jobResult("a", { status: "running", exitCode: null }));
  let n = 0;
  let isGone = false;
  const { following } = follow(clock, [() => !isGone && ++n % 4 === 0 ? running() : failing("peer_gone")]);
  await clock.advance(LOST_MS * 3);
  let isOver = false;
  void following.catch(() => isOver = true);
  await clock.advance(1);
  assert.equal(isOver, false);
  isGone = true;
  await clock.advance(LOST_MS + 30_000);
  await assert.rejects(following, { code: "peer_gone" });
});

Deno.test("followJob() does not ask without pause a host that never waits", async () => {
  using clock = useFakeClock();
  const controller = new AbortController();
  const running = () => Promise.resolve(jobResult("a", { status: "running", exitCode: null }));
  const { asked, following } = follow(clock, [running], controller.signal);
  await clock.advance(10_000);
  assert.ok(asked.length <= 12, `${asked.length}`);
  controller.abort(new OperationError("cancelled", "by ada"));
  await assert.rejects(following, { code: "cancelled" });
  assert.equal(clock.timers, 0);
});

for (const code of ["refused", "bad_request", "internal"] satisfies ErrorCode[]) {
  Deno.test(`followJob() rejects with ${code} if the host says so`, async () => {
    using clock = useFakeClock();
    const { asked, following } = follow(clock, [() => failing(code)]);
    await assert.rejects(following, { code });
    assert.equal(asked.length, 1);
  });
}

Deno.test("resultOfJob() of a job that lost output says so", () => {
  const job = jobResult("a", {
    status: "lost",
    exitCode: null,
    durationMs: null,
    stdoutBytes: 10,
    stdout: page("abc", { droppedBytes: 7 }),
    note: "it may still run",
  });
  const result = resultOfJob(job, undefined);
  assert.deepEqual(exec.result.parse(result), result);
  assert.deepEqual([result.droppedBytes, result.stdout.truncated, result.note], [
    7,
    true,
    "it may still run",
  ]);
});
