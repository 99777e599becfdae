/**
 * A campaign of a hostile relay: all that it can do, at random, against many calls at once, and then good behaviour.
 */
import assert from "node:assert/strict";
import { encodeUnknown } from "../../src/protocol/packet.ts";
import { eventually, note } from "./eventually.ts";
import { seededRandom } from "./hostile_attacks.ts";
import { type Delivery, type HostileRelay, type PassingFrame, passOn } from "./hostile_relay.ts";
import { assertAllSucceeded, inTime, type Outcome, type Scene, setScene } from "./hostile_scene.ts";

const ACTIONS = 200;
/** Share of the frames to which something is done. */
const SHARE = 0.25;
/** Calls that are made at a time, and how often. */
const WAVE = 6;
const WAVE_EVERY_MS = 150;
const CONTROL_EVERY_MS = 80;
const MAX_DELAY_MS = 400;

interface Chance {
  /** A number from 0 up to `n`, exclusive. */
  below(n: number): number;
  of<T>(things: readonly T[]): T | undefined;
}

type FrameAction = (frame: PassingFrame, relay: HostileRelay, chance: Chance) => readonly Delivery[];
type ControlAction = (relay: HostileRelay, chance: Chance) => void;

/** Runs the campaign until at least 200 actions were taken, and checks everything. */
export async function runCampaign(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const chance: Chance = {
    below: (n) => Math.floor(random() * n),
    of: (things) => things[Math.floor(random() * things.length)],
  };
  await using scene = await setScene({ speed: 10 });
  const second = await scene.add({ name: "second", role: "session", accepts: false });
  await scene.settled();
  const { relay } = scene;
  const attack = relay.onFrame("does something at random", (frame) => {
    if (random() > SHARE) return undefined;
    return chance.of(FRAME_ACTIONS)?.(frame, relay, chance);
  });
  let controls = 0;
  const timer = setInterval(() => {
    controls++;
    chance.of(CONTROL_ACTIONS)?.(relay, chance);
  }, CONTROL_EVERY_MS);
  const waves: Promise<Outcome[]>[] = [];
  try {
    while (attack.applied + controls < ACTIONS) {
      waves.push(wave(scene, [scene.caller, second], chance));
      await new Promise<void>((resolve) => relay.later(WAVE_EVERY_MS, resolve));
    }
  } finally {
    clearInterval(timer);
    attack[Symbol.dispose]();
  }
  const outcomes = (await inTime(Promise.all(waves))).flat();
  assert.ok(attack.applied > 50 && controls > 5, `${attack.applied} frames, ${controls} messages`);
  await scene.verify();

  // The relay is started again and behaves. Nobody has to be restarted.
  await eventually("all are connected", () => relay.victims.length === 4);
  const downs = scene.caller.downs.length;
  relay.close(1012);
  await eventually("the caller noticed the restart", () => scene.caller.downs.length > downs);
  await scene.settled();
  const after = await inTime(Promise.all([
    scene.calls(4, scene.alpha),
    scene.calls(4, scene.beta, { streams: true, lines: 500 }),
    scene.calls(4, scene.alpha, { by: second, paddingBytes: 100_000 }),
  ]));
  assertAllSucceeded(after.flat());
  await scene.verify();
  const succeeded = outcomes.filter(({ error }) => error === undefined).length;
  note(
    `${attack.applied} frames and ${controls} messages attacked, ${succeeded} of ${outcomes.length} calls succeeded`,
  );
}

async function wave(scene: Scene, callers: readonly Scene["caller"][], chance: Chance): Promise<Outcome[]> {
  const calls = Array.from(
    { length: WAVE },
    () =>
      scene.call(chance.below(2) === 0 ? scene.alpha : scene.beta, {
        by: chance.of(callers) ?? scene.caller,
        lines: chance.below(3) === 0 ? 800 : 1,
        paddingBytes: chance.below(4) === 0 ? 80_000 : 0,
        streams: chance.below(2) === 0,
      }),
  );
  return await Promise.all(calls);
}

const FRAME_ACTIONS: readonly FrameAction[] = [
  () => [],
  (frame) => [...passOn(frame), ...passOn(frame), ...passOn(frame)],
  (frame, relay, chance) => {
    relay.later(chance.below(MAX_DELAY_MS), () => relay.deliver(passOn(frame)));
    return [];
  },
  (frame, relay, chance) => {
    relay.later(chance.below(MAX_DELAY_MS), () => relay.deliver(passOn(frame)));
    return passOn(frame);
  },
  ({ from, payload }, relay, chance) => {
    const to = chance.of(relay.victims);
    return to === undefined ? [] : [{ to, as: from.address, payload }];
  },
  (frame, relay, chance) => {
    const as = chance.of(relay.victims)?.address ?? frame.from.address;
    return passOn(frame).map((delivery) => ({ ...delivery, as }));
  },
  (frame, _relay, chance) =>
    passOn(frame).map((delivery) => {
      const payload = delivery.payload.slice();
      const at = chance.below(payload.length);
      payload[at] = (payload[at] ?? 0) ^ (1 << chance.below(8));
      return { ...delivery, payload };
    }),
  (frame, _relay, chance) =>
    passOn(frame).map((delivery) => ({
      ...delivery,
      payload: delivery.payload.slice(0, chance.below(delivery.payload.length)),
    })),
  (frame, _relay, chance) =>
    passOn(frame).flatMap((delivery) => [
      { ...delivery, payload: crypto.getRandomValues(new Uint8Array(1 + chance.below(2_000))) },
      delivery,
    ]),
  (frame, relay, chance) => {
    const old = chance.of(relay.seen);
    return [...(old === undefined ? [] : connected(relay, passOn(old))), ...passOn(frame)];
  },
  (frame, relay, chance) => {
    // The answer of one is given for another: the same payload with the index of another record.
    const other = chance.of(relay.seen);
    if (other === undefined || frame.payload.length < 13 || other.payload.length < 13) return passOn(frame);
    const payload = frame.payload.slice();
    payload.set(other.payload.subarray(1, 5), 1);
    return passOn({ ...frame, payload });
  },
];

const CONTROL_ACTIONS: readonly ControlAction[] = [
  (relay, chance) => tellSomebody(relay, chance, (address) => ({ type: "left", address })),
  (relay, chance) => tellSomebody(relay, chance, (to) => ({ type: "undeliverable", to, count: 1 })),
  (relay, chance) => {
    const card = crypto.getRandomValues(new Uint8Array(300));
    tellSomebody(relay, chance, (address) => ({ type: "joined", address, card }));
  },
  (relay, chance) => {
    const card = chance.of(relay.victims)?.cards[0];
    if (card !== undefined) tellSomebody(relay, chance, (address) => ({ type: "joined", address, card }));
  },
  announceAll,
  announceAll,
  (relay, chance) => {
    const to = chance.of(relay.victims);
    if (to !== undefined) relay.say(to, chance.of(["", "{}", "null", '{"type":"left"}', "\u0000"]) ?? "");
  },
  (relay, chance) => {
    const to = chance.of(relay.victims);
    if (to !== undefined) relay.sendRaw(to, crypto.getRandomValues(new Uint8Array(1 + chance.below(5_000))));
  },
  (relay, chance) => {
    const record = chance.of(relay.seen);
    if (record?.to === undefined || record.payload.length < 5) return;
    const index = new DataView(record.payload.buffer).getUint32(1);
    const hint = { to: record.from, as: record.to.address, payload: encodeUnknown(index) };
    relay.deliver(connected(relay, [hint]));
  },
  (relay, chance) => {
    const to = chance.of(relay.victims);
    if (to !== undefined && chance.below(4) === 0) {
      relay.close(chance.of([1000, 1011, 1012, 4429]) ?? 1000, to);
    }
  },
];

function tellSomebody(
  relay: HostileRelay,
  chance: Chance,
  message: (about: PassingFrame["from"]["address"]) => Parameters<HostileRelay["say"]>[1],
): void {
  const to = chance.of(relay.victims);
  const about = chance.of(relay.victims);
  if (to !== undefined && about !== undefined) relay.say(to, message(about.address));
}

/** What an honest relay says when somebody joins, about everybody to everybody; some of it is news by now. */
function announceAll(relay: HostileRelay): void {
  for (const to of relay.victims) {
    for (const { address, cards } of relay.victims) {
      const card = cards.at(-1);
      if (card !== undefined) relay.say(to, { type: "joined", address, card });
    }
  }
}

/** Old deliveries name connections that may be gone; frames go to whoever has the address now. */
function connected(relay: HostileRelay, deliveries: readonly Delivery[]): Delivery[] {
  return deliveries.flatMap((delivery) => {
    const to = relay.victims.find(({ address }) =>
      address.every((byte, i) => byte === delivery.to.address[i])
    );
    return to === undefined ? [] : [{ ...delivery, to }];
  });
}
