/** What a plan begins where. */
import assert from "node:assert/strict";
import { play, tenTasks } from "./played_plan.ts";

Deno.test("createPlan() gives every host two attempts and the input of a third, the largest partitions first", () => {
  const tasks = Array.from({ length: 10 }, (_, i) => ({ bytes: i }));
  const { send, open, end, runs } = play({ tasks, hosts: ["a", "b"] });
  send({ type: "begin" });
  const inputs = [...open.values()].map((one) => one.type === "take_input" && `${one.host}${one.partition}`);
  assert.deepEqual(inputs, ["a9", "b8", "a7", "b6", "a5", "b4"]);
  for (const id of [...open.keys()]) end(id);
  assert.deepEqual(runs().map(({ host, partition }) => `${host}${partition}`), ["a9", "b8", "a7", "b6"]);
});

Deno.test("createPlan() begins one backup of a straggler on another host; the first result wins", () => {
  const { plan, send, end, open, runs, actions } = play({ tasks: tenTasks, hosts: ["a", "b"] });
  send({ type: "begin" });
  for (;;) {
    const next = [...open.values()].find((one) => one.type !== "run" || one.partition !== 9);
    if (next === undefined) break;
    end(next.id);
  }
  const [slow] = runs();
  assert.equal(slow?.partition, 9);
  send({ type: "tick" }, 1_500);
  assert.equal(open.size, 1);
  send({ type: "tick" }, 2_000);
  send({ type: "tick" }, 2_000);
  const backup = [...open.values()].find((one) => one.type === "take_input");
  assert.equal(open.size, 2);
  assert.notEqual(backup?.type === "take_input" && backup.host, slow?.host);
  end(backup?.id ?? 0);
  end(backup?.id ?? 0);
  assert.deepEqual(actions.filter(({ type }) => type === "cancel").map(({ id }) => id), [slow?.id]);
  assert.equal(plan.status, "done");
  assert.equal(plan.outputOf("map", 9)?.attempt, 1);
  // What the other one still delivers is not taken.
  send({ type: "succeeded", id: slow?.id ?? 0, bytes: [7] });
  assert.deepEqual(plan.outputOf("map", 9)?.bytes, [1]);
  assert.equal(plan.underWay, 0);
});

Deno.test("createPlan() has outputs travel as maps end, in one request for all reducers of a host", () => {
  const { send, end, open, actions } = play({
    tasks: tenTasks.slice(0, 2),
    reducers: 4,
    hosts: ["a", "b"],
    slots: 1,
  });
  send({ type: "begin" });
  for (const { id } of [...open.values()]) end(id);
  const [first] = open.values();
  end(first?.id ?? 0, [1, 1, 0, 1]);
  const fetches = actions.filter((one) => one.type === "fetch");
  assert.deepEqual(
    fetches.map(({ from, to, parts }) => ({ from, to, parts: parts.map(({ name }) => name) })),
    [
      // Reducers 1 and 3 gather at b; what is empty does not travel.
      { from: "a", to: "b", parts: ["map.0.0.1", "map.0.0.3"] },
    ],
  );
});
