/** The plan alone, in virtual time: schedules of every kind, checked action by action. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { failure, play } from "./played_plan.ts";

Deno.test("createPlan() is done at once if there is nothing to map, and reduces nothing", () => {
  const { plan, send, end, runs } = play({ reducers: 1, hosts: ["a"] });
  send({ type: "begin" });
  const [reduce] = runs();
  assert.deepEqual(reduce?.type === "run" && reduce.inputs, []);
  end(reduce?.id ?? 0);
  assert.equal(plan.status, "done");
  const { plan: empty, send: sendEmpty } = play({ hosts: [] });
  sendEmpty({ type: "begin" });
  assert.equal(empty.status, "done");
});

Deno.test("createPlan() ends under every schedule, with each reducer reading each map exactly once", () => {
  const schedule = fc.record({
    maps: fc.integer({ min: 0, max: 8 }),
    reducers: fc.integer({ min: 0, max: 4 }),
    hosts: fc.integer({ min: 1, max: 4 }),
    slots: fc.integer({ min: 1, max: 2 }),
    skipsEmpty: fc.boolean(),
    maxRetries: fc.integer({ min: 0, max: 2 }),
    steps: fc.array(fc.record({ pick: fc.nat(20), how: fc.nat(99), after: fc.nat(3_000) }), {
      maxLength: 120,
    }),
  });
  fc.assert(
    fc.property(schedule, ({ maps, reducers, hosts, slots, skipsEmpty, maxRetries, steps }) => {
      const ids = Array.from({ length: hosts }, (_, i) => `h${i}`);
      const tasks = Array.from(
        { length: maps },
        (_, i) => ({ bytes: i % 3, pinned: i === 5 ? "h0" : undefined }),
      );
      const game = play({ tasks, reducers, hosts: ids, slots, skipsEmpty, maxRetries });
      const { plan, open, send, end, actions, present } = game;
      const sizes = Array.from({ length: Math.max(1, reducers) }, (_, i) => (i + maps) % 2);
      const failures = new Map<string, number>();
      send({ type: "begin" });
      for (const { pick, how, after } of steps) {
        const all = [...open.values()];
        const one = all[pick % Math.max(1, all.length)];
        const host = `h${pick % hosts}`;
        if (how < 8 && host !== "h0") send({ type: present.has(host) ? "left" : "joined", host }, after);
        else if (how < 20 || one === undefined) send({ type: "tick" }, after);
        else if (how < 30 && one.type === "fetch") {
          send({
            type: "fetch_failed",
            id: one.id,
            lostTasks: one.parts.slice(0, 1).map((p) => p.partition),
            isCounted: true,
            failure,
          }, after);
        } else if (how < 40 && one.type !== "fetch") {
          const key = one.type === "run" ? `${one.stage} ${one.partition}` : `map ${one.partition}`;
          failures.set(key, (failures.get(key) ?? 0) + 1);
          send({ type: "failed", id: one.id, failure }, after);
        } else if (how < 45 && one.type !== "fetch") send({ type: "lost", id: one.id, failure }, after);
        else end(one.id, sizes);
      }
      for (let turn = 0; turn < 400 && (plan.status === "running" || plan.status === "failing"); turn++) {
        game.endAll(sizes);
        send({ type: "tick" }, 40_000);
      }
      assert.ok(plan.status === "done" || plan.status === "failed", plan.status);
      game.endAll(sizes);
      assert.equal(plan.underWay, 0);
      for (const { stage, partition, attempts } of plan.failed) {
        const key = `${stage} ${partition}`;
        const isLost = attempts.some(({ exitCode }) => exitCode === undefined);
        assert.ok((failures.get(key) ?? 0) > maxRetries || isLost || attempts.length > maxRetries, key);
      }
      for (const action of actions) {
        if (action.type !== "run" || action.stage !== "reduce") continue;
        const read = action.inputs.map((name) => Number(name.split(".")[1]));
        const isEmpty = skipsEmpty && sizes[action.partition] === 0;
        assert.deepEqual(read, isEmpty ? [] : tasks.map((_, i) => i));
      }
    }),
    { numRuns: 400 },
  );
});
