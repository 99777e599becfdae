import assert from "node:assert/strict";
import { join } from "node:path";
import { appendBatch, type Appended, type AppendOptions } from "../../../src/audit/append.ts";
import { sealLine } from "../../../src/audit/chain.ts";
import { headPath, KEPT_FILES, listRotated } from "../../../src/audit/files.ts";
import { repairFields } from "../../../src/audit/record.ts";
import type { ChainReport } from "../../../src/audit/verify_chain.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { AGENT_ID, pathOf, readLines, verify } from "./_audits.ts";

const RECORD = JSON.stringify({ time: "t", event: "call" });

/** Appends as a process does that has the lock. */
function append(
  folder: string,
  records: readonly string[] = [RECORD],
  options: Partial<AppendOptions> = {},
): Appended | undefined {
  const audit = join(folder, "audit");
  Deno.mkdirSync(audit, { recursive: true });
  using head = Deno.openSync(headPath(audit), { read: true, write: true, create: true });
  return appendBatch(records, {
    folder: audit,
    agentId: AGENT_ID,
    maxFileBytes: 1024 * 1024,
    head,
    remembered: undefined,
    repairFields: (repair) => repairFields(repair, { time: new Date(0), pid: 1 }),
    ...options,
  });
}

const firstProblem = ({ problems: [first] }: ChainReport) =>
  first && `${first.file}:${first.line} ${first.kind}`;
const repairOf = async (folder: string) =>
  (await readLines(folder)).findLast(({ event }) => event === "repair")?.["repair"];

Deno.test("appendBatch() goes on where the chain ends, with and without a memory of it", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const first = append(folder, [RECORD, RECORD]);
  assert.equal(first?.firstSeq, 1);
  const second = append(folder, [RECORD], { remembered: first?.remembered });
  assert.equal(second?.firstSeq, 3);
  assert.equal(append(folder)?.firstSeq, 4);
  // What this process remembers is old now.
  assert.equal(append(folder, [RECORD], { remembered: second?.remembered })?.firstSeq, 5);
  assert.equal(append(folder, []), undefined);
  const report = await verify(folder);
  assert.deepEqual([report.records, report.problems, report.notes], [5, [], []]);
});

Deno.test("appendBatch() moves a torn line aside wherever it was torn, says so, and the log is intact", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const path = pathOf(folder);
  const last = append(folder, [RECORD, RECORD])?.remembered.state;
  assert.ok(last !== undefined);
  const whole = await Deno.readTextFile(path);
  const { line } = sealLine(last, JSON.stringify({ time: "t", event: "begin", text: "lost" }));
  for (let cut = 1; cut < line.length; cut += 7) {
    await Deno.writeTextFile(path, whole + line.slice(0, cut));
    assert.equal((await verify(folder)).problemCount, 0);
    assert.equal(append(folder, [])?.firstSeq, 4);
    const report = await verify(folder);
    assert.deepEqual([report.records, report.problems], [3, []]);
    assert.match(report.notes[0] ?? "", /audit.jsonl:3 tells of a line that was torn/);
    const { torn } = JSON.parse(JSON.stringify(await repairOf(folder)));
    assert.equal(await Deno.readTextFile(pathOf(folder, torn.file)), line.slice(0, cut));
    // Back to the moment of the crash.
    await Deno.writeTextFile(path, whole);
    await Deno.writeTextFile(headPath(join(folder, "audit")), JSON.stringify(last).padEnd(191) + "\n");
    await Deno.remove(pathOf(folder, torn.file));
  }
});

Deno.test("appendBatch() goes on behind lines that the note of the end does not know yet", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  append(folder);
  const head = await Deno.readFile(pathOf(folder, "head.json"));
  append(folder, [RECORD, RECORD]);
  await Deno.writeFile(pathOf(folder, "head.json"), head);
  assert.equal((await verify(folder)).problemCount, 0);
  assert.equal(append(folder)?.firstSeq, 4);
  assert.deepEqual((await verify(folder)).problems, []);
});

/** What somebody does to the log of five records while no process runs; the next process goes on. */
const attacks: readonly {
  readonly what: string;
  readonly attack: (folder: string) => Promise<unknown>;
  /** Where verify finds it, before and after the next record. */
  readonly before: string;
  readonly after: string;
  readonly repair: unknown;
}[] = [
  {
    what: "two records are cut from the end",
    attack: (folder) => keepLines(folder, 3),
    before: "audit.jsonl:3 cut",
    after: "audit.jsonl:4 missing",
    repair: { found: ["cut"], lost: 2 },
  },
  {
    what: "all records are removed",
    attack: (folder) => Deno.remove(pathOf(folder)),
    before: "audit.jsonl:0 cut",
    after: "audit.jsonl:1 missing",
    repair: { found: ["cut"], lost: 5 },
  },
  {
    what: "the last record is replaced and sealed again",
    attack: async (folder) => {
      const lines = await readLines(folder);
      await keepLines(folder, 4);
      const { line } = sealLine(
        { seq: 4, hash: String(lines[3]?.["hash"]) },
        JSON.stringify({ time: "t", event: "x" }),
      );
      await Deno.writeTextFile(pathOf(folder), line, { append: true });
    },
    before: "audit.jsonl:5 edited",
    after: "audit.jsonl:6 edited",
    repair: { found: ["replaced"] },
  },
  {
    what: "records are cut and the note of the end is removed",
    attack: async (folder) => {
      await keepLines(folder, 3);
      await Deno.remove(pathOf(folder, "head.json"));
    },
    before: "audit.jsonl:3 cut",
    after: "audit.jsonl:4 cut",
    repair: { found: ["head"] },
  },
  {
    what: "records are cut and the note of the end is overwritten",
    attack: async (folder) => {
      await keepLines(folder, 3);
      await Deno.writeTextFile(pathOf(folder, "head.json"), "{}");
    },
    before: "audit.jsonl:3 cut",
    after: "audit.jsonl:4 cut",
    repair: { found: ["head"] },
  },
];
for (const { what, attack, before, after, repair } of attacks) {
  Deno.test(`appendBatch() leaves it to be found that ${what}`, async () => {
    await using temporary = await temporaryFolder();
    const { folder } = temporary;
    append(folder, Array(5).fill(RECORD));
    await attack(folder);
    assert.equal(firstProblem(await verify(folder)), before);
    append(folder);
    append(folder);
    assert.equal(firstProblem(await verify(folder)), after);
    assert.deepEqual(await repairOf(folder), repair);
  });
}

Deno.test("appendBatch() knows more than files that were both cut while it ran", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  append(folder, [RECORD, RECORD]);
  const head = await Deno.readFile(pathOf(folder, "head.json"));
  const { remembered } = append(folder, [RECORD, RECORD]) ?? {};
  await keepLines(folder, 2);
  await Deno.writeFile(pathOf(folder, "head.json"), head);
  assert.equal((await verify(folder)).problemCount, 0, "nobody else can tell");
  append(folder, [RECORD], { remembered });
  assert.equal(firstProblem(await verify(folder)), "audit.jsonl:3 missing");
});

async function keepLines(folder: string, count: number): Promise<void> {
  const lines = (await Deno.readTextFile(pathOf(folder))).split("\n");
  await Deno.writeTextFile(pathOf(folder), lines.slice(0, count).map((line) => `${line}\n`).join(""));
}

Deno.test("appendBatch() starts a new file when one is full, keeps the newest, and the chain goes on", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const numbers = () => listRotated(join(folder, "audit")).map(({ number }) => number);
  let remembered: Appended["remembered"] | undefined;
  for (let i = 0; i < 10; i++) {
    remembered = append(folder, [RECORD], { maxFileBytes: 1, remembered })?.remembered;
  }
  assert.deepEqual(numbers(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual((await verify(folder)).notes, []);
  assert.equal((await verify(folder)).records, 10);
  for (let i = 10; i < 20; i++) append(folder, [RECORD], { maxFileBytes: 1 });
  assert.equal(numbers().length, KEPT_FILES);
  const report = await verify(folder);
  assert.deepEqual([report.records, report.problems], [KEPT_FILES + 1, []]);
  assert.match(report.notes[0] ?? "", /begins with audit-4\.jsonl: rotation removed what is older/);
  // Rotation removes the oldest file and no other, and none while there are few.
  await Deno.remove(pathOf(folder, "audit-7.jsonl"));
  const missing = await verify(folder);
  assert.deepEqual(missing.problems.map(({ file, kind }) => `${file} ${kind}`), [
    "audit-4.jsonl missing",
    "audit-8.jsonl missing",
  ]);
});

Deno.test("appendBatch() goes on after a crash between the end of one file and the start of the next", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  append(folder, [RECORD, RECORD]);
  await Deno.rename(pathOf(folder), pathOf(folder, "audit-1.jsonl"));
  assert.equal((await verify(folder)).problemCount, 0);
  assert.equal(append(folder)?.firstSeq, 3);
  assert.deepEqual((await verify(folder)).problems, []);
});

Deno.test("appendBatch() leaves a file of garbage where it is, under another name", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  append(folder, [RECORD, RECORD]);
  await Deno.writeTextFile(pathOf(folder), "x\n".repeat(600_000), { append: true });
  assert.equal(append(folder, [RECORD], { maxFileBytes: 64 * 1024 * 1024 })?.firstSeq, 4);
  assert.equal(firstProblem(await verify(folder)), "audit-1.jsonl:3 edited");
});

Deno.test({
  name: "appendBatch() refuses to write to what is no regular file",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const { folder } = temporary;
    await Deno.mkdir(pathOf(folder), { recursive: true });
    assert.throws(() => append(folder));
    await Deno.remove(pathOf(folder));
    await Deno.symlink("/dev/null", pathOf(folder));
    assert.throws(() => append(folder), /is not a regular file/);
  },
});
