import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeJson, formatRecord } from "../../../src/audit/format.ts";
import type { AuditRecord } from "../../../src/audit/record.ts";
import { anyText, wellFormedText } from "../../helpers/any_text.ts";

const base = { seq: 12, time: "2026-01-31T12:00:00.000Z" };
const caller = { id: "abcdefghijklmnopqrst", name: "laptop", isLocal: false };
const asked = { caller, operation: "exec", mode: "plan", decision: "allow", rule: "known" };

const cases: readonly (readonly [AuditRecord, string])[] = [
  [
    {
      ...base,
      event: "call",
      ...asked,
      args: { command: "git status" },
      outcome: "ok",
      exitCode: 0,
      durationMs: 12,
    },
    "laptop (abcdefgh)  exec  git status  plan allow (known)  ok, exit 0, 12 ms",
  ],
  [
    { ...base, event: "begin", ...asked, caller: { ...caller, isLocal: true }, args: { argv: ["ls", "-l"] } },
    "laptop (local)  exec  ls -l  plan allow (known)  starts (record 12)",
  ],
  [
    {
      ...base,
      event: "end",
      begin: 11,
      caller,
      operation: "exec",
      outcome: "timed_out",
      exitCode: null,
      jobId: "j_1",
    },
    "laptop (abcdefgh)  exec  failed: timed_out, ended by a signal, job j_1, started in record 11",
  ],
  [
    { ...base, event: "call", ...asked, args: { path: "/etc" }, outcome: "refused" },
    "laptop (abcdefgh)  exec  /etc  plan allow (known)  failed: refused",
  ],
  [{ ...base, event: "call", operation: "x", args: { a: 1 } }, '-  x  {"a":1}'],
  [{ ...base, event: "call", operation: "x", args: {} }, "-  x"],
  [
    { ...base, event: "repair", repair: { found: ["torn", "cut"], lost: 2 } },
    "-  repair  put right: torn, cut, 2 records lost",
  ],
  [
    { ...base, event: "gap", gap: { lost: 2, reason: "disk full" } },
    "-  gap  2 records could not be written: disk full",
  ],
];
for (const [record, expected] of cases) {
  Deno.test(`formatRecord() shows "${expected}"`, () =>
    assert.equal(formatRecord(record), `${base.time}  ${expected}`));
}

Deno.test("formatRecord() shows any record on one line that steers no terminal", () => {
  fc.assert(fc.property(anyText(), fc.anything(), (text, args) => {
    const line = formatRecord({
      ...base,
      event: text,
      operation: text,
      args,
      caller: { ...caller, name: text },
    });
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
  }));
  const long = formatRecord({
    ...base,
    event: "call",
    operation: "exec",
    args: { command: "x".repeat(5000) },
  });
  assert.ok(long.length < 200 && long.includes("\u2026"));
});

Deno.test("escapeJson() changes how a JSON text looks and not what it says", () => {
  fc.assert(fc.property(wellFormedText(), (text) => {
    const json = escapeJson(JSON.stringify({ text: `${text}\u{e0001}\u009b` }));
    assert.deepEqual(JSON.parse(json), { text: `${text}\u{e0001}\u009b` });
    assert.doesNotMatch(json, /[\p{Cc}\p{Cf}\u2028\u2029]/u);
  }));
});
