import assert from "node:assert/strict";
import type { JobStream } from "../../../src/jobs/output_file.ts";
import { isAlive } from "../../helpers/is_alive.ts";
import { jobHost, linuxTest, never, shell } from "./_job_host.ts";

const START: Record<JobStream, number> = { stdout: 0, stderr: 0 };

linuxTest("waitForNews() waits for output beyond the cursor, and for the end", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  // Each line is written when the file of the line before is there: no waiting for time.
  const go = (n: number) => `${host.folder}/go${n}`;
  const line = `while [ ! -e ${go(1)} ]; do sleep 0.01; done; echo a; while [ ! -e ${
    go(2)
  } ]; do sleep 0.01; done`;
  const job = await jobs.start(shell(line));
  const wait = (cursor: Record<JobStream, number>) =>
    jobs.waitForNews(job.record.id, cursor, { waitMs: 60_000, signal: never() });
  const output = wait(START);
  await Deno.writeTextFile(go(1), "");
  await output;
  assert.equal(job.output.kept("stdout"), 2);
  const end = wait({ stdout: 2, stderr: 0 });
  await Deno.writeTextFile(go(2), "");
  await end;
  await job.ended;
  assert.equal(job.record.status, "ended");
});

linuxTest("waitForNews() ends with its time, its caller and the node", async () => {
  await using host = await jobHost();
  const mine = await host.open();
  const other = await host.open();
  const job = await mine.start(shell("sleep 1000"));
  for (const jobs of [mine, other]) {
    await jobs.waitForNews(job.record.id, START, { waitMs: 30, signal: never() });
    await jobs.waitForNews(job.record.id, START, { waitMs: 60_000, signal: AbortSignal.abort() });
  }
  const waits = [mine, other].map((jobs) =>
    jobs.waitForNews(job.record.id, START, { waitMs: 60_000, signal: never() })
  );
  await Promise.all([mine, other].map((jobs) => jobs[Symbol.asyncDispose]()));
  await Promise.all(waits);
});

linuxTest("waitForEnd() waits for the end alone, also of a job of another process", async () => {
  await using host = await jobHost();
  const mine = await host.open();
  const other = await host.open();
  const go = `${host.folder}/go`;
  const job = await mine.start(shell(`echo first; while [ ! -e ${go} ]; do sleep 0.01; done`));
  await mine.waitForNews(job.record.id, START, { waitMs: 60_000, signal: never() });
  let ended = 0;
  const waits = [mine, other].map(async (jobs) => {
    await jobs.waitForEnd(job.record.id, { waitMs: 60_000, signal: never() });
    ended++;
  });
  for (const jobs of [mine, other]) {
    await jobs.waitForEnd(job.record.id, { waitMs: 30, signal: never() });
    await jobs.waitForEnd(job.record.id, { waitMs: 60_000, signal: AbortSignal.abort() });
  }
  assert.equal(ended, 0);
  await Deno.writeTextFile(go, "");
  await Promise.all(waits);
  assert.equal((await other.find(job.record.id))?.status, "ended");
  // Of what has ended, or never was, nothing is waited for.
  await mine.waitForEnd(job.record.id, { waitMs: 60_000, signal: never() });
  await other.waitForEnd(`j_${"a".repeat(20)}`, { waitMs: 60_000, signal: never() });
});

linuxTest("waitForEnd() ends with the node", async () => {
  await using host = await jobHost();
  const mine = await host.open();
  const other = await host.open();
  const job = await mine.start(shell("sleep 1000"));
  const waits = [mine, other].map((jobs) =>
    jobs.waitForEnd(job.record.id, { waitMs: 60_000, signal: never() })
  );
  await Promise.all([other, mine].map((jobs) => jobs[Symbol.asyncDispose]()));
  await Promise.all(waits);
});

linuxTest(
  "cancel() ends a job with everything it started, and does nothing to one that has ended",
  async () => {
    await using host = await jobHost();
    const jobs = await host.open();
    const pids: number[] = [];
    const seen = Promise.withResolvers<void>();
    const job = await jobs.start(
      shell("trap '' TERM; setsid sleep 1000 & echo $!; echo $$; while :; do sleep 0.05; done", {
        live: (_stream, bytes) => {
          pids.push(...new TextDecoder().decode(bytes).trim().split("\n").map(Number));
          if (pids.length === 2) seen.resolve();
          return Promise.resolve();
        },
      }),
    );
    await seen.promise;
    const cancel = () => jobs.cancel(job.record, { reason: "enough", waitMs: 20_000, signal: never() });
    assert.equal(await cancel(), "cancelled");
    assert.deepEqual(pids.map(isAlive), [false, false]);
    const record = await jobs.find(job.record.id);
    assert.deepEqual([record?.status, record?.reason], ["cancelled", "enough"]);
    assert.equal(await cancel(), "already_ended");
  },
);

linuxTest("cancel() says when a job has not ended in time", async () => {
  await using host = await jobHost();
  const jobs = await host.open({ graceMs: () => 60_000 });
  const gone = Promise.withResolvers<void>();
  const job = await jobs.start(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done", {
    live: () => Promise.resolve(gone.resolve()),
  }));
  await gone.promise;
  const outcome = await jobs.cancel(job.record, { reason: "enough", waitMs: 50, signal: never() });
  assert.equal(outcome, "still_running");
  assert.ok(job.record.pid !== null);
  Deno.kill(-job.record.pid, "SIGKILL");
  await job.ended;
});
