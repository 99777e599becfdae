/** What a plan begins with. */
import assert from "node:assert/strict";
import { play, tenTasks } from "./played_plan.ts";

Deno.test("createPlan() does not map again for reducers that an earlier time has finished", () => {
  const finished = { maps: [], reduces: [{ partition: 0, host: "a", attempt: 3, bytes: [5] }] };
  const { plan, send, actions } = play({
    tasks: tenTasks,
    reducers: 1,
    hosts: ["a"],
    finished,
    firstAttempt: 1_000,
  });
  send({ type: "begin" });
  assert.equal(plan.status, "done");
  assert.deepEqual(actions, []);
  send({ type: "output_gone", stage: "reduce", partition: 0, attempt: 3 });
  assert.equal(plan.status, "running");
  assert.ok(actions.length > 0);
});

for (const bad of [{ slots: 0 }, { maxRetries: -1 }, { reducers: -1 }]) {
  Deno.test(`createPlan() refuses ${JSON.stringify(bad)}`, () => {
    assert.throws(() => play({ hosts: ["a"], ...bad }), RangeError);
  });
}
