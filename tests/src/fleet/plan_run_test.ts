import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { planRun, requireRun, type RunPlan } from "../../../src/fleet/plan_run.ts";
import type { Run, RunRecord } from "../../../src/fleet/run.ts";
import { hostOutcome, runRecord } from "../../helpers/run_record.ts";
import { fakeFleet } from "../mcp/_fake_fleet.ts";
import { summary } from "../mcp/_resource_source.ts";

const self = summary("me", { isSelf: true, tags: ["web"] });
const room = [
  self,
  summary("web-a", { tags: ["web"] }),
  summary("web-b", { tags: ["web"] }),
  summary("web-c", { tags: ["web"] }),
  summary("deaf", { tags: ["web"], accepts: false }),
];
const EXEC = { tool: "fleet_exec", op: "exec", params: { command: "true" } } as const;

/** A run that is only looked at. */
function handle(record: RunRecord): Run {
  return {
    id: record.id,
    record,
    wait: () => assert.fail("Nobody waits"),
    onProgress: () => assert.fail("Nobody listens"),
    cancel: () => assert.fail("Nobody cancels"),
  };
}

function plan(plan: RunPlan, { earlier, agents = room }: { earlier?: RunRecord; agents?: typeof room } = {}) {
  const find = (id: string) =>
    Promise.resolve(earlier !== undefined && id === earlier.id ? handle(earlier) : undefined);
  return planRun(fakeFleet({ present: () => Promise.resolve(agents), runs: { find } }), plan);
}

const names = ({ hosts }: { readonly hosts: readonly { readonly name: string }[] }) =>
  hosts.map(({ name }) => name);
const hostOf = (name: string, status: "succeeded" | "failed" | "skipped" | "gone" = "failed") =>
  hostOutcome(name, { status, agent: { id: summary(name).id, name } });

Deno.test("planRun() takes who is meant, and says who is left out and why", async () => {
  const planned = await plan({ ...EXEC, target: "web" });
  assert.deepEqual(names(planned), ["web-a", "web-b", "web-c"]);
  assert.deepEqual(planned.leftOut.map(({ agent, reason }) => [agent.name, reason]), [
    ["deaf", "not_accepting"],
    ["me", "self"],
  ]);
  assert.deepEqual(planned.hosts[0], { id: summary("web-a").id, name: "web-a" });
  assert.deepEqual([planned.target, planned.params], ["web", EXEC.params]);
});

Deno.test("planRun() has this machine too if it is asked for", async () => {
  assert.ok(names(await plan({ ...EXEC, target: "web", includeSelf: true })).includes("me"));
});

const flows: readonly (readonly [string, Partial<RunPlan>, object])[] = [
  ["by default 64 at once, whatever fails", {}, {
    parallel: 64,
    canary: 0,
    waveSize: 0,
    maxFailures: Infinity,
  }],
  ["parts of the hosts: first ones rounded up, failures down", { canary: "10%", maxFailures: "50%" }, {
    parallel: 64,
    canary: 1,
    waveSize: 0,
    maxFailures: 1,
  }],
  ["numbers", { canary: 2, maxFailures: 0, waveSize: 2, parallel: 3 }, {
    parallel: 3,
    canary: 2,
    waveSize: 2,
    maxFailures: 0,
  }],
];
for (const [what, changes, expected] of flows) {
  Deno.test(`planRun() makes the flow from ${what}`, async () => {
    assert.deepEqual((await plan({ ...EXEC, target: "web", ...changes })).flow, expected);
  });
}

const failures:
  readonly (readonly [string, RunPlan, RunRecord | undefined, RegExp, OperationError["code"]])[] = [
    ["without a target", EXEC, undefined, /"target" is missing$/, "bad_request"],
    ["that means nobody", { ...EXEC, target: "name:zzz" }, undefined, /zzz/, "bad_request"],
    [
      "with a part that is none",
      { ...EXEC, target: "web", canary: "200%" },
      undefined,
      /200%/,
      "bad_request",
    ],
    [
      "of a run that nobody knows",
      { ...EXEC, retryFailed: "r_x" },
      undefined,
      /^Cannot find run "r_x"/,
      "bad_request",
    ],
    [
      "of a run that goes on",
      { ...EXEC, retryFailed: runRecord().id },
      runRecord({ status: "running", hosts: [hostOf("web-a")] }),
      /it is still running$/,
      "bad_request",
    ],
    [
      "of a run in which all succeeded",
      { ...EXEC, retryFailed: runRecord().id },
      runRecord({ hosts: [hostOf("web-a", "succeeded")] }),
      /every host of it succeeded$/,
      "bad_request",
    ],
  ];
for (const [what, asked, earlier, message, code] of failures) {
  Deno.test(`planRun() refuses a plan ${what}`, async () => {
    await assert.rejects(plan(asked, earlier === undefined ? {} : { earlier }), (error) => {
      assert.ok(error instanceof OperationError && error.code === code, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

const earlier = runRecord({
  params: { command: "uptime", cwd: "/tmp" },
  hosts: [hostOf("web-a"), hostOf("web-b", "succeeded"), hostOf("lost", "gone"), hostOf("web-c", "skipped")],
});

Deno.test("planRun() of a retry takes who did not succeed, and those who have left are accounted for", async () => {
  const planned = await plan({ ...EXEC, params: {}, retryFailed: earlier.id }, { earlier });
  assert.deepEqual(names(planned), ["web-a", "web-c", "lost"]);
  assert.deepEqual(planned.leftOut.map(({ agent, reason }) => [agent.name, reason]), [
    ["web-b", "succeeded_before"],
  ]);
  assert.deepEqual(planned.params, { command: "uptime", cwd: "/tmp" });
});

Deno.test("planRun() of a retry takes this machine if the earlier run had it", async () => {
  const mine = runRecord({ hosts: [hostOf("me"), hostOf("web-a", "succeeded")] });
  assert.deepEqual(names(await plan({ ...EXEC, retryFailed: mine.id }, { earlier: mine })), ["me"]);
});

Deno.test("planRun() of a retry with a target takes only whom that means too", async () => {
  const planned = await plan({ ...EXEC, target: "name:web-c", retryFailed: earlier.id }, { earlier });
  assert.deepEqual(names(planned), ["web-c"]);
});

const anew: readonly (readonly [string, Partial<RunPlan>, Partial<RunRecord>, object])[] = [
  ["what is given anew", { params: { cwd: "/" } }, {}, { command: "uptime", cwd: "/" }],
  ["argv in the place of the command", { params: { argv: ["id"] } }, {}, { argv: ["id"], cwd: "/tmp" }],
  [
    "bytes in the place of the text",
    { op: "write_file", params: { path: "/x", content_base64: "QQ==" } },
    { op: "write_file", params: { path: "/x", content: "B", mode: "600" } },
    { path: "/x", content_base64: "QQ==", mode: "600" },
  ],
  ["nothing of another operation", { op: "read_file", params: { path: "/x" } }, {}, { path: "/x" }],
  ["nothing of one that was too large to keep", { params: {} }, { params: undefined }, {}],
];
for (const [what, changes, record, expected] of anew) {
  Deno.test(`planRun() of a retry asks ${what}`, async () => {
    const before = { ...earlier, ...record };
    const planned = await plan({ ...EXEC, ...changes, retryFailed: before.id }, { earlier: before });
    assert.deepEqual(planned.params, expected);
    assert.deepEqual(earlier.params, { command: "uptime", cwd: "/tmp" }, "the earlier run is as it was");
  });
}

Deno.test("requireRun() finds a run", async () => {
  const run = handle(runRecord());
  assert.equal(await requireRun(fakeFleet({ runs: { find: () => Promise.resolve(run) } }), run.id), run);
});
