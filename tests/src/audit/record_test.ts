import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_LINE_BYTES, sealLine } from "../../../src/audit/chain.ts";
import {
  AuditRecord,
  beginFields,
  callFields,
  endFields,
  gapFields,
  parseRecord,
  repairFields,
} from "../../../src/audit/record.ts";
import { request } from "./_audits.ts";

const context = {
  time: new Date(0),
  pid: 7,
  redact: (text: string) => text.replaceAll("hunter2", "[redacted]"),
};
const time = "1970-01-01T00:00:00.000Z";
const caller = { id: "qrstuvwxyzabcdefghij", name: "laptop", address: "0f".repeat(16), isLocal: false };
const asked = {
  caller,
  operation: "exec",
  args: { command: "ls" },
  mode: "edit",
  decision: "allow",
  rule: "mode-edit",
  bytesIn: 42,
};

Deno.test("callFields(), beginFields() and endFields() hold what is known of a request", () => {
  const outcome = { outcome: "ok", exitCode: 3, bytesOut: 10, durationMs: 1.26, jobId: "j_1" } as const;
  assert.deepEqual(JSON.parse(callFields(request("ls"), outcome, context)), {
    time,
    event: "call",
    pid: 7,
    ...asked,
    ...outcome,
    durationMs: 1.3,
  });
  assert.deepEqual(JSON.parse(beginFields(request("ls"), context)), {
    time,
    event: "begin",
    pid: 7,
    ...asked,
  });
  assert.deepEqual(
    JSON.parse(endFields(12, request("ls"), { outcome: "cancelled", durationMs: 2 }, context)),
    {
      time,
      event: "end",
      pid: 7,
      begin: 12,
      caller,
      operation: "exec",
      outcome: "cancelled",
      durationMs: 2,
    },
  );
});

Deno.test("repairFields() and gapFields() tell what happened to the log", () => {
  const repair = { found: ["cut"], lost: 3 } as const;
  assert.deepEqual(JSON.parse(repairFields(repair, context)), { time, event: "repair", pid: 7, repair });
  const gap = { lost: 2, since: time, reason: "hunter2 is full" };
  const told = { ...gap, reason: "[redacted] is full" };
  assert.deepEqual(JSON.parse(gapFields(gap, context)), { time, event: "gap", pid: 7, gap: told });
});

Deno.test("records are free of known secrets in every field, and short whatever a caller sends", () => {
  const huge = "hunter2 \u0001\u{1F600}".repeat(50_000);
  const fields = callFields(
    {
      ...request(),
      caller: { id: huge, name: huge, address: huge, isLocal: false },
      operation: huge,
      rule: huge,
      params: { command: huge, [huge]: huge, argv: Array(100).fill(huge) },
    },
    { outcome: "refused", durationMs: 0 },
    context,
  );
  assert.ok(!fields.includes("hunter2"));
  const { line } = sealLine({ seq: 999_999_999_999, hash: "0".repeat(64) }, fields);
  assert.ok(new TextEncoder().encode(line).length <= MAX_LINE_BYTES);
});

Deno.test("parseRecord() reads every record back, and takes no other bytes for one", () => {
  fc.assert(fc.property(fc.string(), fc.jsonValue(), (operation, params) => {
    const fields = callFields(request("", { operation, params }), { outcome: "ok", durationMs: 0 }, context);
    const { line } = sealLine({ seq: 0, hash: "0".repeat(64) }, fields);
    const read = parseRecord(new TextEncoder().encode(line));
    assert.deepEqual(read, AuditRecord.parse(JSON.parse(line)));
    assert.equal(read?.seq, 1);
  }));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => parseRecord(bytes) === undefined));
});
