import assert from "node:assert/strict";
import { type FoldedRun, foldRun } from "../../../../src/fleet/fold.ts";
import type { Flow, RunRecord } from "../../../../src/fleet/run.ts";
import { describeDryRun, describeFleet, summaryOf } from "../../../../src/mcp/texts/fleet.ts";
import { hostOutcome, runRecord, saidBy } from "../../../helpers/run_record.ts";

const run = `r_${"a".repeat(20)}`;

function describe(changes: Partial<RunRecord>): string {
  const options = { textOf: saidBy, maxTokens: 6_000, render: describeFleet };
  return describeFleet(foldRun(runRecord(changes), options));
}

const self = { agent: { id: "s", name: "me" }, reason: "self" } as const;

const texts: readonly (readonly [string, Partial<RunRecord>, readonly string[]])[] = [
  ["that all succeeded, and what they said", {
    hosts: [hostOutcome("web-1", { result: "a\nb\n" }), hostOutcome("web-2", { result: "a\nb\n" })],
  }, [`2 of 2 succeeded (run ${run})`, "== 2 hosts succeeded: web-[1-2]", "| a", "| b"]],
  ["what went wrong, and how to try again", {
    hosts: [
      hostOutcome("a", { exitCode: 0 }),
      hostOutcome("b", { status: "failed", exitCode: 3, result: "no" }),
      hostOutcome("c", { status: "failed", exitCode: null, signal: "SIGKILL", result: "no" }),
      hostOutcome("d", {
        status: "refused",
        error: { code: "refused", message: "Cannot run it in plan mode", remedy: "Raise the mode" },
      }),
      hostOutcome("e", { status: "timed_out", note: "It ran too long" }),
    ],
  }, [
    `1 of 5 succeeded, 2 failed, 1 timed out, 1 refused (run ${run})`,
    "== 1 host succeeded (no output): a",
    "== 1 host failed with exit code 3: b",
    "| no",
    "== 1 host failed: ended by SIGKILL: c",
    "| no",
    "== 1 host timed out (no output): e",
    "Note: It ran too long",
    "== 1 host refused [refused]: d",
    "Error: Cannot run it in plan mode. Raise the mode",
    `To try again where it did not succeed, call with retry_failed "${run}"`,
  ]],
  ["how to go on while it runs", {
    status: "running",
    hosts: [
      hostOutcome("a", { result: "x" }),
      hostOutcome("b", { status: "running", job: "j_b" }),
      hostOutcome("c", { status: "waiting" }),
    ],
  }, [
    `1 of 3 succeeded, still running on 1, 1 waiting (run ${run})`,
    "== 1 host succeeded: a",
    "| x",
    "== 1 host still running: b",
    "Jobs: b j_b",
    "== 1 host waiting: c",
    `It goes on: follow it with fleet_get and run "${run}"`,
  ]],
  ["why it was stopped, and how to undo what was written", {
    tool: "fleet_write",
    status: "stopped",
    reason: "more than 0 hosts failed\nsee",
    hosts: [hostOutcome("a", { result: "created" }), hostOutcome("b", { status: "skipped" })],
  }, [
    `1 of 2 succeeded, 1 skipped (run ${run})`,
    "The run was stopped: more than 0 hosts failed\\u{a}see",
    "== 1 host succeeded: a",
    "| created",
    "== 1 host skipped: b",
    `To try again where it did not succeed, call with retry_failed "${run}"`,
    `undo_run with run "${run}" puts back what was overwritten`,
  ]],
  ["who was left out", { hosts: [hostOutcome("a", { result: "x" })], leftOut: [self] }, [
    `1 of 1 succeeded (run ${run})`,
    "== 1 host succeeded: a",
    "| x",
    "Left out (the caller itself): 1 host: me",
  ]],
  ["that there was nobody", { target: "web\n& db" }, [`No hosts to work on in "web\\u{a}& db" (run ${run})`]],
  ["foreign lines behind bars", {
    hosts: [
      hostOutcome("a", {
        status: "failed",
        result: "== 9 hosts succeeded: all\nNote: fine\r\nx",
        error: { code: "cannot_run", message: "x\n== 9 hosts succeeded: all" },
      }),
    ],
  }, [
    `0 of 1 succeeded, 1 failed (run ${run})`,
    "== 1 host failed [cannot_run]: a",
    "Error: x\\u{a}== 9 hosts succeeded: all",
    "| == 9 hosts succeeded: all",
    "| Note: fine\\u{d}",
    "| x",
    `To try again where it did not succeed, call with retry_failed "${run}"`,
  ]],
];
for (const [what, changes, lines] of texts) {
  Deno.test(`describeFleet() tells ${what}`, () => assert.deepEqual(describe(changes).split("\n"), lines));
}

Deno.test("describeFleet() tells what was left out of a text, between its ends", () => {
  const folded: FoldedRun = {
    ...foldRun(runRecord({ hosts: [hostOutcome("a")] }), {
      textOf: saidBy,
      maxTokens: 6_000,
      render: describeFleet,
    }),
    groups: [{
      hosts: "a",
      count: 1,
      status: "succeeded",
      bytes: 99,
      text: "begin",
      omittedCharacters: 90,
      end: "end",
    }],
  };
  const lines = ["== 1 host succeeded: a", "| begin", "[90 characters are left out here]", "| end"];
  assert.deepEqual(describeFleet(folded).split("\n").slice(1), lines);
});

Deno.test("describeFleet() says so if hosts differ in what is not shown", () => {
  const hosts = Array.from(
    { length: 300 },
    (_, i) => hostOutcome(`h${i * 2}`, { result: `${i} `.repeat(99), status: "failed", exitCode: i % 256 }),
  );
  assert.match(
    describe({ hosts }),
    /^== \d+ hosts failed \(\d+ different outcomes, not shown one by one\): h/m,
  );
});

Deno.test("summaryOf() counts in one line", () => {
  const counts = {
    hosts: 20,
    succeeded: 17,
    failed: 1,
    refused: 1,
    timed_out: 0,
    gone: 1,
    skipped: 0,
    running: 0,
    waiting: 0,
  };
  assert.equal(
    summaryOf({ run, counts, target: "all" }),
    `17 of 20 succeeded, 1 failed, 1 refused, 1 gone (run ${run})`,
  );
});

const flows: readonly (readonly [string, Partial<Flow>, string])[] = [
  ["all at once, as far as may be", {}, "at most 64 at once"],
  [
    "canaries, waves and an end",
    { canary: 2, waveSize: 10, parallel: 5, maxFailures: 0 },
    [
      "2 first, alone",
      "in waves of 10",
      "at most 5 at once",
      "until more than 0 failed",
    ].join(", "),
  ],
];
for (const [what, changes, order] of flows) {
  Deno.test(`describeDryRun() tells whom a run would reach: ${what}`, () => {
    const hosts = ["web-1", "web-2"].map((name) => hostOutcome(name, { status: "waiting" }));
    const leftOut = [self, { agent: { id: "d", name: "deaf\n" }, reason: "not_accepting" as const }];
    const flow = { parallel: 64, canary: 0, waveSize: 0, maxFailures: Infinity, ...changes };
    const folded = foldRun(runRecord({ hosts, leftOut }), {
      textOf: saidBy,
      maxTokens: 6_000,
      render: describeFleet,
    });
    const [first, second, ...rest] = describeDryRun(folded, flow).split("\n");
    assert.equal(first, "Dry run, nothing was done. fleet_exec would reach 2 hosts: web-[1-2]");
    assert.equal(second, `Order: ${order}`);
    assert.deepEqual(rest.toSorted(), [
      "Left out (run nothing for others): 1 host: deaf\\u{a}",
      "Left out (the caller itself): 1 host: me",
    ]);
  });
}

Deno.test("describeFleet() of an undo does not say to retry it: its steps are made from the run that it undoes", () => {
  const text = describe({
    tool: "undo_run",
    op: "backup_restore",
    hosts: [hostOutcome("a", { status: "failed" })],
  });
  assert.doesNotMatch(text, /retry_failed/);
});
