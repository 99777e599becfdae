import assert from "node:assert/strict";
import fc from "fast-check";
import type * as z from "zod";
import { OperationError } from "../../../src/errors.ts";
import { createJobGet } from "../../../src/executors/job_get.ts";
import type { JobsOptions } from "../../../src/jobs/runner.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { jobGet } from "../../../src/protocol/operations/job_get.ts";
import { wellFormedText } from "../../helpers/any_text.ts";
import { callContext } from "../../helpers/call_context.ts";
import { jobHost, linuxTest, shell } from "../jobs/_job_host.ts";

type Params = z.input<typeof jobGet.params>;
type Result = z.infer<typeof jobGet.result>;

/** Reads a job by its cursor until there is nothing more, as a model would. */
async function follow(get: (params: Params) => Promise<Result>, params: Params) {
  const texts = { stdout: "", stderr: "" };
  let cursor = { stdout: 0, stderr: 0 };
  for (;;) {
    const result = await get({ ...params, cursor });
    texts.stdout += result.stdout.text;
    texts.stderr += result.stderr.text;
    assert.equal(result.cursor.stdout, cursor.stdout + result.stdout.bytes);
    ({ cursor } = result);
    const isDone = result.status !== "running" && !result.stdout.hasMore && !result.stderr.hasMore;
    if (isDone) return { result, texts };
  }
}

/** A program that writes these chunks once it may. */
function writing(
  chunks: readonly { stream: "stdout" | "stderr"; bytes: Bytes }[],
  go: Promise<void>,
): NonNullable<JobsOptions["spawn"]> {
  return async (_options, { onStart, onOutput }) => {
    onStart?.(1);
    await go;
    for (const { stream, bytes } of chunks) await onOutput(stream, bytes);
    return { exitCode: 0, signal: null, durationMs: 1, timedOut: false, cancelled: false };
  };
}

Deno.test("job_get gives exactly what was written, for any chunks, any steps and a reader beside the writer", async () => {
  const chunk = fc.record({
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    text: wellFormedText({ maxLength: 30 }),
    cut: fc.nat(20),
  });
  await using host = await jobHost();
  await fc.assert(
    fc.asyncProperty(
      fc.array(chunk, { maxLength: 8 }),
      fc.integer({ min: 16, max: 60 }),
      async (written, max_bytes) => {
        const expected = { stdout: "", stderr: "" };
        const chunks: { stream: "stdout" | "stderr"; bytes: Bytes }[] = [];
        for (const { stream, text, cut } of written) {
          expected[stream] += text;
          // Also in the middle of a character.
          const bytes = utf8(text);
          chunks.push({ stream, bytes: bytes.slice(0, cut) }, { stream, bytes: bytes.slice(cut) });
        }
        const go = Promise.withResolvers<void>();
        await using jobs = await host.open({
          spawn: writing(chunks, go.promise),
          limits: { memoryBytes: 40 },
        });
        const get = createJobGet({ jobs });
        const job = await jobs.start(shell("x"));
        await job.detach();
        go.resolve();
        const { texts, result } = await follow((params) => get(jobGet.params.parse(params), callContext()), {
          job: job.record.id,
          max_bytes,
          wait_ms: 50_000,
        });
        assert.deepEqual(texts, expected);
        assert.deepEqual([result.stdout.invalidUtf8, result.stdout.droppedBytes, result.outputKept], [
          false,
          0,
          true,
        ]);
        assert.deepEqual(jobGet.result.parse(result), result);
      },
    ),
    { numRuns: 25 },
  );
});

linuxTest("job_get waits for a job, and tells how it ended", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const get = createJobGet({ jobs });
  const job = await jobs.start(shell("sleep 0.1; printf 'a\\377' ; exit 4"));
  await job.detach();
  const { result, texts } = await follow((params) => get(jobGet.params.parse(params), callContext()), {
    job: job.record.id,
    wait_ms: 50_000,
  });
  assert.deepEqual([result.status, result.exitCode, result.caller.name], ["ended", 4, "caller"]);
  assert.equal(texts.stdout, "a\uFFFD");
});

linuxTest("job_get with wait_for end passes over output, and has a wait of its own", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const get = createJobGet({ jobs });
  const go = `${host.folder}/go`;
  const job = await jobs.start(shell(`echo first; while [ ! -e ${go} ]; do sleep 0.01; done; echo last`));
  await job.detach();
  const running = await get({ job: job.record.id, wait_for: "end", wait_ms: 20 }, callContext());
  assert.equal(running.status, "running");
  const waiting = get({ job: job.record.id, wait_for: "end" }, callContext());
  await jobs.waitForNews(job.record.id, { stdout: 0, stderr: 0 }, {
    waitMs: 60_000,
    signal: new AbortController().signal,
  });
  await Deno.writeTextFile(go, "");
  const { status, stdout } = await waiting;
  assert.deepEqual([status, stdout.text], ["ended", "first\nlast\n"]);
});

linuxTest("job_get says when output was whole in the answer of exec", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const job = await jobs.start(shell("echo hello"));
  await job.ended;
  const result = await createJobGet({ jobs })({ job: job.record.id }, callContext());
  assert.deepEqual([result.outputKept, result.stdout.text, result.stdoutBytes], [false, "", 6]);
  assert.match(result.note ?? "", /not kept/);
});

linuxTest("job_get refuses a cursor past the end, and a job that is not known", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const get = createJobGet({ jobs });
  const job = await jobs.start(shell("echo hello"));
  await job.detach();
  await job.ended;
  const isBadRequest = (text: RegExp) => (error: unknown) =>
    error instanceof OperationError && error.code === "bad_request" && text.test(error.message);
  await assert.rejects(
    get({ job: job.record.id, cursor: { stdout: 7 } }, callContext()),
    isBadRequest(/stdout from byte 7: 6 bytes/),
  );
  await assert.rejects(get({ job: `j_${"a".repeat(20)}` }, callContext()), isBadRequest(/no such job/));
});

linuxTest("job_get shows nothing of a job that somebody else started in a higher mode", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const get = createJobGet({ jobs });
  const job = await jobs.start(shell("echo hello"));
  await job.detach();
  await job.ended;
  const { mode, callerId } = job.record;
  assert.equal(mode, "edit");
  const plan = { mode: "plan" as const };
  const somebody = { id: "zzdefghij2345672345z", name: "somebody", isLocal: false };
  await assert.rejects(
    get({ job: job.record.id }, callContext({ ...plan, caller: somebody })),
    (error) =>
      error instanceof OperationError && error.rule === "job-of-higher-mode" && !/hello/.test(error.message),
  );
  const own = await get(
    { job: job.record.id },
    callContext({ ...plan, caller: { ...somebody, id: callerId } }),
  );
  assert.equal(own.stdout.text, "hello\n");
  assert.equal((await get({ job: job.record.id }, callContext({ caller: somebody }))).stdout.text, "hello\n");
});
