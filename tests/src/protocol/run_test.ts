import assert from "node:assert/strict";
import { HostStatus, RunId, RunStatus } from "../../../src/protocol/run.ts";

const ID = `r_${"a2".repeat(10)}`;
const ids: readonly (readonly [unknown, boolean])[] = [
  [ID, true],
  [ID.replace("r_", "j_"), false],
  [`${ID}a`, false],
  [ID.toUpperCase(), false],
  ["../../etc/passwd", false],
  [`${ID}\n`, false],
  [7, false],
];
for (const [id, expected] of ids) {
  Deno.test(`RunId ${expected ? "takes" : "refuses"} ${JSON.stringify(id)}`, () => {
    assert.equal(RunId.safeParse(id).success, expected);
  });
}

Deno.test("a host of a run is in one of eight states, and a run in one of five", () => {
  assert.deepEqual(HostStatus.options, [
    "waiting",
    "running",
    "succeeded",
    "failed",
    "refused",
    "timed_out",
    "gone",
    "skipped",
  ]);
  assert.deepEqual(RunStatus.options, ["running", "ended", "stopped", "cancelled", "lost"]);
});
