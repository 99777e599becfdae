/**
 * What a job outlives, with real processes: its caller, the relay and the link; and what becomes of it when its node is killed.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { eventually } from "../helpers/eventually.ts";
import { isAlive } from "../helpers/is_alive.ts";
import { ToolError } from "../helpers/mcp_client.ts";
import { runNode, startRelayProcess } from "../helpers/processes.ts";
import { OPERATIONS } from "../../src/protocol/operation.ts";
import { openRoom } from "../helpers/room.ts";
import { type ToolCaller, toolCaller } from "../helpers/tool_calls.ts";

const JobPage = OPERATIONS.job_get.result;
const LINES = 150_000;
/** What a job writes that is let go on, made here and not by the job. */
const OUTPUT = Array.from({ length: LINES }, (_, i) => `${i + 1}\n`).join("");

/** How many times a command ran that notes its runs in `file`. */
const runsIn = async (file: string) => (await Deno.readTextFile(file)).split("\n").length - 1;

const fileExists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Ends what a killed node left, when the test ends. */
function endLater(pids: Iterable<number>): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      for (const pid of pids) {
        if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
        await eventually(`process ${pid} has ended`, () => !isAlive(pid));
      }
    },
  };
}

/** Reads a job's output to its end, as a client does. */
async function readWhole(tools: ToolCaller, job: string) {
  const hash = createHash("sha256");
  let cursor = { stdout: 0, stderr: 0 };
  for (;;) {
    const page = await tools.call("job_get", { job, cursor, wait_ms: 20_000, max_bytes: 500_000 });
    hash.update(page.stdout.text);
    cursor = page.cursor;
    if (page.status !== "running" && !page.stdout.hasMore && !page.stderr.hasMore) {
      return { page, bytes: cursor.stdout, sha256: hash.digest("hex") };
    }
  }
}

Deno.test("a job outlives its caller, the relay and the link; another caller reads all of its output", async () => {
  await using room = await openRoom();
  const [agent, first] = await Promise.all([room.agent("web-1"), room.mcp({ name: "first" })]);
  await first.waitForAgents("web-1");
  const [gate, runs] = [`${room.folder}/gate`, `${room.folder}/runs`];
  const command = `echo ran >> ${runs}; until [ -e ${gate} ]; do sleep 0.05; done; seq 1 ${LINES}`;
  const starting = await toolCaller(first, "web-1");
  const { job, status } = await starting.call("exec", { command, wait_ms: 0, timeout_ms: 120_000 });
  assert.equal(status, "running");
  const { pid } = await starting.call("job_get", { job });
  assert.ok(pid !== null && isAlive(pid));

  await first[Symbol.asyncDispose]();
  await eventually("the caller's process has ended", () => !isAlive(first.pid));
  const mark = agent.log.lines.length;
  room.relay.kill("SIGKILL");
  await room.relay.ended();
  await agent.log.waitFor(/Cannot join the room, retrying/, { from: mark });
  assert.ok(isAlive(pid), "the job runs on without relay, link and caller");
  room.own(await startRelayProcess({ port: room.relay.port }));

  const second = await room.mcp({ name: "second" });
  await second.waitForAgents("web-1");
  const tools = await toolCaller(second, "web-1");
  const running = await tools.call("job_get", { job });
  assert.deepEqual([running.status, running.caller.name, running.stdoutBytes], ["running", "first", 0]);
  await Deno.writeTextFile(gate, "");
  const { page, bytes, sha256 } = await readWhole(tools, job);
  assert.deepEqual([page.status, page.exitCode, page.stdout.droppedBytes], ["ended", 0, 0]);
  assert.deepEqual(
    { bytes, sha256 },
    { bytes: OUTPUT.length, sha256: createHash("sha256").update(OUTPUT).digest("hex") },
  );
  assert.equal(page.stdoutBytes, OUTPUT.length);
  assert.equal(await runsIn(runs), 1);
  assert.deepEqual((await tools.call("job_list")).jobs.map((entry) => entry.job), [job]);
});

Deno.test("a request whose answer is lost with the relay is never run a second time", async () => {
  await using room = await openRoom();
  const [mcp] = await Promise.all([room.mcp(), room.agent("web-1")]);
  await mcp.waitForAgents("web-1");
  const tools = await toolCaller(mcp, "web-1");
  const [gate, runs] = [`${room.folder}/gate`, `${room.folder}/runs`];
  const command = `echo ran >> ${runs}; until [ -e ${gate} ]; do sleep 0.05; done`;
  const lost = tools.fails("exec", { command });
  await eventually("the command runs", () => fileExists(runs));
  room.relay.kill("SIGKILL");
  assert.equal((await lost).code, "link_lost");
  await room.relay.ended();
  room.own(await startRelayProcess({ port: room.relay.port }));
  const jobs = await eventually("the agent answers again", async () => {
    try {
      const { jobs } = await tools.call("job_list");
      return jobs.some(({ status }) => status === "running") ? undefined : jobs;
    } catch (error) {
      if (error instanceof ToolError) return undefined;
      throw error;
    }
  });
  // It was no job of its own yet, so it ended with the caller that waited for it.
  assert.deepEqual(jobs.map((job) => [job.command, job.status]), [[command, "cancelled"]]);
  assert.equal(await runsIn(runs), 1);
});

Deno.test("after kill -9 of its node a job is listed as lost, its output so far is kept, and it is not run again", async () => {
  await using room = await openRoom();
  const home = await room.home();
  const [agent, mcp] = await Promise.all([room.agent("web-1", { home }), room.mcp()]);
  await mcp.waitForAgents("web-1");
  const tools = await toolCaller(mcp, "web-1");
  const runs = `${room.folder}/runs`;
  const command = `echo ran >> ${runs}; echo begun; sleep 600`;
  const { job } = await tools.call("exec", { command, wait_ms: 0, timeout_ms: 700_000 });
  const seen = await tools.call("job_get", { job, wait_ms: 20_000 });
  assert.equal(seen.stdout.text, "begun\n");
  const { pid } = seen;
  assert.ok(pid !== null);
  await using _left = endLater([pid]);
  await eventually("another process of the host knows the job from the disk", async () => {
    const args = ["call", "job_get", JSON.stringify({ job }), "--json"];
    const { code, stdout } = await runNode({ home, env: { REMOTE_AGENTS_MODE: "edit" }, args });
    return code === 0 && JobPage.parse(JSON.parse(stdout)).pid === pid;
  });
  agent.kill("SIGKILL");
  await agent.ended();
  await eventually("the agent is off the list", async () => (await mcp.agents()).length === 1);

  await room.agent("web-1", { home });
  await mcp.waitForAgents("web-1");
  const { jobs } = await tools.call("job_list", { status: "lost" });
  assert.deepEqual(
    jobs.map((entry) => [entry.job, entry.command, entry.exitCode, entry.durationMs]),
    [[job, command, null, null]],
  );
  assert.notEqual(jobs[0]?.endedAt, null);
  assert.notEqual(jobs[0]?.reason, null);
  const after = await tools.call("job_get", { job });
  assert.deepEqual([after.status, after.stdout.text, after.outputKept], ["lost", "begun\n", true]);
  assert.match(after.note ?? "", new RegExp(`[Pp]rocess ${pid}`));
  const { outcome } = await tools.call("job_cancel", { job });
  assert.notEqual(outcome, "still_running");
  await eventually("what the killed node left has ended", () => !isAlive(pid));
  assert.equal(await runsIn(runs), 1);
});
