import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import type { MapReduceSpec } from "../../../../src/fleet/mapreduce/ports.ts";
import { readSnapshot, takeSnapshot } from "../../../../src/fleet/mapreduce/snapshot.ts";
import { textInput } from "./simulated_fleet.ts";

const spec: MapReduceSpec = {
  run: `r_${"a".repeat(20)}`,
  ticket: "b".repeat(32),
  map: "m",
  isKeyed: true,
  format: "lines",
  items: "text",
  reducers: 2,
  inputs: [textInput("a"), textInput("b")],
  inputIdentity: "size 2",
};
const finished = {
  maps: [{ partition: 1, host: "h", attempt: 3, bytes: [1, 2] }],
  reduces: [{ partition: 0, host: "g", attempt: 0, bytes: [9] }],
};

Deno.test("readSnapshot() reads what takeSnapshot() wrote, with new numbers for attempts each time", () => {
  const first = JSON.parse(JSON.stringify(takeSnapshot(spec, finished, 0)));
  assert.deepEqual(readSnapshot(spec, first), { finished, firstAttempt: 1_000, times: 1 });
  assert.deepEqual(readSnapshot(spec, takeSnapshot(spec, finished, 1)), {
    finished,
    firstAttempt: 2_000,
    times: 2,
  });
});

for (
  const [what, other] of [
    ["another run", { run: `r_${"c".repeat(20)}` }],
    ["another ticket", { ticket: "c".repeat(32) }],
    ["an input that has changed", { inputIdentity: "size 3" }],
    ["other partitions", { inputs: [] }],
    ["other reducers", { reducers: 3 }],
  ] as const
) {
  Deno.test(`readSnapshot() refuses what was kept for ${what}`, () => {
    assert.throws(() => readSnapshot({ ...spec, ...other }, takeSnapshot(spec, finished, 0)), OperationError);
  });
}

for (const value of [null, {}, { ...takeSnapshot(spec, finished, 0), v: 2 }, "x"]) {
  Deno.test(`readSnapshot() refuses ${JSON.stringify(value)?.slice(0, 30)}`, () => {
    assert.throws(() => readSnapshot(spec, value), /cannot be read/);
  });
}
