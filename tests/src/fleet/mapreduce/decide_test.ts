/** What events change in a plan: failures, losses, departures. */
import assert from "node:assert/strict";
import { failure, play, tenTasks } from "./played_plan.ts";

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

/** How a host that is in plan mode answers a command that writes. */
const refusal = {
  error: { code: "refused", message: "Cannot run the command in plan mode", rule: "mode" },
} as const;

Deno.test("createPlan() asks a host that refuses only once, and does not count it as a retry", () => {
  const { plan, send, end, open, runs } = play({
    tasks: tenTasks,
    reducers: 2,
    hosts: ["no-1", "no-2", "no-3", "no-4", "yes"],
    slots: 1,
    maxRetries: 0,
  });
  send({ type: "begin" });
  const refused = new Map<string, number>();
  while (plan.status === "running") {
    for (const id of [...open.keys()]) {
      const action = open.get(id);
      if (action?.type !== "run" || action.host === "yes") end(id);
      else {
        const stage = `${action.stage} ${action.host}`;
        refused.set(stage, (refused.get(stage) ?? 0) + 1);
        send({ type: "failed", id, failure: refusal }, 1);
      }
    }
    assert.ok(runs().every(({ host, stage }) => host === "yes" || !refused.has(`${stage} ${host}`)));
  }
  assert.equal(plan.status, "done");
  assert.ok([...refused.values()].every((times) => times === 1));
  assert.ok(refused.size >= 4, "all of them were asked");
});

Deno.test("createPlan() fails when every host refuses, and names them", () => {
  const { plan, send, end, open } = play({
    tasks: [{ bytes: 1 }],
    hosts: ["a", "b", "c", "d"],
    maxRetries: 1,
  });
  send({ type: "begin" });
  while (plan.status === "running") {
    for (const [id, { type }] of [...open]) {
      if (type === "run") send({ type: "failed", id, failure: refusal }, 1);
      else end(id);
    }
  }
  assert.deepEqual(plan.failed.map(({ reason }) => reason), ["every host refused it"]);
  assert.deepEqual(plan.failed[0]?.attempts.map(({ host }) => host).sort(), ["a", "b", "c", "d"]);
});

Deno.test("createPlan() fails what waits when only hosts are left for long that refuse it", () => {
  const { plan, send, end, open, runs } = play({
    tasks: tenTasks,
    hosts: ["no", "yes"],
    slots: 1,
    graceMs: 1_000,
  });
  send({ type: "begin" });
  for (const id of [...open.keys()]) end(id);
  const [atNo] = runs().filter(({ host }) => host === "no");
  send({ type: "failed", id: atNo?.id ?? 0, failure: refusal });
  send({ type: "left", host: "yes" });
  send({ type: "tick" });
  assert.equal(plan.status, "running");
  send({ type: "tick" }, 1_000);
  assert.notEqual(plan.status, "running");
  assert.match(plan.failed[0]?.reason ?? "", /no host is left/);
});

Deno.test("createPlan() fails what waits when no host is left for long", () => {
  const { plan, send } = play({ tasks: tenTasks, reducers: 1, hosts: ["a"], graceMs: 1_000 });
  send({ type: "begin" });
  send({ type: "left", host: "a" });
  send({ type: "tick" });
  send({ type: "tick" }, 1_000);
  assert.equal(plan.status, "failed");
  assert.equal(plan.failed.length, 11);
});

Deno.test("createPlan() maps again what a host took along if a reducer still lacks it, and only that", () => {
  const { plan, send, end, open, runs, actions } = play({ tasks: tenTasks, reducers: 1, hosts: ["a", "b"] });
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

Deno.test("createPlan() begins nothing more when a partition has failed for good, and keeps what still ends", () => {
  const { plan, send, end, open, runs, actions } = play({
    tasks: tenTasks,
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
  const { send, end, open, runs, actions } = play({ tasks: tenTasks, hosts: ["a"], maxRetries: 0 });
  send({ type: "begin" });
  for (const id of [...open.keys()]) end(id);
  const [first, second] = runs();
  send({ type: "failed", id: first?.id ?? 0, failure });
  actions.length = 0;
  send({ type: "tick" }, 30_000);
  assert.deepEqual(actions, [{ type: "cancel", id: second?.id }]);
});
