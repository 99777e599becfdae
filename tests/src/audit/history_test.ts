import assert from "node:assert/strict";
import { join } from "node:path";
import { type AuditFilter, fits, followLog, readHistory } from "../../../src/audit/history.ts";
import type { AuditRecord } from "../../../src/audit/record.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { OK, open, pathOf, request, writeLog } from "./_audits.ts";

const record: AuditRecord = {
  seq: 1,
  time: "2026-01-31T12:00:00.000Z",
  event: "call",
  operation: "exec",
  caller: { id: "abcdefghijklmnopqrst", name: "laptop", isLocal: false },
};
const filters: readonly (readonly [AuditFilter, boolean])[] = [
  [{}, true],
  [{ since: Date.parse(record.time) }, true],
  [{ since: Date.parse(record.time) + 1 }, false],
  [{ operation: "exec" }, true],
  [{ operation: "exe" }, false],
  [{ agent: "laptop" }, true],
  [{ agent: "lap" }, false],
  [{ agent: "abcd" }, true],
  [{ agent: "laptop", operation: "read_file" }, false],
];
for (const [filter, expected] of filters) {
  Deno.test(`fits() answers ${expected} for ${JSON.stringify(filter)}`, () => {
    assert.equal(fits(record, filter), expected);
    assert.equal(fits(undefined, filter), Object.keys(filter).length === 0);
  });
}

const audit = (folder: string) => join(folder, "audit");
const seqs = (lines: readonly { readonly record: AuditRecord | undefined }[]) =>
  lines.map(({ record }) => record?.seq);

Deno.test("readHistory() gives the last records that fit, over several files, and says if there are more", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  await writeLog(folder, 12, { maxFileBytes: 2000 });
  const read = (limit: number, filter: AuditFilter = {}) => readHistory(audit(folder), { limit, filter });
  const last = await read(5);
  assert.deepEqual([seqs(last.lines), last.hasMore, last.lastSeq], [[8, 9, 10, 11, 12], true, 12]);
  const all = await read(12);
  assert.deepEqual([all.lines.length, all.hasMore], [12, false]);
  assert.deepEqual(seqs((await read(100, { operation: "other" })).lines), []);
  await Deno.writeTextFile(pathOf(folder), "garbage\n", { append: true });
  assert.deepEqual(seqs((await read(2)).lines), [12, undefined]);
});

Deno.test("readHistory() ends where records are much older than asked for", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const dayMs = 86_400_000;
  for (const now of [0, 10 * dayMs, 20 * dayMs]) await writeLog(folder, 1, { now: () => now });
  const { lines, hasMore } = await readHistory(audit(folder), { limit: 9, filter: { since: 15 * dayMs } });
  assert.deepEqual([seqs(lines), hasMore], [[3], false]);
});

Deno.test("readHistory() of a log that is not there is empty", async () => {
  await using temporary = await temporaryFolder();
  const history = await readHistory(audit(temporary.folder), { limit: 9, filter: {} });
  assert.deepEqual(history, { lines: [], hasMore: false, lastSeq: 0 });
});

Deno.test("followLog() gives each new record once, from before the log is there, over new files, until it is stopped", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const stop = new AbortController();
  const following = followLog(audit(folder), {
    afterSeq: 0,
    filter: { operation: "exec" },
    signal: stop.signal,
  });
  const take = async (count: number) => {
    const seen: (number | undefined)[] = [];
    while (seen.length < count) seen.push((await following.next()).value?.record?.seq);
    return seen;
  };
  const first = take(1);
  await using log = open(folder, { maxFileBytes: 2000 });
  await log.call(request("one"), OK);
  assert.deepEqual(await first, [1]);
  for (let i = 0; i < 9; i++) await log.call(request(), OK);
  assert.deepEqual(await take(9), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const next = take(1);
  await log.call(request("other", { operation: "get_info" }), OK);
  await log.call(request("last"), OK);
  assert.deepEqual(await next, [12]);
  const end = following.next();
  stop.abort();
  assert.equal((await end).done, true);
});
