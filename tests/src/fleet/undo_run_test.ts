import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import type { HostOutcome, RunRecord } from "../../../src/fleet/run.ts";
import { planUndo, stepFor } from "../../../src/fleet/undo_run.ts";
import type { ResultOf } from "../../../src/protocol/operation.ts";
import { hostOutcome, runRecord } from "../../helpers/run_record.ts";

const SHA = "a".repeat(64);
function written(changes: Partial<ResultOf<"write_file">> = {}): ResultOf<"write_file"> {
  return {
    path: "/etc/x",
    created: false,
    changed: true,
    bytes: 1,
    sha256: SHA,
    previousSha256: "b".repeat(64),
    backupId: 7,
    ...changes,
  };
}
const host = (name: string, changes: Partial<HostOutcome> = {}) =>
  hostOutcome(name, { startedAt: 1, ...changes });
const write = (hosts: readonly HostOutcome[], changes: Partial<RunRecord> = {}) =>
  runRecord({ tool: "fleet_write", op: "write_file", hosts, ...changes });

const steps: readonly (readonly [string, Partial<HostOutcome>, boolean, object])[] = [
  ["restores what was overwritten, if it is still as written", { result: written() }, false, {
    op: "backup_restore",
    params: { id: 7, expected_sha256: SHA },
  }],
  ["restores with force whatever is there", { result: written() }, true, {
    op: "backup_restore",
    params: { id: 7 },
  }],
  [
    "removes what the run made, if it is still as written",
    { result: written({ created: true, backupId: null }) },
    false,
    { op: "remove_file", params: { path: "/etc/x", expected_sha256: SHA } },
  ],
  [
    "removes with force whatever is there",
    { result: written({ created: true, backupId: null }) },
    true,
    { op: "remove_file", params: { path: "/etc/x" } },
  ],
  ["skips where nothing was changed", { result: written({ changed: false, backupId: null }) }, false, {
    skip: "the run changed nothing there",
  }],
  ["skips where there is no backup", { result: written({ backupId: null }) }, true, {
    skip: "no backup was kept there",
  }],
  ["skips where it is not known", {}, false, {
    skip: "it is not known whether the run wrote there: see backup_list",
  }],
  [
    "skips where it is not known, and says why",
    { error: { code: "link_lost", message: "The link broke" } },
    false,
    { skip: "it is not known whether the run wrote there (The link broke): see backup_list" },
  ],
  ["skips an answer that is of no write", { result: { path: 1 } }, false, {
    skip: "it is not known whether the run wrote there: see backup_list",
  }],
];
for (const [what, changes, force, expected] of steps) {
  Deno.test(`stepFor() ${what}`, () => assert.deepEqual(stepFor(host("a", changes), force), expected));
}

Deno.test("planUndo() reaches every host that wrote or may have, and no other", () => {
  const error = (code: OperationError["code"]) => ({ error: { code, message: "x" } });
  const record = write([
    host("wrote", { result: written() }),
    host("differs", { status: "failed", result: written(), note: "its hash is another" }),
    host("lost", { status: "gone", ...error("link_lost") }),
    host("slow", { status: "timed_out", ...error("timed_out") }),
    host("given-up", { status: "failed", ...error("cancelled") }),
    host("strange", { status: "failed", ...error("internal") }),
    host("full", { status: "failed", ...error("cannot_run") }),
    host("refused", { status: "refused", ...error("refused") }),
    hostOutcome("not-begun", { status: "skipped" }),
    hostOutcome("never-there", { status: "gone" }),
  ]);
  const { hosts, callFor } = planUndo(record, { force: false });
  assert.deepEqual(hosts.map(({ name }) => name), [
    "wrote",
    "differs",
    "lost",
    "slow",
    "given-up",
    "strange",
  ]);
  const asked = hosts.map((agent, i) => callFor?.(agent, i));
  assert.deepEqual(asked.slice(0, 2).map((one) => one !== undefined && "op" in one && one.op), [
    "backup_restore",
    "backup_restore",
  ]);
  assert.ok(asked.slice(2).every((one) => one !== undefined && "skip" in one));
  assert.deepEqual(callFor?.({ id: "somebody", name: "x" }, 0), { skip: "the run did not reach it" });
});

const refusals: readonly (readonly [string, RunRecord, RegExp])[] = [
  ["that writes no files", runRecord({ hosts: [host("a", { result: written() })] }), /overwrites no files$/],
  ["that goes on", write([host("a")], { status: "running" }), /it is still running$/],
  ["that wrote nowhere", write([host("a", { status: "refused" })]), /it wrote on no host$/],
  ["without hosts", write([]), /it wrote on no host$/],
];
for (const [what, record, message] of refusals) {
  Deno.test(`planUndo() refuses a run ${what}`, () => {
    assert.throws(() => planUndo(record, { force: true }), (error) => {
      assert.ok(error instanceof OperationError && error.code === "bad_request");
      assert.match(error.message, message);
      return true;
    });
  });
}
