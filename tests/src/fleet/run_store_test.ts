import assert from "node:assert/strict";
import { join } from "node:path";
import type { HostOutcome, RunRecord } from "../../../src/fleet/run.ts";
import {
  createRunStore,
  HOSTS_IN_ROW,
  isKept,
  KEEP_RUNS_MS,
  MAX_STORED_RUNS,
} from "../../../src/fleet/run_store.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { flow, someHosts } from "./_runs.ts";

/** The id of the run of that number. */
const idOf = (n: number) =>
  `r_${String(n).padStart(20, "a").replaceAll(/\d/g, (digit) => "abcdefghij"[Number(digit)] ?? "")}`;

function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: idOf(1),
    tool: "fleet_exec",
    op: "exec",
    params: { command: "printf '\n\"'" },
    target: "web & !canary",
    status: "running",
    startedAt: 1_000,
    flow: flow(),
    hosts: someHosts(1).map((agent) => ({ agent, status: "waiting" })),
    leftOut: [{ agent: { id: "x", name: "\u0000'\u{1F600}" }, reason: "not_accepting" }],
    ...changes,
  };
}

Deno.test("a store gives back what was put in, without answers, also to another process", async () => {
  await using temporary = await temporaryFolder();
  const stateFolder = temporary.folder;
  await using mine = createRunStore({ stateFolder });
  await using other = createRunStore({ stateFolder });
  assert.deepEqual(other.recent(5), []);
  assert.equal(await other.get(idOf(1)), undefined);
  await assert.rejects(Deno.stat(join(stateFolder, "runs.db")), Deno.errors.NotFound);
  const hosts: HostOutcome[] = [
    {
      agent: { id: "a", name: "a\nb" },
      status: "succeeded",
      startedAt: 1,
      durationMs: 2,
      exitCode: 0,
      signal: null,
    },
    { agent: { id: "b", name: "b" }, status: "running", startedAt: 1, job: "j_abcdefghij2345672345" },
    {
      agent: { id: "c", name: "c" },
      status: "refused",
      error: { code: "refused", message: "no", remedy: "ask" },
    },
    { agent: { id: "d", name: "d" }, status: "skipped", note: "it was not begun" },
    {
      agent: { id: "e", name: "e" },
      status: "failed",
      exitCode: null,
      signal: "SIGKILL",
      result: { secret: 1 },
    },
  ];
  await mine.save(runRecord({ hosts, notKept: "not true any more" }), []);
  const stored = await other.get(idOf(1));
  const expected = runRecord({ hosts: hosts.map(({ result: _, ...host }) => host) });
  assert.deepEqual(stored?.record, expected);
  assert.deepEqual([stored?.isElsewhere, (await mine.get(idOf(1)))?.isElsewhere], [true, false]);
  const ended = { ...expected, status: "stopped", reason: "too many", endedAt: 5_000 } as const;
  await mine.save(ended, []);
  assert.deepEqual(other.recent(5).map((record) => ({ ...record, hosts: record.hosts })), [ended]);
  if (Deno.build.os !== "windows") {
    assert.equal(((await Deno.stat(join(stateFolder, "runs.db"))).mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("save() writes only the rows that changed, and all of a run that another process forgot", async () => {
  await using temporary = await temporaryFolder();
  await using store = createRunStore({ stateFolder: temporary.folder, now: () => 1_000 });
  const count = HOSTS_IN_ROW * 2 + 1;
  const all = (status: HostOutcome["status"]) =>
    someHosts(count).map((agent): HostOutcome => ({ agent, status }));
  await store.save(runRecord({ hosts: all("waiting") }), []);
  await store.save(runRecord({ hosts: all("gone") }), [1]);
  const statuses = async () => (await store.get(idOf(1)))?.record.hosts.map(({ status }) => status) ?? [];
  const found = await statuses();
  assert.equal(found.length, count);
  assert.deepEqual([found[0], found[HOSTS_IN_ROW], found[2 * HOSTS_IN_ROW - 1], found.at(-1)], [
    "waiting",
    "gone",
    "gone",
    "waiting",
  ]);
});

Deno.test("a store remembers 200 runs and 7 days, and forgets none that goes on", async () => {
  await using temporary = await temporaryFolder();
  let now = 1_000;
  await using store = createRunStore({ stateFolder: temporary.folder, now: () => now });
  await store.save(runRecord({ id: idOf(0) }), []);
  for (let n = 1; n <= MAX_STORED_RUNS + 3; n++) {
    await store.save(runRecord({ id: idOf(n), status: "ended", startedAt: now }), []);
  }
  const ids = store.recent(1_000).map(({ id }) => id);
  assert.deepEqual([ids.length, ids[0], ids.at(-2), ids.at(-1)], [
    MAX_STORED_RUNS + 1,
    idOf(MAX_STORED_RUNS + 3),
    idOf(4),
    idOf(0),
  ]);
  now += KEEP_RUNS_MS + 1;
  await store.save(runRecord({ id: idOf(500), status: "ended", startedAt: now }), []);
  assert.deepEqual(store.recent(1_000).map(({ id }) => id), [idOf(500), idOf(0)]);
  now += KEEP_RUNS_MS + 1;
  await store.save(runRecord({ id: idOf(501), status: "ended", startedAt: now }), []);
  assert.deepEqual(store.recent(1_000).map(({ id }) => id), [idOf(501)]);
  // It is written whole when it goes on after all.
  await store.save(runRecord({ id: idOf(0), startedAt: now }), []);
  assert.equal((await store.get(idOf(0)))?.record.hosts.length, 1);
});

Deno.test("adopt() gives a run to one process, once its own is gone", async () => {
  await using temporary = await temporaryFolder();
  const stateFolder = temporary.folder;
  {
    await using first = createRunStore({ stateFolder, now: () => 1_000 });
    await first.save(runRecord(), []);
    await using other = createRunStore({ stateFolder, now: () => 1_000 });
    assert.equal((await other.get(idOf(1)))?.isElsewhere, true);
  }
  await using second = createRunStore({ stateFolder, now: () => 1_000 });
  await using third = createRunStore({ stateFolder, now: () => 1_000 });
  const [one, other] = [await second.get(idOf(1)), await third.get(idOf(1))];
  assert.ok(one && other && !one.isElsewhere && !other.isElsewhere);
  assert.deepEqual([await second.adopt(one), await third.adopt(other)], [true, false]);
  assert.equal((await third.get(idOf(1)))?.isElsewhere, true);
});

Deno.test("cancelRequests() gives the wishes of others about runs of this process that go on", async () => {
  await using temporary = await temporaryFolder();
  const stateFolder = temporary.folder;
  await using mine = createRunStore({ stateFolder, now: () => 1_000 });
  await using other = createRunStore({ stateFolder, now: () => 1_000 });
  assert.deepEqual(mine.cancelRequests(), []);
  await mine.save(runRecord(), []);
  await mine.save(runRecord({ id: idOf(2), status: "ended" }), []);
  await other.save(runRecord({ id: idOf(3) }), []);
  for (const n of [1, 2, 3]) other.requestCancel(idOf(n), `reason ${n}`);
  assert.deepEqual(mine.cancelRequests(), [{ id: idOf(1), reason: "reason 1" }]);
});

Deno.test("a run of an operation that this version does not know is passed over", async () => {
  await using temporary = await temporaryFolder();
  await using store = createRunStore({ stateFolder: temporary.folder, now: () => 1_000 });
  await store.save(runRecord({ op: "teleport" as never }), []);
  await store.save(runRecord({ id: idOf(2), params: undefined }), []);
  assert.equal(await store.get(idOf(1)), undefined);
  assert.deepEqual(store.recent(9).map(({ id, params }) => [id, params]), [[idOf(2), undefined]]);
});

Deno.test("save() rejects if the file cannot be used, and after the end", async () => {
  await using temporary = await temporaryFolder();
  await Deno.mkdir(join(temporary.folder, "runs.db"));
  const store = createRunStore({ stateFolder: temporary.folder });
  await assert.rejects(store.save(runRecord(), []), /unable to open/);
  assert.deepEqual(store.recent(3), []);
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await assert.rejects(store.save(runRecord(), []), /program is ending/);
});

Deno.test("a store that was never needed leaves nothing behind, also if it is used after its end", async () => {
  await using temporary = await temporaryFolder();
  const store = createRunStore({ stateFolder: temporary.folder });
  await store[Symbol.asyncDispose]();
  await assert.rejects(store.save(runRecord(), []), /program is ending/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary.folder)), []);
});

Deno.test("isKept() is so for what undo_run needs", () => {
  assert.deepEqual([isKept("write_file"), isKept("exec"), isKept("read_file")], [true, false, false]);
});

Deno.test("save() keeps what a write answered, but not megabytes of a hostile host", async () => {
  await using temporary = await temporaryFolder();
  const { folder: stateFolder } = temporary;
  await using store = createRunStore({ stateFolder });
  const results = [{ path: "/a", backupId: 1 }, { path: `/${"x".repeat(8 * 1024 ** 2)}`, backupId: 2 }];
  const [a, b] = someHosts(2);
  assert.ok(a !== undefined && b !== undefined);
  const hosts: HostOutcome[] = [a, b].map((agent, i) => ({ agent, status: "succeeded", result: results[i] }));
  await store.save(runRecord({ tool: "fleet_write", op: "write_file", hosts }), []);
  const stored = await store.get(idOf(1));
  assert.deepEqual(stored?.record.hosts.map(({ result }) => result), [results[0], undefined]);
  for await (const { name, isFile } of Deno.readDir(stateFolder)) {
    if (isFile) assert.ok((await Deno.stat(join(stateFolder, name))).size < 1024 ** 2, name);
  }
});
