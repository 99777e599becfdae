/** The plan alone, in virtual time: schedules of every kind, checked action by action. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createPlan,
  type PlanAction,
  type PlanEvent,
  type PlanOptions,
} from "../../../../src/fleet/mapreduce/plan.ts";

const failure = { exitCode: 1 };

/** Plays the hosts of a plan: whatever is begun ends later, in an order and manner that the test says. */
function play(options: Partial<PlanOptions> & { hosts: readonly string[] }) {
  const { slots = 2 } = options;
  const plan = createPlan({ tasks: [], reducers: 0, skipsEmpty: true, ...options });
  const open = new Map<number, Exclude<PlanAction, { type: "cancel" }>>();
  const present = new Set(options.hosts);
  const actions: PlanAction[] = [];
  let now = 0;
  const hostOf = (action: Exclude<PlanAction, { type: "cancel" }>) =>
    action.type === "fetch" ? action.to : action.host;

  const send = (event: PlanEvent, afterMs = 0) => {
    now += afterMs;
    if ("id" in event) open.delete(event.id);
    if (event.type === "joined") present.add(event.host);
    if (event.type === "left") {
      present.delete(event.host);
      for (const [id, action] of open) {
        if (hostOf(action) === event.host || (action.type === "fetch" && action.from === event.host)) {
          open.delete(id);
        }
      }
    }
    const begun = plan.handle(event, now);
    actions.push(...begun);
    for (const action of begun) {
      if (action.type === "cancel") continue;
      assert.ok(present.has(hostOf(action)), `${action.type} at a host that is not there`);
      assert.equal(open.has(action.id), false);
      open.set(action.id, action);
    }
    for (const host of present) {
      const running = [...open.values()].filter((one) => one.type === "run" && one.host === host);
      assert.ok(running.length <= slots, "more attempts than slots");
      const fetches = [...open.values()].filter((one) => one.type === "fetch" && one.to === host);
      assert.ok(fetches.length <= 2, "more than two requests for parts at once");
    }
    return begun;
  };
  /** Ends one thing well. */
  const end = (id: number, bytes: readonly number[] = [1]) => {
    const action = open.get(id);
    if (action?.type === "take_input") return send({ type: "input_ready", id }, 1);
    if (action?.type === "fetch") return send({ type: "fetched", id }, 1);
    return send({ type: "succeeded", id, bytes }, 1);
  };
  const runs = () => [...open.values()].filter((one) => one.type === "run");
  /** Ends everything that is under way, again and again, until nothing is. */
  const endAll = (bytes?: readonly number[]) => {
    for (let left = 10_000; open.size > 0 && left > 0; left--) {
      for (const id of [...open.keys()]) if (open.has(id)) end(id, bytes);
    }
  };
  return { plan, open, actions, send, end, runs, endAll, present };
}

const ten = (bytes = 1) => Array.from({ length: 10 }, () => ({ bytes }));

Deno.test("createPlan() gives every host two attempts and the input of a third, the largest partitions first", () => {
  const tasks = Array.from({ length: 10 }, (_, i) => ({ bytes: i }));
  const { send, open, end, runs } = play({ tasks, hosts: ["a", "b"] });
  send({ type: "begin" });
  const inputs = [...open.values()].map((one) => one.type === "take_input" && `${one.host}${one.partition}`);
  assert.deepEqual(inputs, ["a9", "b8", "a7", "b6", "a5", "b4"]);
  for (const id of [...open.keys()]) end(id);
  assert.deepEqual(runs().map(({ host, partition }) => `${host}${partition}`), ["a9", "b8", "a7", "b6"]);
});

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

Deno.test("createPlan() tries a failed partition on other hosts only, and then names it with every attempt", () => {
  const { plan, send, end, open, runs } = play({ tasks: [{ bytes: 1 }], hosts: ["a", "b", "c"] });
  send({ type: "begin" });
  const hosts: string[] = [];
  while (plan.status === "running") {
    for (const id of [...open.keys()]) end(id);
    const [run] = runs();
    if (run === undefined) break;
    hosts.push(run.host);
    send({ type: "failed", id: run.id, failure });
  }
  assert.deepEqual(hosts.toSorted(), ["a", "b", "c"]);
  assert.equal(plan.status, "failed");
  const [failed] = plan.failed;
  assert.deepEqual(failed?.attempts.map(({ host, attempt, exitCode }) => ({ host, attempt, exitCode })), [
    { host: hosts[0], attempt: 0, exitCode: 1 },
    { host: hosts[1], attempt: 1, exitCode: 1 },
    { host: hosts[2], attempt: 2, exitCode: 1 },
  ]);
  assert.match(failed?.reason ?? "", /after 2 retries/);
});

Deno.test("createPlan() tries a partition again on the host of its files, and fails it when that host stays away", () => {
  const { plan, send, runs } = play({
    tasks: [{ bytes: 1, pinned: "b" }],
    hosts: ["a", "b"],
    graceMs: 1_000,
  });
  send({ type: "begin" });
  assert.deepEqual(runs().map(({ host }) => host), ["b"]);
  send({ type: "failed", id: runs()[0]?.id ?? 0, failure });
  assert.deepEqual(runs().map(({ host, attempt }) => ({ host, attempt })), [{ host: "b", attempt: 1 }]);
  send({ type: "left", host: "b" });
  send({ type: "tick" });
  send({ type: "tick" }, 999);
  assert.equal(plan.status, "running");
  send({ type: "tick" }, 1);
  assert.equal(plan.status, "failed");
  assert.match(plan.failed[0]?.reason ?? "", /the host that has its files is gone/);
});

Deno.test("createPlan() fails what waits when no host is left for long", () => {
  const { plan, send } = play({ tasks: ten(), reducers: 1, hosts: ["a"], graceMs: 1_000 });
  send({ type: "begin" });
  send({ type: "left", host: "a" });
  send({ type: "tick" });
  send({ type: "tick" }, 1_000);
  assert.equal(plan.status, "failed");
  assert.equal(plan.failed.length, 11);
});

Deno.test("createPlan() begins one backup of a straggler on another host; the first result wins", () => {
  const { plan, send, end, open, runs, actions } = play({ tasks: ten(), hosts: ["a", "b"] });
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
    tasks: ten().slice(0, 2),
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

Deno.test("createPlan() maps again what a host took along if a reducer still lacks it, and only that", () => {
  const { plan, send, end, open, runs, actions } = play({ tasks: ten(), reducers: 1, hosts: ["a", "b"] });
  send({ type: "begin" });
  // The reducer gathers at a.
  for (;;) {
    const next = [...open.values()].find((one) =>
      one.type !== "fetch" && (one.type !== "run" || one.stage === "map")
    );
    if (next === undefined) break;
    end(next.id);
  }
  const atB = new Set(
    Array.from({ length: 10 }, (_, i) => i).filter((i) => plan.outputOf("map", i)?.host === "b"),
  );
  const travelling = [...open.values()].flatMap((one) =>
    one.type === "fetch" ? one.parts.map((part) => part.partition) : []
  );
  assert.ok(travelling.length > 0 && travelling.length < atB.size);
  send({ type: "fetched", id: [...open.keys()][0] ?? 0 });
  actions.length = 0;
  send({ type: "left", host: "b" });
  const again = actions.flatMap((one) => one.type === "take_input" ? [one.partition] : []);
  for (const partition of again) assert.ok(atB.has(partition) && !travelling.includes(partition));
  while (open.size > 0) end([...open.keys()][0] ?? 0);
  assert.equal(plan.status, "done");
  assert.deepEqual(runs(), []);
});

Deno.test("createPlan() stops giving work to a host that fails everything whilst others succeed", () => {
  const tasks = Array.from({ length: 40 }, () => ({ bytes: 1 }));
  const { plan, send, end, open, actions } = play({ tasks, hosts: ["bad", "good", "fine"], maxRetries: 3 });
  send({ type: "begin" });
  for (let step = 0; open.size > 0 && step < 1_000; step++) {
    // The good ones are faster, so they always have a free slot.
    const next = [...open.values()].find((one) => one.type === "run" && one.host !== "bad") ??
      [...open.values()][0];
    if (next?.type === "run" && next.host === "bad") send({ type: "failed", id: next.id, failure });
    else end(next?.id ?? 0);
  }
  assert.equal(plan.status, "done");
  const bad = actions.filter((one) => one.type === "run" && one.host === "bad");
  assert.ok(bad.length <= 8, `${bad.length} attempts at the bad host`);
});

Deno.test("createPlan() begins nothing more when a partition has failed for good, and keeps what still ends", () => {
  const { plan, send, end, open, runs, actions } = play({
    tasks: ten(),
    reducers: 2,
    hosts: ["a"],
    maxRetries: 0,
  });
  send({ type: "begin" });
  for (const id of [...open.keys()]) end(id);
  const [first, second] = runs();
  send({ type: "failed", id: first?.id ?? 0, failure });
  assert.equal(plan.status, "failing");
  actions.length = 0;
  end(second?.id ?? 0, [1, 1]);
  assert.deepEqual(actions.filter(({ type }) => type !== "cancel"), []);
  for (const id of [...open.keys()]) send({ type: "lost", id, failure: {} });
  assert.equal(plan.status, "failed");
  assert.deepEqual(plan.failed.map(({ stage, partition }) => ({ stage, partition })), [
    { stage: "map", partition: first?.partition },
  ]);
  assert.deepEqual(plan.finished().maps.map(({ partition }) => partition), [second?.partition]);
});

Deno.test("createPlan() waits no longer than half a minute for attempts that still run after a failure", () => {
  const { plan, send, end, open, runs, actions } = play({ tasks: ten(), hosts: ["a"], maxRetries: 0 });
  send({ type: "begin" });
  for (const id of [...open.keys()]) end(id);
  const [first, second] = runs();
  send({ type: "failed", id: first?.id ?? 0, failure });
  actions.length = 0;
  send({ type: "tick" }, 30_000);
  assert.deepEqual(actions, [{ type: "cancel", id: second?.id }]);
});

Deno.test("createPlan() does not map again for reducers that an earlier time has finished", () => {
  const finished = { maps: [], reduces: [{ partition: 0, host: "a", attempt: 3, bytes: [5] }] };
  const { plan, send, actions } = play({
    tasks: ten(),
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
