import assert from "node:assert/strict";
import fc from "fast-check";
import { type Attempt, createTask } from "../../../../src/fleet/mapreduce/attempts.ts";
import { createDurations, findStragglers } from "../../../../src/fleet/mapreduce/stragglers.ts";

Deno.test("createDurations() calls slow what takes one and a half of the median, and never less than two seconds", () => {
  fc.assert(fc.property(fc.array(fc.nat(20_000), { minLength: 1 }), (all) => {
    const durations = createDurations();
    for (const ms of all) durations.add(ms);
    const median = all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
    assert.equal(durations.limit(), Math.max(2_000, 1.5 * median));
  }));
});

Deno.test("createDurations() has no measure before something has finished", () => {
  assert.equal(createDurations().limit(), undefined);
});

Deno.test("findStragglers() finds running attempts over the limit that a backup could help, the slowest first", () => {
  const attempt = (id: number, fields: Partial<Attempt> = {}): Attempt => ({
    id,
    task: createTask("map", id, {}),
    attempt: 0,
    host: "a",
    phase: "running",
    isCancelled: false,
    startedAt: 0,
    ...fields,
  });
  const attempts = [
    attempt(1, { startedAt: 100 }),
    attempt(2),
    attempt(3, { startedAt: 5_000 }),
    attempt(4, { phase: "fetching" }),
    attempt(5, { isCancelled: true }),
    attempt(6, { task: { ...createTask("map", 6, {}), hasBackup: true } }),
    attempt(7, { task: createTask("map", 7, { pinned: "a" }) }),
  ];
  const find = (limit: number | undefined) =>
    findStragglers(attempts, { now: 6_000, limitOf: () => limit }).map(({ id }) => id);
  assert.deepEqual(find(3_000), [2, 1]);
  assert.deepEqual(find(6_000), []);
  assert.deepEqual(find(undefined), []);
});
