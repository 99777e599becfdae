/**
 * A node with jobs is killed at points of their lives. What the commands did is judged by a file that they write themselves.
 */
import assert from "node:assert/strict";
import type { JobRecord } from "../../../src/jobs/store.ts";
import { fileURLToPath } from "node:url";
import type { Jobs } from "../../../src/jobs/runner.ts";
import { JOB_STREAMS } from "../../../src/jobs/output_file.ts";
import { eventually } from "../../helpers/eventually.ts";
import { isAlive } from "../../helpers/is_alive.ts";
import { jobHost, linuxTest, never } from "./_job_host.ts";

const NODE = fileURLToPath(new URL("./_crash_node.ts", import.meta.url));
const OUTPUT = `${Array.from({ length: 60_000 }, (_, n) => n + 1).join("\n")}\n`;

/** Runs the node until it has crashed. */
async function crashNode(folder: string, point: string, when: number): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", NODE, folder, point, String(when)],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const [{ signal }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assert.equal(signal, "SIGKILL", stderr);
}

/** What the commands themselves say: the name of each that ran, once for every time. */
async function runsOf(folder: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${folder}/runs`).catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}

/** No job runs, none ran without being known, none twice, and no output is another than what was written. */
async function check(jobs: Jobs, folder: string): Promise<number> {
  const { jobs: records } = await jobs.list({ limit: 200 });
  // Those of earlier rounds were ended by this test.
  const isExpected = ({ status, reason }: JobRecord) =>
    status === "lost" || status === "ended" || (status === "cancelled" && reason === "orphan");
  assert.ok(records.every(isExpected), JSON.stringify(records));
  const runs = await runsOf(folder);
  assert.equal(new Set(runs).size, runs.length, `a command ran twice: ${runs}`);
  assert.deepEqual(runs.filter((name) => !records.some(({ command }) => command === name)), []);
  for (const record of records) {
    for (const stream of JOB_STREAMS) {
      const { bytes, kept } = await jobs.read(record, stream, { from: 0, maxBytes: 1_000_000 });
      const text = new TextDecoder().decode(bytes);
      assert.equal(bytes.length, kept);
      assert.ok(stream === "stdout" ? OUTPUT.startsWith(text) : text === "", `${record.command} ${stream}`);
    }
    if (record.status === "ended" && record.hasFiles) assert.equal(record.stdoutKept, OUTPUT.length);
  }
  return records.length;
}

/** The processes that a crash orphaned; each is ended as a user would, and is gone then. */
async function endOrphans(jobs: Jobs): Promise<void> {
  for (const record of (await jobs.list({ limit: 200, status: "lost" })).jobs) {
    if (record.pid === null) continue;
    await jobs.cancel(record, { reason: "orphan", waitMs: 10_000, signal: never() });
    const { pid } = record;
    await eventually(`process ${pid} is gone`, () => !jobs.isOrphanAlive(record));
  }
}

/** Ends what the index does not know the process of, found by the mark that the commands left. */
async function endUnknown(): Promise<void> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
    if (environment.includes(`RA_CRASH_TEST=${Deno.pid}\0`)) {
      Deno.kill(Number(name), "SIGKILL");
      await eventually(`process ${name} is gone`, () => !isAlive(Number(name)));
    }
  }
}

const points: readonly (readonly [string, number])[] = [
  ["before insert", 0],
  ["before insert", 2],
  ["after insert", 0],
  ["after insert", 1],
  ["after start", 0],
  ["at output", 0],
  ["after output", 9],
  ["after all", 0],
  ...[1, 2].map(() => ["random", 100 + Math.floor(Math.random() * 400)] as const),
];

linuxTest("after a crash at any point each job is absent, ended or lost, and none runs twice", async () => {
  await using host = await jobHost();
  Deno.env.set("RA_CRASH_TEST", String(Deno.pid));
  try {
    let known = 0;
    for (const [point, when] of points) {
      await crashNode(host.folder, point, when);
      await using jobs = await host.open();
      const count = await check(jobs, host.folder);
      assert.ok(count >= known && count <= known + 4, `${point} ${when}`);
      known = count;
      await endOrphans(jobs);
    }
    assert.ok(known >= 8);
  } finally {
    Deno.env.delete("RA_CRASH_TEST");
    await endUnknown();
  }
});

linuxTest("an orphan of a crash is seen, and ended by cancel()", async () => {
  await using host = await jobHost();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", NODE, host.folder, "never"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await using jobs = await host.open();
  const find = async (status: "running" | "lost") =>
    (await jobs.list({ limit: 9, status })).jobs.find(({ command }) => command.endsWith(".3"));
  // Its process is written down within a second of its start.
  await eventually("the job runs", async () => (await find("running"))?.pid ?? undefined);
  child.kill("SIGKILL");
  await child.status;
  const lost = await eventually("the job is lost", () => find("lost"));
  assert.ok(lost.pid !== null && isAlive(lost.pid) && jobs.isOrphanAlive(lost));
  const outcome = await jobs.cancel(lost, { reason: "by hand", waitMs: 10_000, signal: never() });
  assert.equal(outcome, "cancelled");
  assert.equal(isAlive(lost.pid), false);
  assert.equal((await jobs.find(lost.id))?.status, "cancelled");
  assert.equal((await jobs.find(lost.id))?.reason, "by hand");
});

linuxTest("a recycled pid is not taken for an orphan", async () => {
  await using host = await jobHost();
  await using jobs = await host.open();
  const job = await jobs.start({
    command: { argv: ["true"], cwd: "/", env: { PATH: "/usr/bin:/bin" } },
    shown: "true",
    caller: { id: "a", name: "a" },
    mode: "edit",
    isolation: "none",
  });
  await job.ended;
  const lost = { ...job.record, status: "lost", pid: Deno.pid, pidStamp: "another boot:1" } as const;
  assert.equal(jobs.isOrphanAlive(lost), false);
  assert.equal(await jobs.cancel(lost, { reason: "no", waitMs: 10, signal: never() }), "already_ended");
});
