/**
 * One call to twenty machines of which half go wrong, each in its own way, with real processes: everybody is accounted for in time, and
 * what is written everywhere can be taken back.
 */
import assert from "node:assert/strict";
import { eventually, note } from "../helpers/eventually.ts";
import {
  callFleet,
  failFleet,
  type FleetAnswer,
  type FleetScene,
  type HostOptions,
  linesOf,
  openFleet,
  statusesOf,
} from "../helpers/fleet_scene.ts";
import { isAlive } from "../helpers/is_alive.ts";
import { toolCaller } from "../helpers/tool_calls.ts";

/** Everything but the hanging command ends within it, also on a busy machine. */
const WAIT_MS = 10_000;
/** An answer comes that much after `wait_ms` at most, and a killed agent is known to be gone so soon. */
const LITTLE_MS = 4_500;
const BIG_BYTES = 50 * 1024 ** 2;
const BIG_LINE = "0123456789abcde\n";
const CHARACTERS_OF_ANSWER = 6_000 * 4;

const GOOD = Array.from({ length: 12 }, (_, i) => `web-${i + 1}`);
const script = (text: string): HostOptions => ({ files: { "task.sh": text } });
const HANG = "echo $$ > ~/pid; exec sleep 600";

const HOSTS: Readonly<Record<string, HostOptions>> = {
  ...Object.fromEntries(GOOD.map((name) => [name, script("touch ~/trace; echo ready")])),
  exits: script("echo no disk >&2; exit 3"),
  signals: script("echo so far; kill -9 $$"),
  hangs: script(HANG),
  killed: script(HANG),
  big: script(`yes ${BIG_LINE.trim()} | head -c ${BIG_BYTES}`),
  bytes: script("printf 'a\\377\\376b\\n'"),
  closed: { ...script("touch ~/trace"), mode: "disabled" },
  reader: { ...script("touch ~/trace"), mode: "plan", env: { REMOTE_AGENTS_SANDBOX: "off" } },
  sender: { ...script("touch ~/trace"), args: ["--no-agent"] },
  left: script("touch ~/trace"),
};

Deno.test("fleet tools account for every machine of a room, whatever becomes of it", async (t) => {
  await using scene = await openFleet(HOSTS);
  await t.step("fleet_exec tells of every kind of failure in time", () => everyFailure(scene));
  await t.step("fleet_write reaches all, and undo_run takes it back", () => writeAndUndo(scene));
});

async function everyFailure(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  await scene.agent("left")[Symbol.asyncDispose]();
  await eventually("left is not in the list", async () =>
    (await mcp.agents()).every(({ name }) => name !== "left"));

  const startedAt = performance.now();
  const calling = callFleet(mcp, "fleet_exec", { target: "all", command: "sh ~/task.sh", wait_ms: WAIT_MS });
  const [pid, orphan] = [await pidOn(scene, "hangs"), await pidOn(scene, "killed")];
  const killedAt = performance.now();
  scene.agent("killed").kill("SIGKILL");
  const answer = await calling;
  // Nobody is left who would end what a killed agent ran.
  Deno.kill(orphan, "SIGKILL");
  note(`fleet_exec over ${answer.structured.counts.hosts} hosts with wait_ms ${WAIT_MS}: ${answer.tookMs | 0} ms`);

  assert.ok(answer.tookMs < WAIT_MS + LITTLE_MS, `it answers in time, not after ${answer.tookMs} ms`);
  assert.deepEqual(statusesOf(answer), {
    ...Object.fromEntries(GOOD.map((name) => [name, "succeeded"])),
    big: "succeeded",
    bytes: "succeeded",
    closed: "refused",
    exits: "failed",
    hangs: "running",
    killed: "gone",
    reader: "refused",
    signals: "failed",
  });
  const lines = linesOf(answer);
  const shownOf = (name: string) => lines.get(name)?.shown ?? assert.fail(`there is no ${name}`);
  assert.deepEqual([lines.get("exits")?.exitCode, shownOf("exits").text], [3, "[stderr]\nno disk"]);
  assert.deepEqual([shownOf("signals").signal, shownOf("signals").text], ["SIGKILL", "so far"]);
  assert.deepEqual([shownOf("closed").error?.code, shownOf("closed").error?.rule], ["refused", "mode-disabled"]);
  assert.deepEqual([shownOf("reader").error?.code, shownOf("reader").error?.rule], ["refused", "unknown-program"]);
  assert.equal(shownOf("bytes").text, "a\uFFFD\uFFFDb");
  assert.equal(shownOf("web-1").count, GOOD.length);
  assert.deepEqual(answer.structured.groups[0], shownOf("web-1"), "the largest group is first");
  assert.deepEqual(answer.structured.leftOut.map(({ hosts, reason }) => [hosts, reason]), [
    ["assistant", "self"],
    ["sender", "not_accepting"],
  ]);
  const gone = lines.get("killed") ?? assert.fail();
  assert.equal(gone.shown.error?.code, "peer_gone");
  const goneMs = (gone.durationMs ?? Infinity) - (killedAt - startedAt);
  note(`the killed agent was known to be gone ${Math.round(goneMs)} ms after its end, or less`);
  assert.ok(goneMs < LITTLE_MS, `a killed agent is known to be gone at once, not ${goneMs} ms later`);

  assertShown(answer, [
    /^14 of 19 succeeded, 2 failed, 2 refused, 1 gone, still running on 1 \(run r_\w+\)$/m,
    /^== 12 hosts succeeded: web-\[1-12\]\n\| ready$/m,
    /^== 1 host failed with exit code 3: exits\n\| \[stderr\]\n\| no disk$/m,
    /^== 1 host failed: ended by SIGKILL: signals\n\| so far$/m,
    /^== 1 host refused \[refused: mode-disabled\]: closed\nError: .*disabled/m,
    /^== 1 host refused \[refused: unknown-program\]: reader\nError: .*plan mode/m,
    /^== 1 host gone \[peer_gone\]: killed\nError: /m,
    /^== 1 host still running: hangs\nJobs: hangs j_\w+$/m,
    /^\| a\uFFFD\uFFFDb$/m,
    /^\| .*of 52428800 bytes were not sent/m,
    /^Left out \(run nothing for others\): 1 host: sender$/m,
    /^It goes on: follow it with fleet_get and run "r_\w+"$/m,
  ]);
  for (const name of ["closed", "reader", "sender", "left"]) {
    await assert.rejects(Deno.stat(`${scene.home(name)}/trace`), Deno.errors.NotFound);
  }
  for (const name of GOOD) await Deno.stat(`${scene.home(name)}/trace`);
  assert.match(
    await failFleet(mcp, "fleet_exec", { target: "name:left", command: "true" }),
    /no host has a name like "left", there are .*"web-1".*\[bad_request\]$/,
  );

  await readOn(scene, answer);
  await endHanging(scene, answer, pid);
}

/** The big output is read on where the answer leaves off. */
async function readOn({ mcp }: FleetScene, answer: FleetAnswer): Promise<void> {
  const big = linesOf(answer).get("big");
  const job = big?.job ?? assert.fail("the big output has a job");
  assert.deepEqual([big?.shown.isCut, big?.shown.jobs], [true, [{ agent: "big", job }]]);
  const there = await toolCaller(mcp, "big");
  const stdout = 1_000_000 * BIG_LINE.length;
  const page = await there.call("job_get", { job, cursor: { stdout }, max_bytes: 1024 ** 2 });
  assert.equal(page.stdoutBytes, BIG_BYTES);
  assert.ok(page.stdout.text === BIG_LINE.repeat(page.stdout.bytes / BIG_LINE.length), "the middle is whole");
  assert.ok(page.stdout.hasMore && page.stdout.bytes > 1_000_000);
  const end = await there.call("job_get", { job, cursor: { stdout: BIG_BYTES - 3 * BIG_LINE.length } });
  assert.deepEqual([end.stdout.text, end.stdout.hasMore], [BIG_LINE.repeat(3), false]);
}

/** The hanging command is followed, and ended on its machine. */
async function endHanging({ mcp }: FleetScene, answer: FleetAnswer, pid: number): Promise<void> {
  const { run } = answer.structured;
  const [still, short] = [
    await callFleet(mcp, "fleet_get", { run, wait_ms: 200 }),
    await callFleet(mcp, "fleet_get", { max_tokens: 1_000 }),
  ];
  assert.deepEqual([still.structured.status, statusesOf(still)], ["running", statusesOf(answer)]);
  assert.equal(short.structured.run, run, "without an id the newest run is meant");
  for (const text of [short.text, JSON.stringify(short.structured)]) assert.ok(text.length <= 4_000);
  assert.equal(short.structured.groups.reduce((sum, { count }) => sum + count, 0), 19, "nobody is left out for room");

  const job = linesOf(still).get("hangs")?.job ?? assert.fail("the hanging command is a job");
  assert.equal((await (await toolCaller(mcp, "hangs")).call("job_get", { job })).status, "running");
  assert.ok(isAlive(pid));
  const ended = await callFleet(mcp, "fleet_cancel", { run });
  assert.equal(isAlive(pid), false, "the command has really ended");
  assert.deepEqual([ended.structured.status, ended.structured.counts.running], ["cancelled", 0]);
  assert.deepEqual(statusesOf(ended), { ...statusesOf(answer), hangs: "failed" });
  assert.equal((await (await toolCaller(mcp, "hangs")).call("job_get", { job })).status, "cancelled");
}

async function writeAndUndo(_scene: FleetScene): Promise<void> {
}

async function pidOn(scene: FleetScene, name: string): Promise<number> {
  return await eventually(`the command runs on ${name}`, async () => {
    const text = await Deno.readTextFile(`${scene.home(name)}/pid`).catch(() => "");
    return text.endsWith("\n") && Number(text);
  });
}

/** The text has all these lines, and both it and the structured answer keep to the budget. */
function assertShown({ text, structured }: FleetAnswer, patterns: readonly RegExp[]): void {
  for (const pattern of patterns) assert.match(text, pattern);
  for (const said of [text, JSON.stringify(structured)]) {
    assert.ok(said.length <= CHARACTERS_OF_ANSWER, `${said.length} characters are within the budget`);
  }
}
