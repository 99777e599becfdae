/**
 * One call to twenty machines of which half go wrong, each in its own way, with real processes: everybody is accounted for in time, and
 * what is written everywhere can be taken back.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
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
const CONF = "v1\n";
const script = (text: string, files: Readonly<Record<string, string>> = {}): HostOptions => ({
  files: { "task.sh": text, "app.conf": CONF, ...files },
});
const HANG = "echo $$ > ~/pid; exec sleep 600";

const HOSTS: Readonly<Record<string, HostOptions>> = {
  ...Object.fromEntries(
    GOOD.map((name, i) => [
      name,
      // Half of them have the file that is overwritten, the others get one.
      script("touch ~/trace; echo ready", {
        ...(i < 6 ? { motd: `old of ${name}\n` } : {}),
        ...(name === "web-3" ? { "app.conf": "by hand\n" } : {}),
      }),
    ]),
  ),
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
  await eventually(
    "left is not in the list",
    async () => (await mcp.agents()).every(({ name }) => name !== "left"),
  );

  const startedAt = performance.now();
  const calling = callFleet(mcp, "fleet_exec", { target: "all", command: "sh ~/task.sh", wait_ms: WAIT_MS });
  const killing = async () => {
    const [pid, orphan] = [await pidOn(scene, "hangs"), await pidOn(scene, "killed")];
    const killedAt = performance.now();
    scene.agent("killed").kill("SIGKILL");
    await scene.agent("killed").ended();
    Deno.kill(orphan, "SIGKILL"); // Nobody is left who would end it.
    return { pid, killedAt };
  };
  const [answer, { pid, killedAt }] = await Promise.all([calling, killing()]);
  note(
    `fleet_exec over ${answer.structured.counts.hosts} hosts with wait_ms ${WAIT_MS}: ${
      Math.round(answer.tookMs)
    } ms`,
  );

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
  assert.deepEqual([shownOf("closed").error?.code, shownOf("closed").error?.rule], [
    "refused",
    "mode-disabled",
  ]);
  assert.deepEqual([shownOf("reader").error?.code, shownOf("reader").error?.rule], [
    "refused",
    "unknown-program",
  ]);
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
    /^14 of 20 succeeded, 2 failed, 2 refused, 1 gone, still running on 1 \(run r_\w+\)$/m,
    /^== 12 hosts succeeded: web-\[1-12\]\n\| ready$/m,
    /^== 1 host failed with exit code 3: exits\n\| \[stderr\]\n\| no disk$/m,
    /^== 1 host failed: ended by SIGKILL: signals\n\| so far$/m,
    /^== 1 host refused \[refused: mode-disabled\]: closed\nError: .*disabled/m,
    /^== 1 host refused \[refused: unknown-program\]: reader\nError: .*plan mode/m,
    /^== 1 host gone \[peer_gone\]: killed\nError: /m,
    /^== 1 host still running: hangs$/m,
    /^\| a\uFFFD\uFFFDb$/m,
    /^== 1 host succeeded: big\nJobs: big j_\w+\n\| \[52428800 bytes in all, /m,
    /^\[\d+ characters are left out here\]$/m,
    /^Note: Some hosts have more output than they sent: job_get reads all of it/m,
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
  // On a busy machine it may take longer than the call waits until a host says which job it is.
  const still = await eventually("the hanging command is a job", async () => {
    const got = await callFleet(mcp, "fleet_get", { run, wait_ms: 200 });
    return linesOf(got).get("hangs")?.job !== undefined && got;
  });
  note(`fleet_exec named the job of the hanging host: ${linesOf(answer).get("hangs")?.job !== undefined}`);
  assert.match(still.text, /^== 1 host still running: hangs\nJobs: hangs j_\w+$/m);
  const short = await callFleet(mcp, "fleet_get", { max_tokens: 1_000 });
  assert.deepEqual([still.structured.status, statusesOf(still)], ["running", statusesOf(answer)]);
  assert.equal(short.structured.run, run, "without an id the newest run is meant");
  for (const text of [short.text, JSON.stringify(short.structured)]) assert.ok(text.length <= 4_000);
  assert.equal(
    short.structured.groups.reduce((sum, { count }) => sum + count, 0),
    20,
    "nobody is left out for room",
  );

  const job = linesOf(still).get("hangs")?.job ?? assert.fail("the hanging command is a job");
  assert.equal((await (await toolCaller(mcp, "hangs")).call("job_get", { job })).status, "running");
  assert.ok(isAlive(pid));
  const ended = await callFleet(mcp, "fleet_cancel", { run });
  assert.equal(isAlive(pid), false, "the command has really ended");
  assert.deepEqual([ended.structured.status, ended.structured.counts.running], ["cancelled", 0]);
  assert.deepEqual(statusesOf(ended), { ...statusesOf(answer), hangs: "failed" });
  assert.equal((await (await toolCaller(mcp, "hangs")).call("job_get", { job })).status, "cancelled");
}

/** What is written everywhere is there, and is taken back by another process where nobody has changed it since. */
async function writeAndUndo(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  const edits = [...GOOD, "big", "bytes", "exits", "hangs", "signals"];
  const read = (name: string, path: string) => Deno.readTextFile(`${scene.home(name)}/${path}`);
  const everywhere = async (path: string) => {
    const files = edits.map(async (name) => [name, await read(name, path).catch(() => null)] as const);
    return Object.fromEntries(await Promise.all(files));
  };
  const [motds, confs] = [await everywhere("motd"), await everywhere("app.conf")];
  const refused = { closed: "refused", reader: "refused" };
  const all = (status: string, names: readonly string[] = edits) =>
    Object.fromEntries(names.map((name) => [name, status]));

  const written = await callFleet(mcp, "fleet_write", { target: "all", path: "motd", content: "new\n" });
  assert.deepEqual(statusesOf(written), { ...all("succeeded"), ...refused });
  assert.deepEqual(await everywhere("motd"), all("new\n"));

  const careful = await callFleet(mcp, "fleet_write", {
    target: "all",
    path: "app.conf",
    content: "v2\n",
    expected_sha256: createHash("sha256").update(CONF).digest("hex"),
  });
  assert.deepEqual(statusesOf(careful), { ...all("succeeded"), "web-3": "failed", ...refused });
  assert.match(linesOf(careful).get("web-3")?.shown.error?.message ?? "", /app\.conf/);
  assert.match(
    careful.text,
    /^== 1 host failed \[cannot_run\]: web-3\nError: .*\bsha256 is "[0-9a-f]{64}" now, /m,
  );
  assert.deepEqual(await everywhere("app.conf"), { ...all("v2\n"), "web-3": confs["web-3"] });

  // Somebody changes two of the files, and the assistant's program is started anew.
  await Deno.writeTextFile(`${scene.home("web-1")}/motd`, "by hand\n");
  await Deno.writeTextFile(`${scene.home("web-12")}/motd`, "by hand too\n");
  await mcp[Symbol.asyncDispose]();
  const next = await scene.assistant();
  await next.waitForAgents(...edits);
  const again = await callFleet(next, "fleet_get", { run: written.structured.run });
  assert.deepEqual(statusesOf(again), statusesOf(written));
  assert.deepEqual(again.structured.counts, written.structured.counts);

  const undone = await callFleet(next, "undo_run", { run: written.structured.run });
  assert.deepEqual(statusesOf(undone), { ...all("succeeded"), "web-1": "failed", "web-12": "failed" });
  const changed = { "web-1": "by hand\n", "web-12": "by hand too\n" };
  assert.deepEqual(await everywhere("motd"), { ...motds, ...changed });
  assert.deepEqual(await everywhere("app.conf"), { ...all("v2\n"), "web-3": confs["web-3"] });

  const forced = await callFleet(next, "undo_run", { run: written.structured.run, force: true });
  for (const name of Object.keys(changed)) assert.equal(statusesOf(forced)[name], "succeeded");
  assert.deepEqual(await everywhere("motd"), motds);
  const other = await callFleet(next, "undo_run", { run: careful.structured.run });
  assert.equal(other.structured.counts.succeeded, edits.length - 1);
  assert.deepEqual(await everywhere("app.conf"), confs);
  assert.match(
    await failFleet(next, "undo_run", { run: undone.structured.run }),
    /Only runs of fleet_write can be undone/,
  );
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
