import assert from "node:assert/strict";
import { createFollows, FOLLOWS_PER_TICK, MAX_FOLLOWS } from "../../../src/peer/follows.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";

function start() {
  const sent: Bytes[] = [];
  const cards: Bytes[] = [];
  const follows = createFollows((address, { card }) => {
    sent.push(address);
    if (card) cards.push(address);
  });
  return { sent, cards, follows };
}

function numbered(n: number): Bytes {
  const address = new Uint8Array(16);
  new DataView(address.buffer).setUint32(0, n);
  return address;
}

Deno.test("add() follows each address once, whatever becomes of the view that it was given", () => {
  const { sent, follows } = start();
  const view = sampleAddress(1);
  follows.add(view);
  view.fill(2);
  follows.add(view);
  view.fill(2);
  follows.add(view);
  assert.deepEqual(sent, [sampleAddress(1), sampleAddress(2)]);
});

Deno.test("add() sends 25 at once and keeps the others for the next ticks, in order", () => {
  const { sent, follows } = start();
  for (let i = 0; i < 60; i++) follows.add(numbered(i));
  assert.equal(sent.length, FOLLOWS_PER_TICK);
  follows.tick();
  assert.equal(sent.length, 2 * FOLLOWS_PER_TICK);
  follows.tick();
  follows.tick();
  assert.deepEqual(sent, Array.from({ length: 60 }, (_, i) => numbered(i)));
});

Deno.test("remove() lets an address be followed again, and takes back what was not sent yet", () => {
  const { sent, follows } = start();
  for (let i = 0; i <= FOLLOWS_PER_TICK; i++) follows.add(numbered(i));
  follows.remove(numbered(FOLLOWS_PER_TICK));
  follows.remove(numbered(0));
  follows.tick();
  assert.equal(sent.length, FOLLOWS_PER_TICK);
  follows.add(numbered(0));
  assert.deepEqual(sent.at(-1), numbered(0));
});

Deno.test("clear() forgets all, so that a new connection asks anew", () => {
  const { sent, follows } = start();
  for (let i = 0; i < 30; i++) follows.add(numbered(i));
  follows.clear();
  follows.add(numbered(0));
  assert.equal(sent.length, FOLLOWS_PER_TICK + 1);
  follows.tick();
  assert.equal(sent.length, FOLLOWS_PER_TICK + 1);
});

Deno.test("add() follows at most as many as the relay keeps, the newest", () => {
  const { sent, follows } = start();
  for (let i = 0; i < MAX_FOLLOWS; i++) follows.add(numbered(i));
  follows.add(numbered(MAX_FOLLOWS));
  for (let i = 0; i <= MAX_FOLLOWS / FOLLOWS_PER_TICK; i++) follows.tick();
  const before = sent.length;
  follows.add(numbered(1));
  follows.add(numbered(MAX_FOLLOWS));
  follows.tick();
  assert.equal(sent.length, before);
  follows.add(numbered(0));
  follows.tick();
  assert.deepEqual(sent.slice(before), [numbered(0)]);
});

Deno.test("ask() asks for the card of an address, also of one that is followed, within the same rate", () => {
  const { sent, cards, follows } = start();
  follows.add(numbered(1));
  follows.ask(numbered(1));
  assert.deepEqual([sent, cards], [[numbered(1), numbered(1)], [numbered(1)]]);
  for (let i = 2; i < 60; i++) follows.ask(numbered(i));
  assert.equal(sent.length, FOLLOWS_PER_TICK);
  follows.tick();
  follows.tick();
  assert.deepEqual(cards, Array.from({ length: 59 }, (_, i) => numbered(i + 1)));
});

Deno.test("ask() makes a follow that was not sent yet ask for the card, too, in one message", () => {
  const { sent, cards, follows } = start();
  for (let i = 0; i <= FOLLOWS_PER_TICK; i++) follows.add(numbered(i));
  follows.ask(numbered(FOLLOWS_PER_TICK));
  follows.tick();
  assert.equal(sent.length, FOLLOWS_PER_TICK + 1);
  assert.deepEqual(cards, [numbered(FOLLOWS_PER_TICK)]);
});
