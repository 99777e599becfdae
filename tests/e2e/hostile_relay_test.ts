/**
 * What a hostile relay achieves: delay and loss. Commands append a line to a file, so a second execution is seen
 * outside the code under test; every answer and every streamed byte is compared with what the command really printed.
 */
import assert from "node:assert/strict";
import { type AttackCase, FRAME_ATTACKS } from "../helpers/hostile_cases.ts";
import type { HostileRelay } from "../helpers/hostile_relay.ts";
import { testSideBySide } from "../helpers/hostile_side_by_side.ts";
import { assertAllSucceeded, inTime, type Scene, setScene } from "../helpers/hostile_scene.ts";

/** How much faster than the wall the peers' clocks go. */
const SPEED = 12;

testSideBySide(
  "a relay achieves nothing but delay and loss",
  FRAME_ATTACKS.map((attack) => ({ name: `a relay that ${attack.name}`, fn: () => play(attack) })),
);

async function play({ name, early, late, succeed, counted }: AttackCase): Promise<void> {
  await using scene = await setScene({
    speed: SPEED,
    ...(early === undefined
      ? {}
      : { prepare: (relay: HostileRelay) => void relay.onFrame(name, early(relay)) }),
  });
  await scene.settled();
  if (late !== undefined) {
    assertAllSucceeded([await scene.call(scene.alpha), await scene.call(scene.beta)]);
    scene.relay.onFrame(name, late(scene));
  }
  const small = [scene.calls(6, scene.alpha), scene.calls(4, scene.beta)];
  const large = [
    scene.calls(1, scene.alpha, { lines: 2_000, streams: true }),
    scene.calls(1, scene.alpha, { paddingBytes: 100_000 }),
    scene.calls(1, scene.beta, { streams: true }),
  ];
  const outcomes = await inTime(Promise.all([...small, ...large]));
  if (succeed === "all") assertAllSucceeded(outcomes.flat());
  else if (succeed === "small") assertAllSucceeded(outcomes.slice(0, small.length).flat());
  await scene.verify();
  for (const { applied } of scene.relay.attacks) assert.ok(applied > 0, "the attack did not happen");
  for (const [who, kind] of counted) {
    assert.ok(scene[who].count(kind) > 0, `${who} did not count ${kind}: ${anomaliesOf(scene)}`);
  }
  // The relay behaves again: nobody is the worse for it.
  for (const attack of scene.relay.attacks) attack[Symbol.dispose]();
  assertAllSucceeded(await inTime(Promise.all([scene.call(scene.alpha), scene.call(scene.beta)])));
  await scene.verify();
}

function anomaliesOf(scene: Scene): string {
  const names = ["caller", "alpha", "beta"] as const;
  return JSON.stringify(Object.fromEntries(names.map((who) => [who, scene[who].peer.anomalies.snapshot()])));
}
