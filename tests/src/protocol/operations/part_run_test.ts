import assert from "node:assert/strict";
import { partRun } from "../../../../src/protocol/operations/part_run.ts";
import { KEY } from "./_part_params.ts";

const STEP = {
  ...KEY,
  command: "wc -l",
  stage: "map",
  partition: 0,
  partitions: 1,
  attempt: 0,
  input: { merge: "concat", items: "text", as: "lines" },
  output: { name: "map.0.0", as: "whole", reducers: 1 },
};

const params: readonly (readonly [string, unknown, boolean])[] = [
  ["a map", STEP, true],
  ["a reduce with keys", {
    ...STEP,
    stage: "reduce",
    input: { parts: ["map.0.0.1"], merge: "key", items: "json", as: "groups" },
    output: { name: "out.1", as: "keyed", reducers: 1 },
  }, true],
  ["files", { ...STEP, input: { ...STEP.input, files: ["/etc/hosts"] } }, true],
  ["no command", { ...STEP, command: "" }, false],
  ["an environment", { ...STEP, env: { LD_PRELOAD: "x" } }, false],
  ["another stage", { ...STEP, stage: "sort" }, false],
  ["257 reducers", { ...STEP, output: { ...STEP.output, reducers: 257 } }, false],
  ["a path as the name of a part", { ...STEP, output: { ...STEP.output, name: "../x" } }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of part_run ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(partRun.params.safeParse(value).success, expected);
  });
}
