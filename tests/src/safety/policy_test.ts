import assert from "node:assert/strict";
import { decide } from "../../../src/safety/policy.ts";

const cases = [
  ["disabled", "read", "mode-disabled"],
  ["disabled", "write", "mode-disabled"],
  ["disabled", "execute", "mode-disabled"],
  ["disabled", "manage", "mode-disabled"],
  ["plan", "read", undefined],
  ["plan", "write", "plan-reads-only"],
  ["plan", "execute", undefined],
  ["plan", "manage", undefined],
  ["edit", "read", undefined],
  ["edit", "write", undefined],
  ["edit", "execute", undefined],
  ["edit", "manage", undefined],
  ["bypass", "read", undefined],
  ["bypass", "write", undefined],
  ["bypass", "execute", undefined],
  ["bypass", "manage", undefined],
] as const;
for (const [mode, access, rule] of cases) {
  Deno.test(`decide() ${rule === undefined ? "allows" : "refuses"} ${access} in mode ${mode}`, () => {
    const verdict = decide({ operation: "something", access, mode });
    if (rule === undefined) {
      assert.equal(verdict.decision, "allow");
      return;
    }
    assert.ok(verdict.decision === "refuse");
    assert.equal(verdict.rule, rule);
    assert.match(verdict.reason, /^Cannot run "something"/);
    assert.match(verdict.reason, mode === "plan" ? /plan mode/ : /disabled/);
    // A model is told who can change it and where, never to do it.
    assert.match(verdict.remedy, /^Only the host's owner can allow it, at that machine's console/);
    assert.match(verdict.remedy, /do not try to change it/);
  });
}

Deno.test("decide() lets a disabled host be described", () => {
  assert.equal(decide({ operation: "get_info", access: "read", mode: "disabled" }).decision, "allow");
});
