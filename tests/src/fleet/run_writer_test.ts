import assert from "node:assert/strict";
import type { RunRecord } from "../../../src/fleet/run.ts";
import { HOSTS_IN_ROW } from "../../../src/fleet/run_store.ts";
import { RunWriter, SAVE_MS } from "../../../src/fleet/run_writer.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";
import { flow } from "./_runs.ts";

const RECORD: RunRecord = {
  id: "r_abcdefghijabcdefghij",
  tool: "fleet_exec",
  op: "exec",
  params: {},
  target: "all",
  status: "running",
  startedAt: 1,
  flow: flow(),
  hosts: [],
  leftOut: [],
};

/** A writer over a store that says what was written, and fails while `isFull`. */
function make() {
  const written: number[][] = [];
  const problems: (string | undefined)[] = [];
  const disk = { isFull: false };
  const writer = new RunWriter({
    store: {
      save: (_, parts) => {
        written.push([...parts]);
        return disk.isFull ? Promise.reject(new Error("the disk is full")) : Promise.resolve();
      },
    },
    record: () => RECORD,
    onKept: (problem) => problems.push(problem),
  });
  return { writer, written, problems, disk };
}

Deno.test("RunWriter writes what changed in one go, a few times a second", async () => {
  using clock = useFakeClock();
  const { writer, written } = make();
  await writer.save();
  for (let i = 0; i < 3 * HOSTS_IN_ROW; i++) writer.hostChanged(i);
  await clock.advance(SAVE_MS - 1);
  assert.deepEqual(written, [[]]);
  await clock.advance(1);
  assert.deepEqual(written, [[], [0, 1, 2]]);
  writer.hostChanged(5);
  await clock.advance(SAVE_MS);
  assert.deepEqual(written.at(-1), [0]);
  assert.equal(clock.timers, 0);
});

Deno.test("save() writes nothing if nothing changed", async () => {
  const { writer, written } = make();
  await writer.save();
  await writer.save();
  assert.equal(written.length, 1);
  writer.headChanged();
  await writer.save();
  assert.equal(written.length, 2);
});

Deno.test("RunWriter says that a run is not kept, tries again, and says when it is", async () => {
  using clock = useFakeClock();
  const { writer, written, problems, disk } = make();
  disk.isFull = true;
  writer.hostChanged(0);
  await clock.advance(SAVE_MS);
  writer.hostChanged(HOSTS_IN_ROW);
  await clock.advance(5_000);
  assert.deepEqual(problems, ["the disk is full"]);
  disk.isFull = false;
  await writer.save();
  assert.deepEqual(problems, ["the disk is full", undefined]);
  assert.deepEqual(written, [[0], [0, 1], [0, 1]]);
  assert.equal(clock.timers, 0);
});

Deno.test("stop() leaves no timer behind", () => {
  using clock = useFakeClock();
  const { writer } = make();
  writer.hostChanged(0);
  writer.stop();
  assert.equal(clock.timers, 0);
});
