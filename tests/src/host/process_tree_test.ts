import assert from "node:assert/strict";
import fc from "fast-check";
import type { ProcessEntry, ProcessTable } from "../../../src/host/process_table.ts";
import { descendantsOf, killTree, membersOf } from "../../../src/host/process_tree.ts";

const SELF = 9999;

function entry(pid: number, parentPid: number, fields: Partial<ProcessEntry> = {}): ProcessEntry {
  return { pid, parentPid, groupId: 1, sessionId: 1, startedAt: `start ${pid}`, isZombie: false, ...fields };
}

const trees: readonly [string, readonly [number, number][], readonly number[], readonly number[]][] = [
  ["nothing below a leaf", [[2, 1], [3, 2]], [3], []],
  ["children and grandchildren", [[2, 1], [3, 2], [4, 3], [5, 1]], [2], [3, 4]],
  ["children listed before their parents", [[9, 8], [8, 7], [7, 6]], [7], [8, 9]],
  ["those below several roots", [[2, 1], [3, 1], [4, 2], [5, 3]], [2, 3], [4, 5]],
  ["no root that is below another", [[2, 1], [3, 2], [4, 3]], [2, 3], [4]],
  ["each once in a loop", [[2, 3], [3, 2], [4, 3]], [2], [3, 4]],
  ["children of a root that is gone", [[3, 2]], [2], [3]],
];
for (const [what, pairs, roots, expected] of trees) {
  Deno.test(`descendantsOf() finds ${what}`, () => {
    const entries = pairs.map(([pid, parentPid]) => ({ pid, parentPid }));
    assert.deepEqual([...descendantsOf(entries, roots)].sort(), expected);
  });
}

Deno.test("descendantsOf() finds exactly those from whom a walk up the parents meets a root", () => {
  const parents = fc.array(fc.nat(20), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(parents, fc.nat(20), (list, root) => {
    const parentOf = new Map(list.map((parentPid, pid) => [pid, parentPid]));
    const isBelow = (pid: number) => {
      let at = parentOf.get(pid);
      for (let steps = 0; steps <= list.length && at !== undefined; steps++) {
        if (at === root) return true;
        at = parentOf.get(at);
      }
      return false;
    };
    const entries = list.map((parentPid, pid) => ({ pid, parentPid }));
    const expected = [...parentOf.keys()].filter((pid) => pid !== root && isBelow(pid));
    assert.deepEqual([...descendantsOf(entries, [root])].sort(), expected.sort());
  }));
});

const members: readonly [string, readonly ProcessEntry[], readonly ProcessEntry[], readonly number[]][] = [
  ["the leader and its children", [entry(10, 5), entry(11, 10), entry(12, 5)], [], [10, 11]],
  ["an orphan of its group", [entry(11, 1, { groupId: 10 })], [], [11]],
  ["an orphan of its session", [entry(11, 1, { sessionId: 10 })], [], [11]],
  ["the children of an orphan", [entry(11, 1, { groupId: 10 }), entry(12, 11)], [], [11, 12]],
  ["an orphan known from before", [entry(11, 1)], [entry(11, 10)], [11]],
  [
    "no other process with a pid known from before",
    [entry(11, 1, { startedAt: "later" })],
    [entry(11, 10)],
    [],
  ],
  ["no zombie, but its children", [entry(10, 5, { isZombie: true }), entry(11, 10)], [], [11]],
  ["neither the first process nor itself", [entry(1, 10), entry(SELF, 10)], [], []],
];
for (const [what, entries, known, expected] of members) {
  Deno.test(`membersOf() finds ${what}`, () => {
    const found = membersOf(entries, 10, { known: new Map(known.map((e) => [e.pid, e])), self: SELF });
    assert.deepEqual(found.map(({ pid }) => pid), expected);
  });
}

/** A system whose processes react to signals as `react` says, and that remembers what was sent. */
function fakeTable(processes: ProcessEntry[], react: (pid: number, signal: string) => void) {
  const sent: [number, string][] = [];
  const table: ProcessTable = {
    list: () => Promise.resolve([...processes]),
    living: (entries) =>
      Promise.resolve(entries.filter((e) => processes.some((p) => p.startedAt === e.startedAt))),
    signal: (pid, signal) => {
      sent.push([pid, signal]);
      react(pid, signal);
    },
  };
  return { table, sent };
}

Deno.test("killTree() sends TERM to the group and to those who left it, and no KILL when they obey", async () => {
  const processes = [entry(10, 5, { groupId: 10 }), entry(11, 10, { groupId: 11 }), entry(12, 5)];
  const { table, sent } = fakeTable(processes, (pid) => {
    processes.splice(processes.findIndex((e) => e.pid === Math.abs(pid)), 1);
  });
  await killTree(10, { table });
  assert.deepEqual(sent, [[-10, "SIGTERM"], [11, "SIGTERM"]]);
  assert.deepEqual(processes.map(({ pid }) => pid), [12]);
});

Deno.test("killTree() kills after the grace what ignores TERM, and what it started meanwhile", async () => {
  const processes = [entry(10, 5, { groupId: 10 }), entry(11, 10, { groupId: 11 })];
  const { table, sent } = fakeTable(processes, (pid, signal) => {
    if (pid === -10) processes.shift();
    if (pid === 11 && signal === "SIGTERM") processes.push(entry(13, 11, { groupId: 13 }));
    if (signal === "SIGKILL") processes.splice(processes.findIndex((e) => e.pid === pid), 1);
  });
  await killTree(10, { table, graceMs: 1 });
  assert.deepEqual(sent, [[-10, "SIGTERM"], [11, "SIGTERM"], [11, "SIGKILL"], [13, "SIGKILL"]]);
  assert.deepEqual(processes, []);
});

Deno.test("killTree() signals nobody who got the pid of a member that ended", async () => {
  const processes = [
    entry(10, 5, { groupId: 10 }),
    entry(11, 10, { groupId: 11 }),
    entry(14, 10, { groupId: 14 }),
  ];
  const { table, sent } = fakeTable(processes, (pid, signal) => {
    if (pid === -10) processes.shift();
    // 11 obeys, and an unrelated process is given its pid; 14 does not.
    if (pid === 11) processes[0] = entry(11, 5, { startedAt: "later" });
    if (pid === 14 && signal === "SIGKILL") processes.pop();
  });
  await killTree(10, { table, graceMs: 1 });
  assert.deepEqual(sent, [[-10, "SIGTERM"], [11, "SIGTERM"], [14, "SIGTERM"], [14, "SIGKILL"]]);
});

Deno.test("killTree() leaves a group alone of which it sees no member", async () => {
  const { table, sent } = fakeTable([entry(12, 5)], () => assert.fail("signalled"));
  await killTree(10, { table });
  assert.deepEqual(sent, []);
});

Deno.test("killTree() uses the system's own way where there is one", async () => {
  const { table } = fakeTable([], () => assert.fail("signalled"));
  const killed: number[] = [];
  await killTree(10, {
    table: {
      ...table,
      killWhole: (pid) => {
        killed.push(pid);
        return Promise.resolve();
      },
    },
  });
  assert.deepEqual(killed, [10]);
});
