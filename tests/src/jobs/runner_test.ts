import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { spawnProcess } from "../../../src/host/spawn.ts";
import { openJobs } from "../../../src/jobs/runner.ts";
import { eventually } from "../../helpers/eventually.ts";
import { isAlive } from "../../helpers/is_alive.ts";
import { jobHost, linuxTest, never, shell } from "./_job_host.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

linuxTest("openJobs() remembers a command that ended, without files of what was short", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const job = await jobs.start(shell("echo out; exit 3"));
  await job.ended;
  assert.equal(jobs.running, 0);
  const record = await jobs.find(job.record.id);
  assert.deepEqual([record?.status, record?.exitCode, record?.stdoutBytes, record?.hasFiles], [
    "ended",
    3,
    4,
    false,
  ]);
  assert.deepEqual((await jobs.list({ limit: 9 })).jobs.map(({ id }) => id), [job.record.id]);
  const names = await Array.fromAsync(Deno.readDir(`${host.folder}/jobs`), ({ name }) => name);
  assert.deepEqual(names, ["owners"]);
});

linuxTest("start() writes the job down before the command runs", async () => {
  await using host = await jobHost();
  let before = "";
  const other = await host.open();
  const jobs = await host.open({
    spawn: async (options, hooks) => {
      before = (await other.list({ limit: 9 })).jobs.map(({ status }) => status).join();
      return await spawnProcess(options, hooks);
    },
  });
  await (await jobs.start(shell("true"))).ended;
  assert.equal(before, "running");
});

linuxTest("what goes on without its caller is written down with its process at once", async () => {
  await using host = await jobHost();
  const other = await host.open();
  const jobs = await host.open();
  const job = await jobs.start(shell("exec sleep 1000"));
  await job.detach();
  const record = await other.find(job.record.id);
  assert.ok(record?.pid !== null && record?.pid !== undefined && isAlive(record.pid));
});

linuxTest("start() leaves nothing of a command that cannot be started", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const missing = { argv: ["/no/such/program"] as const, cwd: "/", env: {} };
  await assert.rejects(jobs.start(shell("", { command: missing })), Deno.errors.NotFound);
  assert.equal(jobs.running, 0);
  assert.deepEqual(await jobs.list({ limit: 9 }), { jobs: [], omitted: 0 });
});

linuxTest("start() keeps values of the environment and the input out of the index", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const secret = "hunter2-very-secret";
  const command = {
    argv: ["cat"] as const,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", KEY: secret },
    stdin: secret,
  };
  const job = await jobs.start(shell("cat", { command }));
  await job.ended;
  for await (const { name, isFile } of Deno.readDir(host.folder)) {
    if (!isFile) continue;
    assert.ok(!(await Deno.readTextFile(`${host.folder}/${name}`)).includes(secret), name);
  }
});

linuxTest("a job on its own keeps all of its output, also after its end", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const job = await jobs.start(shell("echo one; read -r _ < /dev/null; seq 1 30000; echo err >&2"));
  await job.detach();
  await job.ended;
  const record = await jobs.find(job.record.id);
  assert.ok(record?.hasFiles);
  const { bytes, kept, dropped } = await jobs.read(record, "stdout", { from: 0, maxBytes: 1_000_000 });
  const expected = `one\n${Array.from({ length: 30_000 }, (_, n) => n + 1).join("\n")}\n`;
  assert.equal(text(bytes), expected);
  assert.deepEqual([kept, dropped], [expected.length, 0]);
  assert.equal(text((await jobs.read(record, "stderr", { from: 1, maxBytes: 9 })).bytes), "rr\n");
});

linuxTest("output over the limit of a job is dropped and counted, and the command goes on", async () => {
  await using host = await jobHost();
  const jobs = await host.open({ limits: { jobBytes: 100_000 } });
  const job = await jobs.start(shell("yes | head -c 1000000; echo end >&2; exit 7"));
  await job.detach();
  await job.ended;
  const record = await jobs.find(job.record.id);
  assert.deepEqual([record?.exitCode, record?.stdoutBytes, record?.stdoutKept], [7, 1_000_000, 100_000]);
  assert.ok(record);
  assert.equal((await jobs.read(record, "stdout", { from: 0, maxBytes: 9 })).dropped, 900_000);
});

linuxTest(
  "ended jobs are forgotten with their output, the oldest first, when there is too much",
  async () => {
    await using host = await jobHost();
    let now = 1_000_000;
    const jobs = await host.open({ limits: { memoryBytes: 10, totalBytes: 2_500 }, now: () => now++ });
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) {
      const job = await jobs.start(shell("head -c 1000 /dev/zero"));
      await job.ended;
      ids.push(job.record.id);
    }
    const known = (await jobs.list({ limit: 9 })).jobs.map(({ id }) => id);
    assert.deepEqual(known, [ids[3], ids[2]]);
    const folders = await Array.fromAsync(Deno.readDir(`${host.folder}/jobs`), ({ name }) => name);
    assert.deepEqual(new Set(folders), new Set(["owners", ids[2], ids[3]]));
  },
);

linuxTest("running jobs stop keeping output when all jobs together have too much", async () => {
  await using host = await jobHost();
  const jobs = await host.open({ limits: { memoryBytes: 10, totalBytes: 50_000 } });
  const job = await jobs.start(shell("while :; do head -c 4000 /dev/zero; sleep 0.02; done"));
  await job.detach();
  const dropped = await eventually("output is dropped", () => job.output.dropped("stdout") || undefined);
  assert.ok(dropped > 0 && job.output.kept("stdout") > 50_000 && job.record.status === "running");
  job.cancel("test");
  await job.ended;
});

linuxTest("start() refuses when too many jobs run on their own", async () => {
  await using host = await jobHost();
  const jobs = await host.open({ limits: { maxDetached: 1 } });
  const job = await jobs.start(shell("sleep 1000"));
  await (await jobs.start(shell("true"))).ended;
  await job.detach();
  await assert.rejects(
    jobs.start(shell("true")),
    (error) =>
      error instanceof OperationError && error.code === "busy" && /job_cancel/.test(error.remedy ?? ""),
  );
  job.cancel("test");
  await job.ended;
  await (await jobs.start(shell("true"))).ended;
});

linuxTest("the end of the node ends its jobs, and records why", async () => {
  await using host = await jobHost();
  const jobs = await openJobs({ stateFolder: host.folder, graceMs: () => 500 });
  const job = await jobs.start(shell("echo here; sleep 1000"));
  await job.detach();
  await eventually("there is output", () => job.output.bytes("stdout") > 0);
  const { pid, id } = job.record;
  await jobs[Symbol.asyncDispose]();
  assert.ok(pid !== null && !isAlive(pid));
  const next = await host.open();
  const record = await next.find(id);
  assert.deepEqual([record?.status, record?.reason], ["cancelled", "the agent that ran it was stopped"]);
  assert.ok(record);
  assert.equal(text((await next.read(record, "stdout", { from: 0, maxBytes: 99 })).bytes), "here\n");
  for (const call of [() => jobs.find(id), () => jobs.start(shell("true")), () => jobs.list({ limit: 1 })]) {
    await assert.rejects(call(), (error) => error instanceof OperationError && error.code === "cancelled");
  }
});

linuxTest("another process sees a running job, reads its output and ends it", async () => {
  await using host = await jobHost();
  const mine = await host.open();
  const other = await host.open();
  const job = await mine.start(shell("echo begin; sleep 1000"));
  // Nobody made it a job of its own: what runs for a while is written out all the same.
  const { id } = job.record;
  assert.equal((await other.find(id))?.status, "running");
  await other.waitForNews(id, { stdout: 0, stderr: 0 }, { waitMs: 20_000, signal: never() });
  const record = await other.find(id);
  assert.ok(record?.status === "running");
  const part = await other.read(record, "stdout", { from: 0, maxBytes: 99 });
  assert.deepEqual([text(part.bytes), part.kept, part.dropped], ["begin\n", 6, 0]);
  const outcome = await other.cancel(record, { reason: "by the other", waitMs: 20_000, signal: never() });
  assert.equal(outcome, "cancelled");
  await job.ended;
  assert.deepEqual([job.record.status, job.record.reason], ["cancelled", "by the other"]);
  assert.ok(job.record.pid !== null && !isAlive(job.record.pid));
});

linuxTest("a command runs although it cannot be written down, and says so", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  // The index is locked by another: as with a full disk, a statement fails.
  const { DatabaseSync } = await import("node:sqlite");
  const blocker = new DatabaseSync(`${host.folder}/jobs.db`);
  blocker.exec(
    "CREATE TRIGGER no_more BEFORE INSERT ON jobs BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
  );
  const job = await jobs.start(shell("echo out; sleep 1000"));
  await eventually("there is output", () => job.output.bytes("stdout") > 0);
  assert.match(job.unrecorded ?? "", /disk is full/);
  const { jobs: listed } = await jobs.list({ limit: 9 });
  assert.deepEqual(listed.map(({ id, status }) => [id, status]), [[job.record.id, "running"]]);
  await job.detach();
  job.cancel("test");
  await job.ended;
  assert.equal(await jobs.find(job.record.id), undefined);
  blocker.close();
});

linuxTest("a background process keeps its pipe after its command has ended", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const job = await jobs.start(shell("sleep 1000 & echo $!"));
  await job.ended;
  const pid = Number(job.answer().stdout.head);
  assert.equal(isAlive(pid), true);
  Deno.kill(pid, "SIGKILL");
});
