import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_RECORDS } from "../../../src/crypto/session.ts";
import { createOrdered } from "../../../src/peer/ordered.ts";
import {
  createSessionTable,
  type Established,
  type Initiating,
  isDueForRekey,
  type PeerState,
  SESSION_LIMITS,
  type SessionTable,
  usableSession,
} from "../../../src/peer/session_table.ts";
import { createTasks } from "../../../src/peer/tasks.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";

const here = sampleAddress(1);

function start(indexes: () => number = () => Math.floor(Math.random() * 2 ** 32)) {
  const sent: Bytes[] = [];
  const table = createSessionTable({
    randomIndex: indexes,
    sendFrame: (_to, record) => sent.push(record),
    tasks: createTasks(),
  });
  return { table, sent };
}

function session(
  table: SessionTable,
  peer: PeerState,
  options: Partial<Established> & { sent?: number } = {},
) {
  const { sent = 0, ...rest } = options;
  const made: Established = {
    kind: "established",
    peer,
    index: table.freshIndex(),
    remoteIndex: 0,
    layer: { sent, seal: (plaintext) => plaintext, open: ({ ciphertext }) => ciphertext },
    inbox: createOrdered<Bytes>(() => {}, () => {}, createTasks()),
    createdAt: 0,
    isConfirmed: true,
    retiresAt: 1_000,
    ...rest,
  };
  table.add(made);
  return made;
}

function initiating(table: SessionTable, peer: PeerState, options: Partial<Initiating> = {}): Initiating {
  const unused = () => Promise.reject(new Error("Not of this test"));
  const handshake = { writeMessage: unused, readMessage: unused, split: unused, remoteStaticKey: undefined };
  const made: Initiating = {
    kind: "initiating",
    peer,
    index: table.freshIndex(),
    handshake,
    startedAt: 0,
    isBusy: false,
    ...options,
  };
  table.setInitiating(peer, made);
  return made;
}

Deno.test("peer() makes one state an address, which keeps no view", () => {
  const { table } = start();
  const view = sampleAddress(1);
  const peer = table.peer(view);
  view.fill(9);
  assert.equal(table.peer(here), peer);
  assert.deepEqual(peer.address, here);
  assert.equal(table.findPeer(view), undefined);
});

Deno.test("freshIndex() draws again what is taken by a session or a handshake", () => {
  const drawn = [5, 5, 6, 5, 6, 7];
  const { table } = start(() => drawn.shift() ?? assert.fail("It draws too often"));
  const peer = table.peer(here);
  assert.deepEqual([session(table, peer).index, initiating(table, peer).index, table.freshIndex()], [
    5,
    6,
    7,
  ]);
});

Deno.test("find() finds sessions and handshakes by their index until they are retired or replaced", () => {
  const { table } = start();
  const peer = table.peer(here);
  const [one, first] = [session(table, peer), initiating(table, peer)];
  assert.deepEqual([table.find(one.index), table.find(first.index)], [one, first]);
  const second = initiating(table, peer);
  assert.deepEqual([table.find(first.index), table.find(second.index)], [undefined, second]);
  peer.current = one;
  table.retire(one);
  assert.deepEqual([table.find(one.index), peer.current, peer.sessions], [undefined, undefined, []]);
  table.setInitiating(peer, undefined);
  assert.equal(table.find(second.index), undefined);
});

Deno.test("add() retires the oldest session of a peer past its bound", () => {
  const { table } = start();
  const peer = table.peer(here);
  const all = Array.from({ length: SESSION_LIMITS.perPeer + 2 }, () => session(table, peer));
  assert.deepEqual(peer.sessions, all.slice(2));
  assert.deepEqual(all.map(({ index }) => table.find(index) !== undefined), all.map((_, i) => i >= 2));
});

Deno.test("add() retires the oldest half-open session of all peers past the bound, and none that is confirmed", () => {
  const { table } = start();
  const confirmed = session(table, table.peer(sampleAddress(200)), { isConfirmed: false });
  table.confirm(confirmed);
  const halfOpen = Array.from(
    { length: SESSION_LIMITS.halfOpen + 3 },
    (_, i) => session(table, table.peer(sampleAddress(i)), { isConfirmed: false }),
  );
  const kept = halfOpen.filter(({ index }) => table.find(index) !== undefined);
  assert.deepEqual(kept, halfOpen.slice(3));
  assert.equal(table.find(confirmed.index), confirmed);
});

Deno.test("drop() forgets a peer, its sessions and its handshake, and leaves others", () => {
  const { table } = start();
  const [peer, other] = [table.peer(here), table.peer(sampleAddress(2))];
  const gone = [session(table, peer), session(table, peer, { isConfirmed: false }), initiating(table, peer)];
  const kept = session(table, other);
  table.drop(here);
  table.drop(here);
  assert.deepEqual(gone.map(({ index }) => table.find(index)), [undefined, undefined, undefined]);
  assert.deepEqual([table.findPeer(here), table.find(kept.index)], [undefined, kept]);
});

Deno.test("sweep() retires what is past its time and forgets peers without anything", () => {
  const { table } = start();
  const [early, late] = [
    session(table, table.peer(here)),
    session(table, table.peer(here), { retiresAt: 2_000 }),
  ];
  table.sweep(999);
  assert.equal(table.find(early.index), early);
  table.sweep(1_000);
  assert.deepEqual([table.find(early.index), table.find(late.index)], [undefined, late]);
  table.sweep(2_000);
  assert.equal(table.findPeer(here), undefined);
});

Deno.test("sweep() keeps a peer that starts a handshake or for which something waits", () => {
  const { table } = start();
  const [starting, waiting] = [table.peer(here), table.peer(sampleAddress(2))];
  starting.isStarting = true;
  waiting.queue.push(new Uint8Array(1));
  table.sweep(0);
  assert.deepEqual([table.findPeer(here), table.findPeer(sampleAddress(2))], [starting, waiting]);
});

Deno.test("sweep() returns the handshakes without a reply for 4 s that nobody works on", () => {
  const { table } = start();
  const late = initiating(table, table.peer(here));
  initiating(table, table.peer(sampleAddress(2)), { startedAt: 1 });
  initiating(table, table.peer(sampleAddress(3)), { isBusy: true });
  assert.deepEqual(table.sweep(SESSION_LIMITS.handshakeTimeoutMs - 1), []);
  assert.deepEqual(table.sweep(SESSION_LIMITS.handshakeTimeoutMs), [late]);
});

Deno.test("sweep() waits twice as long for each further attempt", () => {
  const { table } = start();
  const peer = table.peer(here);
  const late = initiating(table, peer);
  for (const [attempt, expectedMs] of [[0, 4_000], [1, 4_000], [2, 8_000], [3, 16_000]] as const) {
    peer.attempts = attempt;
    assert.deepEqual(table.sweep(expectedMs - 1), [], String(attempt));
    assert.deepEqual(table.sweep(expectedMs), [late], String(attempt));
  }
});

Deno.test("the table finds every session that its peers hold, and no other, whatever happens", () => {
  const step = fc.record({
    what: fc.constantFrom("add", "add half", "confirm", "retire", "drop", "sweep"),
    peer: fc.integer({ min: 1, max: 20 }),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const { table } = start();
      const made: Established[] = [];
      let now = 0;
      for (const { what, peer, pick } of steps) {
        const address = sampleAddress(peer);
        const picked = made[pick % Math.max(1, made.length)];
        const isThere = picked !== undefined && table.find(picked.index) === picked;
        if (what.startsWith("add")) {
          const isConfirmed = what === "add";
          made.push(session(table, table.peer(address), { isConfirmed, retiresAt: now + (pick % 50) }));
        } else if (what === "drop") table.drop(address);
        else if (what === "sweep") table.sweep(now += 5);
        else if (isThere && what === "confirm") table.confirm(picked);
        else if (isThere) table.retire(picked);
        const held = new Set(
          [...new Set(made.map((each) => each.peer))]
            .filter((state) => table.findPeer(state.address) === state)
            .flatMap(({ sessions }) => sessions),
        );
        for (const each of made) assert.equal(table.find(each.index) === each, held.has(each));
        const halfOpen = [...held].filter(({ isConfirmed }) => !isConfirmed);
        assert.ok(halfOpen.length <= SESSION_LIMITS.halfOpen);
        for (const { peer: state } of held) assert.ok(state.sessions.length <= SESSION_LIMITS.perPeer);
      }
    }),
    { numRuns: 50 },
  );
});

for (
  const [what, current, isUsable] of [
    ["a fresh one", {}, true],
    ["one past its time", { retiresAt: 10 }, false],
    ["one whose keys are used up", { sent: MAX_RECORDS }, false],
  ] as const
) {
  Deno.test(`usableSession() ${isUsable ? "takes" : "does not take"} ${what}`, () => {
    const { table } = start();
    const peer = table.peer(here);
    assert.equal(usableSession(peer, 10), undefined);
    peer.current = session(table, peer, current);
    assert.equal(usableSession(peer, 10), isUsable ? peer.current : undefined);
  });
}

for (
  const [what, current, now, isDue] of [
    ["within the hour", {}, SESSION_LIMITS.rekeyAfterMs, false],
    ["after the hour", {}, SESSION_LIMITS.rekeyAfterMs + 1, true],
    ["after half of the records", { sent: MAX_RECORDS / 2 + 1 }, 0, true],
  ] as const
) {
  Deno.test(`isDueForRekey() is ${isDue} ${what}`, () => {
    const { table } = start();
    assert.equal(isDueForRekey(session(table, table.peer(here), current), now), isDue);
  });
}
