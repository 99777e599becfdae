import assert from "node:assert/strict";
import type { MapReduceSpec } from "../../../../src/fleet/mapreduce/ports.ts";
import {
  countReducers,
  mapSteps,
  reduceStep,
  skipsEmptyParts,
} from "../../../../src/fleet/mapreduce/steps.ts";
import { partRun } from "../../../../src/protocol/operations/part_run.ts";
import { textInput } from "./simulated_fleet.ts";

const base: MapReduceSpec = {
  run: `r_${"a".repeat(20)}`,
  ticket: "b".repeat(32),
  map: "m",
  isKeyed: false,
  format: "lines",
  items: "text",
  reducers: 4,
  inputs: [textInput("a"), { type: "files", host: "h", paths: ["/f"], bytes: 1 }],
  inputIdentity: "x",
};
const withCombine = { ...base, combine: "c" };
const keyed = { ...withCombine, isKeyed: true, reduce: "r" };

for (
  const { what, spec, steps } of [
    { what: "without keys", spec: base, steps: ["m in.0 concat/lines -> map.0.7 whole 1"] },
    {
      what: "with a combine",
      spec: withCombine,
      steps: ["m in.0 concat/lines -> pre.0.7 whole 1", "c pre.0.7.0 concat/lines -> map.0.7 whole 1"],
    },
    {
      what: "with keys and a combine",
      spec: keyed,
      steps: ["m in.0 concat/lines -> pre.0.7 keyed 1", "c pre.0.7.0 key/lines -> map.0.7 keyed 4"],
    },
    {
      what: "with keys, a combine and JSON",
      spec: { ...keyed, format: "json", items: "json" } as const,
      steps: ["m in.0 concat/array -> pre.0.7 keyed 1", "c pre.0.7.0 key/groups -> map.0.7 keyed 4"],
    },
    {
      what: "with a combine and JSON",
      spec: { ...withCombine, format: "json", items: "json" } as const,
      steps: ["m in.0 concat/array -> pre.0.7 value 1", "c pre.0.7.0 concat/values -> map.0.7 value 1"],
    },
  ]
) {
  Deno.test(`mapSteps() runs a map ${what}`, () => {
    const found = mapSteps(spec, 0, 7).map((params) => {
      const { command, input, output } = partRun.params.parse(params);
      return `${command} ${input.parts} ${input.merge}/${input.as} -> ${output.name} ${output.as} ${output.reducers}`;
    });
    assert.deepEqual(found, steps);
  });
}

Deno.test("mapSteps() reads files where they lie, and passes folder and time limit on", () => {
  const [step] = mapSteps({ ...base, cwd: "/x", timeoutMs: 5 }, 1, 0);
  assert.deepEqual(step?.input, { files: ["/f"], merge: "concat", items: "text", as: "lines" });
  assert.equal(step?.cwd, "/x");
  assert.equal(step?.timeout_ms, 5);
  assert.deepEqual([step?.partition, step?.partitions], [1, 2]);
});

for (
  const { what, spec, expected } of [
    { what: "keys sorted", spec: keyed, expected: "r key/lines -> keyed" },
    {
      what: "groups of keys in JSON",
      spec: { ...keyed, format: "json" } as const,
      expected: "r key/groups -> keyed",
    },
    { what: "everything in order", spec: { ...base, reduce: "r" }, expected: "r concat/lines -> whole" },
    {
      what: "all values",
      spec: { ...base, reduce: "r", format: "json" } as const,
      expected: "r concat/values -> value",
    },
    {
      what: "keys sorted, as they are",
      spec: { ...keyed, reduce: undefined, format: "json" } as const,
      expected: "cat key/lines -> keyed",
    },
  ]
) {
  Deno.test(`reduceStep() gives a reduce ${what}`, () => {
    const params = reduceStep(spec, { partition: 0, attempt: 1, parts: ["map.0.0.0"] });
    const { command, input, output } = partRun.params.parse(params);
    assert.equal(`${command} ${input.merge}/${input.as} -> ${output.as}`, expected);
    assert.equal(output.name, "out.0.1");
  });
}

for (
  const { spec, reducers, skips } of [
    { spec: base, reducers: 0, skips: true },
    { spec: { ...base, reduce: "r" }, reducers: 1, skips: true },
    { spec: { ...base, reduce: "r", format: "json" } as const, reducers: 1, skips: false },
    { spec: { ...keyed, format: "json" } as const, reducers: 4, skips: true },
  ]
) {
  const what = `${spec.isKeyed ? "keys" : "no keys"}, ${
    spec.reduce === undefined ? "no reduce" : "a reduce"
  }, ${spec.format}`;
  Deno.test(`countReducers() gives ${reducers} for ${what}`, () =>
    assert.equal(countReducers(spec), reducers));
  Deno.test(`skipsEmptyParts() is ${skips} for ${what}`, () => assert.equal(skipsEmptyParts(spec), skips));
}
