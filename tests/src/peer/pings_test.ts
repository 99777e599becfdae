import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createPings } from "../../../src/peer/pings.ts";
import type { Header } from "../../../src/protocol/message.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";

const [here, there] = [sampleAddress(1), sampleAddress(2)];

function start(send: (header: Header) => void = () => {}) {
  let time = 0;
  const sent: Header[] = [];
  const pings = createPings({
    now: () => time,
    send: (_address, header) => {
      sent.push(header);
      send(header);
    },
  });
  return { pings, sent, pass: (ms: number) => time += ms };
}

function code(expected: string) {
  return (error: unknown) => error instanceof OperationError && error.code === expected;
}

Deno.test("ping() resolves with the time from sending to the pong", async () => {
  const { pings, sent, pass } = start();
  const first = pings.ping(here, 100);
  pass(7);
  const second = pings.ping(here, 100);
  pass(5);
  const ids = sent.map((header) => header.id);
  assert.deepEqual(sent.map(({ t }) => t), ["ping", "ping"]);
  pings.receive(here, ids[1] ?? -1);
  pings.receive(here, ids[0] ?? -1);
  assert.deepEqual(await Promise.all([first, second]), [12, 5]);
});

Deno.test("receive() ignores a pong of another peer, a late one and an invented one", async () => {
  const { pings, sent, pass } = start();
  const ping = pings.ping(here, 100);
  const id = sent[0]?.id ?? -1;
  pings.receive(there, id);
  pings.receive(here, 999);
  pass(3);
  pings.receive(here, id);
  pings.receive(here, id);
  assert.equal(await ping, 3);
});

Deno.test("tick() ends a ping at its deadline and not before", async () => {
  const { pings, pass } = start();
  const ping = pings.ping(here, 100);
  let isSettled = false;
  ping.catch(() => isSettled = true);
  pass(99);
  pings.tick();
  await Promise.resolve();
  assert.equal(isSettled, false);
  pass(1);
  pings.tick();
  await assert.rejects(ping, code("timed_out"));
});

Deno.test("fail() ends the pings of one address, or all", async () => {
  const { pings } = start();
  const error = new OperationError("peer_gone", "Gone");
  const [gone, other] = [pings.ping(here, 100), pings.ping(there, 100)];
  pings.fail(error, here);
  await assert.rejects(gone, code("peer_gone"));
  pings.fail(new OperationError("link_lost", "Lost"));
  await assert.rejects(other, code("link_lost"));
});

Deno.test("ping() rejects when it cannot be sent, and keeps nothing", async () => {
  const { pings } = start(() => {
    throw new OperationError("busy", "Too much");
  });
  for (let i = 0; i < 5_000; i++) await assert.rejects(pings.ping(here, 100), /Too much/);
});

Deno.test("ping() refuses to measure without a bound", async () => {
  const { pings } = start();
  const waiting = Array.from({ length: 4_096 }, () => pings.ping(here, 100));
  await assert.rejects(pings.ping(there, 100), code("busy"));
  pings.fail(new OperationError("peer_gone", "Gone"));
  for (const { status } of await Promise.allSettled(waiting)) assert.equal(status, "rejected");
});
