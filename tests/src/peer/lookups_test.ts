import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createLookups, LOOKUP_LIMITS } from "../../../src/peer/lookups.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";

function start({ sendsAtOnce = true } = {}) {
  const asked: Bytes[] = [];
  const clock = { now: 0 };
  const lookups = createLookups({
    now: () => clock.now,
    ask(address) {
      asked.push(address);
      if (sendsAtOnce) lookups.sent(address);
    },
  });
  return { asked, clock, lookups };
}

const here = sampleAddress(1);

Deno.test("find() asks once for all that wait for one address, and anew for the next", async () => {
  const { asked, lookups } = start();
  const waiting = Promise.all([lookups.find(here), lookups.find(here), lookups.find(sampleAddress(2))]);
  assert.deepEqual(asked, [here, sampleAddress(2)]);
  lookups.found(here);
  lookups.found(sampleAddress(2));
  await waiting;
  const again = lookups.find(here);
  assert.equal(asked.length, 3);
  lookups.found(here);
  await again;
});

Deno.test("fail() ends those who wait for one address, or for any, with its error", async () => {
  const { lookups } = start();
  const one = assert.rejects(lookups.find(here), { code: "peer_gone" });
  const others = [2, 3].map((n) => assert.rejects(lookups.find(sampleAddress(n)), { code: "link_lost" }));
  lookups.fail(new OperationError("peer_gone", "Left"), here);
  await one;
  lookups.fail(new OperationError("link_lost", "Lost"));
  await Promise.all(others);
});

Deno.test("tick() ends a lookup that an old relay does not answer, with a remedy", async () => {
  const { clock, lookups } = start();
  const silent = assert.rejects(lookups.find(here), (error) => {
    assert.ok(error instanceof OperationError);
    assert.equal(error.code, "timed_out");
    assert.match(error.toWire().remedy ?? "", /older relay/);
    return true;
  });
  clock.now = LOOKUP_LIMITS.answerMs - 1;
  lookups.tick();
  clock.now++;
  lookups.tick();
  await silent;
});

Deno.test("tick() counts the answer's time from the sending, which has a bound of its own", async () => {
  const { clock, lookups } = start({ sendsAtOnce: false });
  const first = lookups.find(here);
  const second = assert.rejects(lookups.find(sampleAddress(2)), { code: "busy" });
  clock.now = LOOKUP_LIMITS.sendMs - 1;
  lookups.sent(here);
  clock.now += LOOKUP_LIMITS.answerMs - 1;
  lookups.tick();
  await second;
  lookups.found(here);
  await first;
});

Deno.test("find() ends for the caller that gives up, and goes on for the others", async () => {
  using clock = useFakeClock();
  const { asked, lookups } = start();
  const controller = new AbortController();
  const aborted = assert.rejects(lookups.find(here, { signal: controller.signal }), { code: "cancelled" });
  const late = assert.rejects(lookups.find(here, { timeoutMs: 100 }), { code: "timed_out" });
  const patient = lookups.find(here, { timeoutMs: 1_000 });
  controller.abort();
  await aborted;
  await clock.advance(100);
  await late;
  lookups.found(here);
  await patient;
  assert.deepEqual([asked.length, clock.timers], [1, 0]);
  await assert.rejects(lookups.find(here, { signal: controller.signal }), { code: "cancelled" });
  assert.equal(asked.length, 1);
});

Deno.test("find() refuses more addresses than it may look up at once", async () => {
  const { asked, lookups } = start();
  const address = (n: number) => {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, n);
    return bytes;
  };
  const waiting = Array.from({ length: LOOKUP_LIMITS.addresses }, (_, n) => lookups.find(address(n)));
  await assert.rejects(lookups.find(address(LOOKUP_LIMITS.addresses)), { code: "busy" });
  const shared = lookups.find(address(0));
  assert.equal(asked.length, LOOKUP_LIMITS.addresses);
  for (let n = 0; n < LOOKUP_LIMITS.addresses; n++) lookups.found(address(n));
  await Promise.all([...waiting, shared]);
});
