import assert from "node:assert/strict";
import { LiveJob, type LiveJobOptions } from "../../../src/jobs/live_job.ts";
import { JobOutput } from "../../../src/jobs/output_file.ts";
import type { SpawnHooks, SpawnOptions, SpawnResult } from "../../../src/host/spawn.ts";
import { jobRecord } from "./_records.ts";

const END: SpawnResult = { exitCode: 0, signal: null, durationMs: 5, timedOut: false, cancelled: false };
const COMMAND: SpawnOptions = { argv: ["x"], cwd: "/", env: {} };

/** A job whose program is a function. */
function liveJob(
  program: (hooks: Required<SpawnHooks>, signal: AbortSignal) => Promise<SpawnResult>,
  changes: Partial<LiveJobOptions> = {},
): LiveJob {
  return new LiveJob({
    record: jobRecord(),
    output: new JobOutput(undefined, { memoryBytes: 100, jobBytes: 100 }),
    live: undefined,
    unrecorded: undefined,
    now: () => 3_000,
    onEnd: () => Promise.resolve(),
    onDetached: () => {},
    spawn: ({ signal }, { onStart = () => {}, onOutput }) => {
      assert.ok(signal !== undefined);
      return program({ onStart, onOutput }, signal);
    },
    ...changes,
  }, COMMAND);
}

Deno.test("a live job tells its process, its output and its end", async () => {
  const job = liveJob(async ({ onStart, onOutput }) => {
    onStart(77);
    await onOutput("stdout", new Uint8Array([104, 105]));
    return { ...END, exitCode: 3 };
  });
  await job.started;
  assert.deepEqual([job.record.status, job.record.pid, job.record.durationMs], ["running", 77, 2_000]);
  await job.ended;
  const { status, exitCode, durationMs, endedAt, stdoutBytes, reason } = job.record;
  assert.deepEqual([status, exitCode, durationMs, endedAt, stdoutBytes, reason], [
    "ended",
    3,
    5,
    3_000,
    2,
    null,
  ]);
  assert.equal(job.answer().stdout.head, "hi");
});

Deno.test("detach() lets go of a command that a slow reader holds back, and tells the reader nothing more", async () => {
  const taken: number[] = [];
  const reached = Promise.withResolvers<void>();
  const job = liveJob(async ({ onStart, onOutput }) => {
    onStart(1);
    await onOutput("stdout", new Uint8Array([1]));
    await onOutput("stdout", new Uint8Array([2]));
    return END;
  }, {
    live: (_stream, bytes) => {
      taken.push(...bytes);
      reached.resolve();
      return new Promise(() => {}); // Never ready again.
    },
  });
  await reached.promise;
  assert.equal(job.record.status, "running");
  await job.detach();
  await job.ended;
  assert.deepEqual(taken, [1]);
  assert.equal(job.record.stdoutBytes, 2);
});

Deno.test("cancel() ends a live job once, with the first reason", async () => {
  const job = liveJob(({ onStart }, signal) => {
    onStart(1);
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve({ ...END, cancelled: true }))
    );
  });
  await job.started;
  job.cancel("first");
  job.cancel("second");
  await job.ended;
  job.cancel("third");
  assert.deepEqual([job.record.status, job.record.reason], ["cancelled", "first"]);
});

Deno.test("a live job whose receiver is gone is cancelled, and says so", async () => {
  const job = liveJob(async ({ onStart, onOutput }) => {
    onStart(1);
    await onOutput("stderr", new Uint8Array([1]));
    return END;
  }, { live: () => Promise.reject(new Error("link lost")) });
  await job.ended;
  assert.equal(job.isReceiverGone, true);
  assert.match(String(job.failure), /link lost/);
  assert.deepEqual([job.record.status, job.record.reason], ["cancelled", "nobody took its output any more"]);
});

Deno.test("a live job that cannot be started rejects its start, and ends", async () => {
  const job = liveJob(() => Promise.reject(new Deno.errors.NotFound("no such program")));
  await assert.rejects(job.started, Deno.errors.NotFound);
  await job.ended;
  assert.deepEqual([job.hasStarted, job.isReceiverGone], [false, false]);
});

Deno.test("news() resolves at output and at the end", async () => {
  const go = Promise.withResolvers<void>();
  const job = liveJob(async ({ onStart, onOutput }) => {
    onStart(1);
    await go.promise;
    await onOutput("stdout", new Uint8Array([1]));
    return END;
  });
  await job.started;
  const output = job.news();
  go.resolve();
  await output;
  assert.equal(job.record.stdoutBytes, 1);
  const end = job.news();
  if (job.record.status === "running") await end;
  await job.ended;
});

const rooms: readonly [string, { out: number; err: number }, [number, number, boolean]][] = [
  ["little output whole", { out: 3, err: 4 }, [3, 4, false]],
  ["all of what just fits", { out: 12, err: 4 }, [12, 4, false]],
  ["one output alone in all the room", { out: 17, err: 0 }, [16, 0, true]],
  ["two long outputs in half of the room each", { out: 100, err: 100 }, [8, 8, true]],
  ["a short output whole beside a long one", { out: 5, err: 1_000 }, [5, 11, true]],
];
for (const [what, { out, err }, expected] of rooms) {
  Deno.test(`answer() of a live job carries ${what}`, async () => {
    const job = liveJob(async ({ onStart, onOutput }) => {
      onStart(1);
      await onOutput("stdout", new Uint8Array(out).fill(97));
      await onOutput("stderr", new Uint8Array(err).fill(98));
      return END;
    }, { maxAnsweredBytes: 16 });
    await job.ended;
    const { stdout, stderr } = job.answer();
    const sizes = [stdout, stderr].map(({ head, tail }) => head.length + tail.length);
    assert.deepEqual([...sizes, job.isCut], expected);
    assert.deepEqual([stdout.bytes, stderr.bytes], [out, err]);
    assert.equal(stdout.truncated || stderr.truncated, job.isCut);
  });
}
