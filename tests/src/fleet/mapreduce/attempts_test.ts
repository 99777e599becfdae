import assert from "node:assert/strict";
import {
  createTask,
  createTaskQueue,
  isEligible,
  isRefusal,
  outputName,
  partOf,
} from "../../../../src/fleet/mapreduce/attempts.ts";
import { PartName } from "../../../../src/protocol/part.ts";

const present = new Map([["a", 1], ["b", 1]]);

Deno.test("isEligible() keeps a partition off the hosts where it failed, unless it failed on all that are there", () => {
  const task = createTask("map", 0, {});
  assert.equal(isEligible(task, "a", present), true);
  task.failedOn.add("a").add("gone");
  assert.equal(isEligible(task, "a", present), false);
  assert.equal(isEligible(task, "b", present), true);
  task.failedOn.add("b");
  assert.equal(isEligible(task, "a", present), true);
});

Deno.test("isEligible() keeps a partition off the hosts that refuse it, also when it failed on all others", () => {
  const present = new Map([["a", 1], ["b", 1]]);
  const task = createTask("map", 0, { refusedBy: new Set(["a"]) });
  assert.deepEqual(["a", "b"].map((host) => isEligible(task, host, present)), [false, true]);
  task.failedOn.add("b");
  assert.deepEqual(["a", "b"].map((host) => isEligible(task, host, present)), [false, true]);
});

Deno.test("isRefusal() knows a host's refusal from a failure, and from a ticket that a part needs", () => {
  assert.equal(isRefusal({ error: { code: "refused", message: "", rule: "mode" } }), true);
  assert.equal(isRefusal({ error: { code: "refused", message: "", rule: "part-ticket" } }), false);
  assert.equal(isRefusal({ error: { code: "cannot_run", message: "" } }), false);
  assert.equal(isRefusal({}), false);
});

Deno.test("isEligible() keeps a partition at the host of its files", () => {
  const task = createTask("map", 0, { pinned: "a" });
  task.failedOn.add("a");
  assert.equal(isEligible(task, "a", present), true);
  assert.equal(isEligible(task, "b", present), false);
});

Deno.test("createTaskQueue() gives out what was begun before, then the largest, of equal ones the first", () => {
  const tasks = [3, 5, 5, 1].map((bytes, i) => createTask("map", i, { bytes }));
  const queue = createTaskQueue(tasks);
  const urgent = createTask("map", 9, {});
  queue.pushUrgent(urgent);
  assert.equal(queue.size, 5);
  assert.equal(queue.take((task) => task.index === 3)?.index, 3);
  assert.deepEqual([1, 2, 3].map(() => queue.take(() => true)?.index), [9, 1, 2]);
  assert.equal(queue.take(() => false), undefined);
  assert.deepEqual(queue.drain().map(({ index }) => index), [0]);
  assert.equal(queue.size, 0);
});

Deno.test("partOf() gives names that a host takes, another one for each attempt", () => {
  const names = [
    partOf("map", 9_999, { attempt: 1_012, number: 255 }),
    partOf("map", 9_999, { attempt: 1_013, number: 255 }),
    partOf("reduce", 255, { attempt: 0, number: 0 }),
  ];
  assert.deepEqual(names, ["map.9999.1012.255", "map.9999.1013.255", "out.255.0.0"]);
  for (const name of names) assert.equal(PartName.parse(name), name);
  assert.equal(outputName("reduce", 1, 2), "out.1.2");
});
