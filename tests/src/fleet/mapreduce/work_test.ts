import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import type { MapReduceSpec } from "../../../../src/fleet/mapreduce/ports.ts";
import { createWorker, type Work } from "../../../../src/fleet/mapreduce/work.ts";
import { useFakeClock } from "../../../helpers/fake_clock.ts";
import { type Behaviour, createSimulatedFleet, textInput } from "./simulated_fleet.ts";

const commands = { cat: (input: string) => input };
const spec: MapReduceSpec = {
  run: `r_${"a".repeat(20)}`,
  ticket: "b".repeat(32),
  map: "cat",
  isKeyed: true,
  format: "lines",
  items: "text",
  reducers: 2,
  inputs: [textInput("a\t1\nb\t2\n")],
  inputIdentity: "x",
};
const takeInput: Work = { type: "take_input", id: 1, partition: 0, host: "a" };
const run: Work = { type: "run", id: 1, stage: "map", partition: 0, attempt: 0, host: "a", inputs: [] };

/** Carries things out one after the other, and returns the last event. */
async function carryOut(
  works: readonly Work[],
  { behaviour = {}, spec: other = {}, between = () => {}, forMs = 100_000 }: {
    behaviour?: Partial<Behaviour>;
    spec?: Partial<MapReduceSpec>;
    /** Milliseconds that each may take. */
    forMs?: number;
    between?: (fleet: ReturnType<typeof createSimulatedFleet>) => void;
  } = {},
) {
  using clock = useFakeClock();
  const fleet = createSimulatedFleet(["a", "b"], { commands, duration: () => 1, ...behaviour });
  const worker = createWorker({ ...spec, ...other }, fleet.ports);
  let last;
  for (const [i, work] of works.entries()) {
    if (i > 0) between(fleet);
    const ended = worker.carryOut(work, new AbortController().signal);
    await clock.advance(forMs);
    last = await ended;
  }
  assert.equal(clock.timers, 0);
  return { event: last, fleet };
}

Deno.test("createWorker() takes an input from the coordinator, and runs a map on it", async () => {
  const { event, fleet } = await carryOut([takeInput, run]);
  assert.equal(event?.type, "succeeded");
  assert.deepEqual(fleet.parts().toSorted(), ["in.0", "in.0", "map.0.0.0", "map.0.0.1"]);
  const sizes = event?.type === "succeeded" ? event.bytes : [];
  assert.equal(sizes.length, 2);
  assert.equal(sizes.reduce((sum, size) => sum + size), 8);
});

Deno.test("createWorker() tells the exit code and the end of stderr of a command that failed", async () => {
  const { event } = await carryOut([takeInput, run], { behaviour: { exitCode: () => 3 } });
  assert.deepEqual(event, {
    type: "failed",
    id: 1,
    failure: { exitCode: 3, signal: null, timedOut: false, stderr: "bad 0" },
  });
});

for (
  const { code, type } of [
    { code: "refused", type: "failed" },
    { code: "cannot_run", type: "failed" },
    { code: "timed_out", type: "failed" },
    { code: "peer_gone", type: "lost" },
    { code: "link_lost", type: "lost" },
    { code: "busy", type: "lost" },
  ] as const
) {
  Deno.test(`createWorker() calls a map ${type} that ends with ${code}`, async () => {
    const error = ({ op }: { op: string }) => op === "part_run" ? new OperationError(code, "No") : undefined;
    const { event } = await carryOut([takeInput, run], { behaviour: { error } });
    assert.equal(event?.type, type);
    assert.equal(event?.type === type && event.failure.error?.code, code);
  });
}

Deno.test("createWorker() fails an attempt whose input cannot be published, and tries to publish it again", async () => {
  const inputs = [{ type: "range", path: "/none", start: 0, end: 1 }] as const;
  const { event } = await carryOut([takeInput, takeInput], { spec: { inputs } });
  assert.ok(event?.type === "failed" && event.failure.error?.message.includes("/none"));
});

Deno.test("createWorker() fails an attempt whose answer it cannot read", async () => {
  const fleet = createSimulatedFleet(["a"], { commands, duration: () => 1 });
  for (const answer of [{}, null, { exitCode: 0 }]) {
    const worker = createWorker(spec, { ...fleet.ports, request: () => Promise.resolve(answer) });
    const event = await worker.carryOut(run, new AbortController().signal);
    assert.ok(event.type === "failed" && event.failure.error?.code === "internal");
  }
});

const fetchOf = (...names: string[]): Work => ({
  type: "fetch",
  id: 2,
  from: "a",
  to: "b",
  parts: names.map((name, partition) => ({ name, bytes: 8, partition })),
});
const one = { reducers: 1 };

Deno.test("createWorker() has a host take parts from another", async () => {
  const { event, fleet } = await carryOut([takeInput, run, fetchOf("map.0.0.0")], { spec: one });
  assert.deepEqual(event, { type: "fetched", id: 2 });
  assert.equal(fleet.parts().filter((name) => name === "map.0.0.0").length, 2);
});

Deno.test("createWorker() finds which parts are lost at their source when a host cannot take them", async () => {
  const { event } = await carryOut([takeInput, run, fetchOf("map.0.0.0", "map.1.0.0")], { spec: one });
  assert.deepEqual(event?.type === "fetch_failed" && event.lostTasks, [1]);
});

Deno.test("createWorker() finds nothing lost if it is the host that cannot take them", async () => {
  const behaviour: Partial<Behaviour> = {
    error: ({ op, host }) =>
      op === "part_fetch" && host === "b" ? new OperationError("cannot_run", "Disk full") : undefined,
  };
  const { event } = await carryOut([takeInput, run, fetchOf("map.0.0.0")], { spec: one, behaviour });
  assert.deepEqual(event?.type === "fetch_failed" && [event.lostTasks, event.failure.error?.message], [
    [],
    "Disk full",
  ]);
});

Deno.test("createWorker() finds everything lost if the source has left", async () => {
  const { event } = await carryOut([takeInput, fetchOf("map.0.0.0", "map.1.0.0")], {
    between: (fleet) => fleet.leave("a"),
  });
  assert.deepEqual(event?.type === "fetch_failed" && event.lostTasks, [0, 1]);
});

Deno.test("createWorker() does not wait for a host that lets a command go on past its limit", async () => {
  const { event, fleet } = await carryOut([takeInput, run], {
    forMs: 310_000,
    spec: { timeoutMs: 5_000 },
    behaviour: { duration: ({ op }) => op === "part_run" ? 10_000_000 : 1 },
  });
  assert.deepEqual(event, { type: "failed", id: 1, failure: { timedOut: true } });
  assert.equal(fleet.open, 0);
});
