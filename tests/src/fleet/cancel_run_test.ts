import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { cancelRun } from "../../../src/fleet/cancel_run.ts";
import type { Hosts } from "../../../src/fleet/fleet.ts";
import type { Run } from "../../../src/fleet/run.ts";
import { hostOutcome, runRecord } from "../../helpers/run_record.ts";
import { fakeFleet } from "../mcp/_fake_fleet.ts";
import { jobIdFor } from "./_runs.ts";

const { signal } = new AbortController();

/** A run with so many running jobs, and what is done to it. */
function world(jobs: number, answer: (agent: string) => Promise<never> = gone) {
  const done: string[] = [];
  let open = 0;
  let most = 0;
  const run: Run = {
    id: runRecord().id,
    record: runRecord({
      status: "running",
      hosts: [
        hostOutcome("done", { job: jobIdFor("done") }),
        hostOutcome("asked", { status: "running" }),
        hostOutcome("waits", { status: "waiting" }),
        ...Array.from(
          { length: jobs },
          (_, i) =>
            hostOutcome(`h${i}`, {
              status: "running",
              job: jobIdFor(`h${i}`),
              agent: { id: `h${i}`, name: "x" },
            }),
        ),
      ],
    }),
    wait: () => assert.fail("Nobody waits"),
    onProgress: () => assert.fail("Nobody listens"),
    cancel: (reason) => void done.push(reason),
  };
  const call: Hosts["call"] = async (agent, { op, params }, options) => {
    assert.deepEqual([op, params], ["job_cancel", { job: jobIdFor(agent ?? "") }]);
    assert.equal(options.signal, signal);
    done.push(agent ?? "");
    most = Math.max(most, ++open);
    try {
      await Promise.resolve();
      return await answer(agent ?? "");
    } finally {
      open--;
    }
  };
  return { run, done, fleet: fakeFleet({ call }), most: () => most };
}

function gone(): Promise<never> {
  return Promise.reject(new OperationError("peer_gone", "It has left"));
}

Deno.test("cancelRun() ends the run first, and then each job that runs, whoever cannot be reached", async () => {
  const { run, done, fleet } = world(3);
  await cancelRun(fleet, run, signal);
  assert.deepEqual(done, ["It was ended with fleet_cancel", "h0", "h1", "h2"]);
});

Deno.test("cancelRun() asks every host of a large run, a bounded number at a time", async () => {
  const { run, done, fleet, most } = world(300);
  await cancelRun(fleet, run, signal);
  assert.equal(done.length, 301);
  assert.ok(most() > 1 && most() <= 64, `${most()}`);
});

Deno.test("cancelRun() without jobs only ends the run", async () => {
  const { run, done, fleet } = world(0);
  await cancelRun(fleet, run, signal);
  assert.equal(done.length, 1);
});

Deno.test("cancelRun() does not hide a fault of its own", async () => {
  const { run, fleet } = world(2, () => Promise.reject(new TypeError("a fault")));
  await assert.rejects(cancelRun(fleet, run, signal), TypeError);
});
