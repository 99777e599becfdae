import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OperationError } from "../../../src/errors.ts";
import type { AuditChange } from "../../../src/audit/log.ts";
import { programEnvironment } from "../../helpers/processes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { OK, open, pathOf, readLines, request, verify, writeLog } from "./_audits.ts";

const CHILD = fileURLToPath(new URL("./_append_main.ts", import.meta.url));

function startChild(folder: string, count: number, width = 1): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", CHILD, folder, String(count), String(width)],
    clearEnv: true,
    env: programEnvironment(),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** What a child said, each line as [seq, name]; `onLine` is told of each as it comes. */
async function readSaid(child: Deno.ChildProcess, onLine = (_count: number) => {}): Promise<string[][]> {
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    onLine(text.split("\n").length - 1);
  }
  await child.status;
  // The last line may be torn as well.
  return text.split("\n").slice(0, -1).map((line) => line.split(" "));
}

Deno.test("openAudit() records a call once, and what changes something before and after", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  {
    await using audit = open(folder, { now: () => 0 });
    await audit.call(request("ls"), OK);
    const begun = await audit.begin(request("touch x"));
    assert.equal(begun.seq, 2);
    assert.equal((await readLines(folder)).length, 2, "it is in the file before the operation starts");
    await audit.end(begun, { outcome: "ok", exitCode: 1, durationMs: 3 });
    assert.deepEqual(audit.status(), { path: pathOf(folder), written: 3, lost: 0, failure: undefined });
  }
  const lines = await readLines(folder);
  const seen = lines.map(({ seq, event, begin, time }) => [seq, event, begin, time]);
  const time = "1970-01-01T00:00:00.000Z";
  assert.deepEqual(seen, [[1, "call", undefined, time], [2, "begin", undefined, time], [3, "end", 2, time]]);
  assert.deepEqual((await verify(folder)).problems, []);
});

Deno.test({
  name: "openAudit() makes files that only their owner reads",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const { folder } = temporary;
    await writeLog(folder, 1);
    const modeOf = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;
    assert.equal(await modeOf(join(folder, "audit")), 0o700);
    for (const name of ["audit.jsonl", "head.json"]) assert.equal(await modeOf(pathOf(folder, name)), 0o600);
  },
});

Deno.test("openAudit() puts right at once what a crash left", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  await writeLog(folder, 2);
  await Deno.writeTextFile(pathOf(folder), '{"seq":3,"pre', { append: true });
  {
    await using _audit = open(folder);
  }
  assert.deepEqual((await readLines(folder)).map(({ event }) => event), ["call", "call", "repair"]);
  assert.equal((await verify(folder)).problemCount, 0);
});

Deno.test("begin() that rejects, and calls that cannot be written, are counted, told once, and later in the log", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const changes: AuditChange[] = [];
  // A file where the folder belongs.
  await Deno.writeTextFile(join(folder, "audit"), "");
  await using audit = open(folder, { onChange: (change) => void changes.push(change) });
  const refusal = await audit.begin(request("touch x")).catch((error: unknown) => error);
  assert.ok(refusal instanceof OperationError);
  assert.equal(refusal.code, "cannot_run");
  assert.match(
    refusal.message,
    /^Cannot start an operation that may change something: its record cannot be written/,
  );
  assert.match(refusal.remedy ?? "", /audit\.jsonl$/);
  await audit.call(request("ls"), OK);
  assert.equal(audit.status().lost, 2);
  assert.notEqual(audit.status().failure, undefined);
  await Deno.remove(join(folder, "audit"));
  const begun = await audit.begin(request("touch x"));
  await audit.end(begun, OK);
  assert.equal(audit.status().failure, undefined);
  assert.deepEqual(changes.map(({ works }) => works), [false, true]);
  const lines = await readLines(folder);
  assert.deepEqual(lines.map(({ event }) => event), ["gap", "begin", "end"]);
  assert.equal(begun.seq, 2);
  const report = await verify(folder);
  assert.equal(report.problemCount, 0);
  assert.match(report.notes[0] ?? "", /2 records could not be written/);
});

Deno.test("openAudit() takes bursts in few writes, refuses what is too much, and loses none of the others", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  await using audit = open(folder);
  const begins = await Promise.allSettled(Array.from({ length: 10_050 }, () => audit.begin(request())));
  const refused = begins.filter((begin) => begin.status === "rejected");
  assert.equal(refused.length, 50);
  assert.ok(refused.every(({ reason }) => reason instanceof OperationError && reason.code === "busy"));
  const seqs = begins.filter((begin) => begin.status === "fulfilled").map(({ value }) => value.seq);
  assert.equal(new Set(seqs).size, 10_000);
  await audit.call(request(), OK);
  const report = await verify(folder);
  assert.deepEqual([report.problems, audit.status().lost], [[], 50]);
  assert.match(report.notes[0] ?? "", /50 records could not be written: too many records waited/);
});

Deno.test("openAudit() gives up on a lock that another process keeps, and works again when it is free", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  await writeLog(folder, 1);
  await using audit = open(folder, { lockTimeoutMs: 30 });
  {
    using other = await Deno.open(pathOf(folder, "head.json"), { read: true, write: true });
    await other.lock(true);
    await assert.rejects(audit.begin(request()), /another process has had it locked for 30 ms/);
  }
  await audit.begin(request());
  assert.equal((await verify(folder)).problemCount, 0);
});

Deno.test("an audit log that has ended takes nothing more", async () => {
  await using temporary = await temporaryFolder();
  const audit = open(temporary.folder);
  await audit[Symbol.asyncDispose]();
  await assert.rejects(audit.begin(request()), /the agent is ending/);
  await audit.call(request(), OK);
  assert.equal(audit.status().lost, 2);
});

Deno.test("a process that is killed at any moment leaves a log that verifies, with all that it was told is there", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const said: string[][] = [];
  const killOne = async (afterLines: number) => {
    const child = startChild(folder, 1_000_000, 1 + afterLines % 4);
    let isKilled = false;
    said.push(
      ...await readSaid(child, (count) => {
        if (count < afterLines || isKilled) return;
        isKilled = true;
        child.kill("SIGKILL");
      }),
    );
  };
  for (let i = 0; i < 15; i++) {
    // Two at a time, so that one goes on while the other dies.
    await Promise.all([
      killOne(1 + Math.floor(Math.random() * 60)),
      killOne(1 + Math.floor(Math.random() * 60)),
    ]);
  }
  const before = await verify(folder);
  await writeLog(folder, 1);
  const report = await verify(folder);
  assert.deepEqual([before.problems, report.problems], [[], []]);
  const begun = (await readLines(folder)).filter(({ event }) => event === "begin");
  const bySeq = new Map(begun.map(({ seq, args }) => [seq, JSON.stringify(args)]));
  assert.ok(said.length >= 30);
  for (const [seq, name] of said) assert.equal(bySeq.get(Number(seq)), JSON.stringify({ command: name }));
});

Deno.test("processes that append at the same time make one chain", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const children = [startChild(folder, 150, 3), startChild(folder, 150, 3)];
  const said = await Promise.all(children.map((child) => readSaid(child)));
  const report = await verify(folder);
  assert.deepEqual([report.records, report.problems, report.notes], [600, [], []]);
  const lines = await readLines(folder);
  assert.deepEqual(lines.map(({ seq }) => seq), Array.from({ length: 600 }, (_, i) => i + 1));
  const pids = lines.filter(({ event }) => event === "begin").map(({ pid }) => pid);
  for (const { pid } of children) assert.equal(pids.filter((other) => other === pid).length, 150);
  assert.equal(new Set(said.flat().map(([seq]) => seq)).size, 300);
});

/** A file system of 256 KiB in a folder, where the tests may make one. */
async function smallDisk(folder: string): Promise<AsyncDisposable | undefined> {
  const run = (...argv: string[]) =>
    new Deno.Command(argv[0] ?? "", { args: argv.slice(1), stderr: "null" }).output();
  try {
    if (!(await run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder)).success) return undefined;
  } catch {
    // There is no such program.
    return undefined;
  }
  return { [Symbol.asyncDispose]: async () => void await run("umount", folder) };
}

const CAN_MOUNT = Deno.build.os === "linux" && await (async () => {
  await using temporary = await temporaryFolder();
  await using disk = await smallDisk(temporary.folder);
  return disk !== undefined;
})();

Deno.test({
  name: "a full disk stops what changes something and nothing else (needs root and tmpfs)",
  ignore: !CAN_MOUNT,
  fn: async () => {
    await using temporary = await temporaryFolder();
    const { folder } = temporary;
    await using _disk = await smallDisk(folder);
    await using audit = open(folder);
    await audit.begin(request());
    const filler = join(folder, "filler");
    while (
      await Deno.writeFile(filler, new Uint8Array(4096), { append: true }).then(() => true, () => false)
    );
    // The last page of the log has room for some.
    while (await audit.begin(request()).then(() => true, () => false));
    const full = await readLines(folder);
    await assert.rejects(audit.begin(request()), /No space left on device/);
    await audit.call(request(), OK);
    assert.equal(audit.status().lost, 3);
    assert.match(audit.status().failure?.reason ?? "", /No space left on device/);
    assert.equal((await verify(folder)).problemCount, 0, "while it is full");
    assert.deepEqual(await readLines(folder), full, "nothing is written in part");
    await Deno.remove(filler);
    const begun = await audit.begin(request());
    await audit.end(begun, OK);
    const report = await verify(folder);
    assert.deepEqual(report.problems, []);
    assert.match(report.notes.join(), /records could not be written: No space left on device/);
    assert.equal(audit.status().failure, undefined);
  },
});
