import assert from "node:assert/strict";
import { join } from "node:path";
import { genesis, MAX_LINE_BYTES, sealLine } from "../../../src/audit/chain.ts";
import {
  auditFolder,
  KEPT_FILES,
  listRotated,
  logPath,
  nextRotatedPath,
  nextTornPath,
  readAt,
  readHead,
  readTail,
  removeOldest,
  writeHead,
  writeWhole,
} from "../../../src/audit/files.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const START = genesis("agent");

async function withFile(work: (file: Deno.FsFile, folder: string) => void): Promise<void> {
  await using temporary = await temporaryFolder();
  using file = await Deno.open(join(temporary.folder, "f"), { read: true, write: true, create: true });
  work(file, temporary.folder);
}

Deno.test("auditFolder() and logPath() name the folder and the file", () => {
  assert.equal(logPath(auditFolder("/state")), join("/state", "audit", "audit.jsonl"));
});

Deno.test("readHead() reads what writeHead() wrote, over longer and shorter notes", () =>
  withFile((file) => {
    assert.equal(readHead(file), undefined);
    for (const seq of [0, 999_999_999_999_999, 1]) {
      writeHead(file, { seq, hash: START.hash });
      assert.deepEqual(readHead(file), { seq, hash: START.hash });
    }
    assert.equal(file.statSync().size, 192);
  }));

Deno.test("readHead() takes nothing else for a note", () =>
  withFile((file) => {
    for (
      const text of ["x", "{}", `{"seq":1,"hash":"${START.hash}"}`, `{"seq":01,"hash":"${START.hash}"}\n`]
    ) {
      file.truncateSync(0);
      file.seekSync(0, Deno.SeekMode.Start);
      writeWhole(file, new TextEncoder().encode(text));
      assert.equal(readHead(file), "damaged", text);
    }
  }));

const { line, state } = sealLine(START, JSON.stringify({ text: "\u00fc" }));
const next = sealLine(state, JSON.stringify({ text: "x".repeat(1000) }));
const length = (text: string) => new TextEncoder().encode(text).length;
const END = length(line);
const tails: readonly (readonly [what: string, text: string, expected: unknown])[] = [
  ["an empty file", "", { state: undefined, end: 0 }],
  ["a whole line", line, { state, end: END }],
  ["two whole lines", line + next.line, { state: next.state, end: END + length(next.line) }],
  ["a torn line", line + next.line.slice(0, 500), { state, end: END }],
  ["a line without its end", line + next.line.slice(0, -1), { state, end: END }],
  ["empty lines", `${line}\n\n\n`, { state, end: END }],
  ["zeros, as a failed power supply leaves them", line + "\0".repeat(300_000) + "\n", { state, end: END }],
  ["nothing but garbage", "x".repeat(1000), { state: undefined, end: 0 }],
  ["lines of garbage", "x\ny\n", { state: undefined, end: 0 }],
  ["more garbage than is looked through", line + "x\n".repeat(600_000), undefined],
];
for (const [what, text, expected] of tails) {
  Deno.test(`readTail() finds the last line before ${what}`, () =>
    withFile((file) => {
      writeWhole(file, new TextEncoder().encode(text));
      assert.deepEqual(readTail(file, length(text)), expected);
    }));
}

Deno.test("readTail() finds the longest line that there may be", () =>
  withFile((file) => {
    const fit = MAX_LINE_BYTES - 300;
    const long = sealLine(state, JSON.stringify({ text: "x".repeat(fit) }));
    writeWhole(file, new TextEncoder().encode(line + long.line));
    assert.deepEqual(readTail(file, END + long.line.length)?.state, long.state);
  }));

Deno.test("listRotated() sorts by number, and removeOldest() keeps the newest", () =>
  withFile((_file, folder) => {
    assert.equal(nextRotatedPath(folder), join(folder, "audit-1.jsonl"));
    for (let i = 1; i <= KEPT_FILES + 3; i++) {
      Deno.writeTextFileSync(nextRotatedPath(folder), "");
      Deno.writeTextFileSync(nextTornPath(folder), "");
    }
    for (const other of ["audit-01.jsonl", "audit-x.jsonl", "audit.jsonl"]) {
      Deno.writeTextFileSync(join(folder, other), "");
    }
    removeOldest(folder);
    const numbers = listRotated(folder).map(({ number }) => number);
    assert.deepEqual(numbers, Array.from({ length: KEPT_FILES }, (_, i) => i + 4));
    assert.equal(
      [...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith("torn-")).length,
      KEPT_FILES,
    );
    assert.equal(nextRotatedPath(folder), join(folder, `audit-${KEPT_FILES + 4}.jsonl`));
  }));

Deno.test("readAt() reads what is there, and no more", () =>
  withFile((file) => {
    writeWhole(file, new TextEncoder().encode("0123456789"));
    assert.equal(new TextDecoder().decode(readAt(file, 3, 4)), "3456");
    assert.equal(new TextDecoder().decode(readAt(file, 8, 40)), "89");
  }));
