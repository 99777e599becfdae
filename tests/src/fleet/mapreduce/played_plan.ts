/** Plays the hosts of a plan for tests: what is begun ends as the test says, and what must hold at all times is checked. */
import assert from "node:assert/strict";
import {
  createPlan,
  type PlanAction,
  type PlanEvent,
  type PlanOptions,
} from "../../../../src/fleet/mapreduce/plan.ts";

/** How attempts fail here. */
export const failure = { exitCode: 1 };

/** Ten partitions of one byte. */
export const tenTasks = Array.from({ length: 10 }, () => ({ bytes: 1 }));

/** Plays the hosts of a plan: whatever is begun ends later, in an order and manner that the test says. */
export function play(options: Partial<PlanOptions> & { hosts: readonly string[] }) {
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
