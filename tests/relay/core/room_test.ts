import assert from "node:assert/strict";
import { CloseCode, decodeRelayMessage } from "../../../src/protocol/control.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { encodeFrames, frameOffsets } from "../../../src/protocol/frame.ts";
import { ROSTER_PAGE_SIZE } from "../../../src/protocol/limits.ts";
import type { Effect } from "../../../relay/core/effect.ts";
import { countRosterPages, createRoom, isEmptyRoom, MAX_FOLLOWS, room } from "../../../relay/core/room.ts";

const LIMITS = { framesPerSec: 1, bytesPerSec: 2, idleTimeoutSecs: 3 };

/** Sorts as `n` does. */
function address(n: number): Bytes {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint16(0, n);
  return bytes;
}

/** A room and what it did, each effect as `[to, what]`; byte strings by their number or first byte. */
function createTestRoom(maxMembers = 10_000) {
  const state = createRoom<string>({ maxMembers });
  const show = (effects: Effect<string>[]) => effects.map((effect) => [effect.to, describe(effect)]);
  return {
    state,
    join: (connection: string, n: number, { card = 1, watch = false } = {}) =>
      show(room(state, {
        kind: "joined",
        connection,
        address: address(n),
        card: new Uint8Array([card]),
        watch,
        observed: "192.0.2.1:5",
        limits: LIMITS,
      })),
    card: (connection: string, card: number) =>
      show(room(state, { kind: "card", connection, card: new Uint8Array([card]) })),
    watch: (connection: string, on = true) => show(room(state, { kind: "watch", connection, on })),
    list: (connection: string, after?: number) =>
      show(room(state, {
        kind: "list",
        connection,
        after: after === undefined ? undefined : address(after),
      })),
    follow: (connection: string, n: number, card?: boolean) =>
      show(
        room(state, {
          kind: "follow",
          connection,
          address: address(n),
          ...(card === undefined ? {} : { card }),
        }),
      ),
    left: (connection: string) => show(room(state, { kind: "left", connection })),
    send: (connection: string, n: number) => {
      const message = encodeFrames([{ address: address(n), payload: new Uint8Array(1) }]);
      return show(room(state, { kind: "frames", connection, message, offsets: frameOffsets(message) }));
    },
  };
}

function numberOf(bytes: Bytes): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
}

function describe(effect: Effect<string>): string {
  if (effect.kind === "forward") return `frames of ${numberOf(effect.segment.subarray(4))}`;
  if (effect.kind === "close") return `close ${effect.refusal.closeCode} ${effect.refusal.code}`;
  const message = decodeRelayMessage(effect.text);
  switch (message.type) {
    case "welcome":
      return `welcome ${numberOf(message.address)} of ${message.members}`;
    case "roster":
      return `roster ${message.peers.map((peer) => `${numberOf(peer.address)}/${peer.card[0]}`).join(" ")}${
        message.more ? " ..." : ""
      }`;
    case "joined":
      return `joined ${numberOf(message.address)}/${message.card[0]}`;
    case "left":
      return `left ${numberOf(message.address)}`;
    case "undeliverable":
      return `undeliverable ${numberOf(message.to)}`;
    default:
      return message.type;
  }
}

Deno.test("room() welcomes a member with its address, the count, where it comes from and the limits", () => {
  const state = createRoom<string>({ maxMembers: 5 });
  const [effect] = room(state, {
    kind: "joined",
    connection: "a",
    address: address(7),
    card: new Uint8Array([1]),
    watch: false,
    observed: "192.0.2.1:5",
    limits: LIMITS,
  });
  assert.ok(effect?.kind === "text");
  assert.deepEqual(decodeRelayMessage(effect.text), {
    type: "welcome",
    address: address(7),
    members: 1,
    observed: "192.0.2.1:5",
    limits: LIMITS,
  });
});

Deno.test("room() tells watchers of others who join, change their card and leave, and nobody else", () => {
  const test = createTestRoom();
  test.join("a", 1);
  assert.deepEqual(test.join("w", 2, { watch: true }), [["w", "welcome 2 of 2"], ["w", "roster 1/1 2/1"]]);
  assert.deepEqual(test.join("b", 3), [["b", "welcome 3 of 3"], ["w", "joined 3/1"]]);
  assert.deepEqual(test.card("b", 9), [["w", "joined 3/9"]]);
  assert.deepEqual(test.card("w", 8), []);
  assert.deepEqual(test.list("a"), [["a", "roster 1/1 2/8 3/9"]]);
  assert.deepEqual(test.left("b"), [["w", "left 3"]]);
  assert.deepEqual(test.left("b"), []);
  assert.deepEqual(test.left("w"), []);
  assert.deepEqual(test.left("a"), []);
  assert.ok(isEmptyRoom(test.state));
});

Deno.test("room() starts and stops watching, and sends the roster once", () => {
  const test = createTestRoom();
  test.join("a", 1);
  test.join("b", 2);
  assert.deepEqual(test.watch("a"), [["a", "roster 1/1 2/1"]]);
  assert.deepEqual(test.watch("a"), []);
  assert.deepEqual(test.watch("a", false), []);
  assert.deepEqual(test.card("b", 5), []);
  assert.deepEqual(test.watch("a"), [["a", "roster 1/1 2/5"]]);
});

Deno.test("room() replaces a connection of the same address: close, a new card, no left", () => {
  const test = createTestRoom();
  test.join("w", 1, { watch: true });
  test.join("old", 2);
  assert.deepEqual(test.join("new", 2, { card: 6 }), [
    ["old", `close ${CloseCode.replaced} replaced`],
    ["new", "welcome 2 of 2"],
    ["w", "joined 2/6"],
  ]);
  assert.deepEqual(test.send("w", 2), [["new", "frames of 1"]]);
  assert.deepEqual(test.left("old"), [], "the late close of the replaced connection means nothing");
  assert.deepEqual(test.send("old", 1), []);
  assert.deepEqual(test.left("new"), [["w", "left 2"]]);
});

Deno.test("room() refuses one more than its size, but not a replacement", () => {
  const test = createTestRoom(2);
  test.join("a", 1);
  test.join("b", 2);
  assert.deepEqual(test.join("c", 3), [["c", `close ${CloseCode.roomNotAllowed} room_full`]]);
  assert.deepEqual(test.list("c"), []);
  assert.deepEqual(test.join("b2", 2), [["b", `close ${CloseCode.replaced} replaced`], [
    "b2",
    "welcome 2 of 2",
  ]]);
  test.left("a");
  assert.deepEqual(test.join("c", 3), [["c", "welcome 3 of 2"]]);
});

Deno.test("room() pages the roster by address, whatever the order of joining", () => {
  const test = createTestRoom();
  const count = 2 * ROSTER_PAGE_SIZE + 3;
  // 7 and the count have no common divisor, so every number from 0 comes once.
  for (let i = 0; i < count; i++) test.join(`c${i}`, (i * 7) % count);
  const entries = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${from + i}/1`).join(" ");
  const first = `roster ${entries(0, ROSTER_PAGE_SIZE)} ...`;
  const second = `roster ${entries(ROSTER_PAGE_SIZE, 2 * ROSTER_PAGE_SIZE)} ...`;
  const third = `roster ${entries(2 * ROSTER_PAGE_SIZE, count)}`;
  assert.equal(countRosterPages(test.state), 3);
  assert.deepEqual(test.watch("c0"), [["c0", first], ["c0", second], ["c0", third]]);
  assert.deepEqual(test.list("c0"), [["c0", first]]);
  assert.deepEqual(test.list("c0", ROSTER_PAGE_SIZE - 1), [["c0", second]]);
  assert.deepEqual(test.list("c0", 2 * ROSTER_PAGE_SIZE - 1), [["c0", third]]);
  assert.deepEqual(test.list("c0", count), [["c0", "roster "]]);
});

Deno.test("room() lists from where an address that has left would be", () => {
  const test = createTestRoom();
  for (const n of [10, 20, 30]) test.join(`c${n}`, n);
  assert.deepEqual(test.list("c10", 15), [["c10", "roster 20/1 30/1"]]);
  assert.deepEqual(test.list("c10", 20), [["c10", "roster 30/1"]]);
});

Deno.test("room() tells a follower once that an address left, and at once if it is not there", () => {
  const test = createTestRoom();
  test.join("a", 1);
  test.join("b", 2);
  assert.deepEqual(test.follow("a", 9), [["a", "left 9"]]);
  assert.deepEqual(test.follow("a", 2), []);
  assert.deepEqual(test.follow("a", 2), []);
  assert.deepEqual(test.left("b"), [["a", "left 2"]]);
  test.join("b", 2);
  assert.deepEqual(test.left("b"), [], "the follow ended with the first left");
});

for (
  const [what, n, card, expected] of [
    ["the newest card of a member", 2, true, ["joined 2/7"]],
    ["the own card", 1, true, ["joined 1/1"]],
    ["that an address is not there", 9, true, ["left 9"]],
    ["no card to who did not ask for it", 2, false, []],
    ["no card to who did not say", 2, undefined, []],
  ] as const
) {
  Deno.test(`room() answers a follow with ${what}`, () => {
    const test = createTestRoom();
    test.join("a", 1);
    test.join("b", 2);
    test.card("b", 7);
    test.join("w", 3, { watch: true });
    assert.deepEqual(test.follow("a", n, card), expected.map((text) => ["a", text]));
    assert.deepEqual(test.follow("a", n, card), expected.map((text) => ["a", text]), "asked again");
    // It follows from then on, if there is something to follow.
    const told = test.left("b").filter(([to]) => to === "a");
    assert.deepEqual(told, n === 2 ? [["a", "left 2"]] : []);
  });
}

Deno.test("room() answers for a card as often as it is asked, and keeps one follow", () => {
  const test = createTestRoom();
  test.join("a", 1);
  test.join("b", 2);
  for (let i = 0; i < 3; i++) test.follow("a", 2, true);
  assert.deepEqual(test.left("b"), [["a", "left 2"]]);
  assert.equal(test.state.followers.size, 0);
});

Deno.test("room() tells who follows that a member was replaced, since what it had asked is lost", () => {
  const test = createTestRoom();
  test.join("w", 1, { watch: true });
  test.join("a", 3);
  test.join("b", 2);
  test.follow("w", 2);
  test.follow("a", 2);
  const effects = test.join("b2", 2);
  assert.deepEqual(effects.filter(([to]) => to === "a"), [["a", "left 2"]]);
  assert.ok(!effects.some(([to, text]) => to === "w" && text === "left 2"));
  assert.deepEqual(test.left("b2"), [["w", "left 2"]]);
});

Deno.test("room() tells who follows and watches only once", () => {
  const test = createTestRoom();
  test.join("w", 1, { watch: true });
  test.join("a", 3);
  test.join("b", 2);
  test.follow("w", 2);
  test.follow("a", 2);
  assert.deepEqual(test.left("b"), [["w", "left 2"], ["a", "left 2"]]);
});

Deno.test("room() forgets what a connection followed when it leaves", () => {
  const test = createTestRoom();
  test.join("a", 1);
  test.join("b", 2);
  test.follow("a", 2);
  test.left("a");
  assert.equal(test.state.followers.size, 0);
  assert.deepEqual(test.left("b"), []);
});

Deno.test("room() bounds what one connection follows, oldest out", () => {
  const test = createTestRoom();
  test.join("a", 60_000);
  for (let n = 0; n <= MAX_FOLLOWS; n++) {
    test.join(`c${n}`, n);
    test.follow("a", n);
  }
  assert.equal(test.state.followers.size, MAX_FOLLOWS);
  assert.deepEqual(test.left("c0"), []);
  assert.deepEqual(test.left("c1"), [["a", "left 1"]]);
  assert.deepEqual(test.left(`c${MAX_FOLLOWS}`), [["a", `left ${MAX_FOLLOWS}`]]);
});

Deno.test("room() does nothing for a connection that is not a member", () => {
  const test = createTestRoom();
  test.join("a", 1, { watch: true });
  for (
    const effects of [
      test.send("x", 1),
      test.card("x", 1),
      test.watch("x"),
      test.list("x"),
      test.follow("x", 1),
    ]
  ) {
    assert.deepEqual(effects, []);
  }
});
