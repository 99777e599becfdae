import assert from "node:assert/strict";
import { dropParts } from "../../../../src/fleet/mapreduce/drop_parts.ts";
import { useFakeClock } from "../../../helpers/fake_clock.ts";
import { createSimulatedFleet } from "./simulated_fleet.ts";

Deno.test("dropParts() asks every host, and names those that did not confirm it in time", async () => {
  using clock = useFakeClock();
  const ids = Array.from({ length: 40 }, (_, i) => `h${i}`);
  const fleet = createSimulatedFleet(ids, {
    commands: {},
    duration: ({ host }) => host === "h3" ? 60_000 : 10,
  });
  fleet.ports.self.spool.addBytes("in.0", new Uint8Array(1));
  const missed = dropParts({ run: `r_${"a".repeat(20)}`, ticket: "b".repeat(32) }, fleet.ports, [
    ...ids,
    "gone",
  ]);
  await clock.advance(11_000);
  assert.deepEqual(await missed, ["gone", "h3"]);
  assert.equal(fleet.log.length, 41);
  assert.deepEqual(fleet.parts(), []);
  assert.equal(clock.timers, 0);
});
