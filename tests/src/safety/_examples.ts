/**
 * Turns the examples beside the entries of the table of programs into tests.
 */
import assert from "node:assert/strict";
import type { Os, ProgramRule } from "../../../src/safety/programs/program.ts";
import { judgeCommand } from "../../../src/safety/shell_policy.ts";

/** One test an entry and system; every entry must have examples both ways. */
export function testExamples(table: string, rules: readonly ProgramRule[]): void {
  for (const rule of rules) {
    const systems: readonly Os[] = rule.os ?? ["linux", "macos"];
    const name = rule.names.slice(0, 3).join(", ");
    Deno.test(`${table} knows the examples of ${name} and no others (${systems.join(", ")})`, () => {
      assert.ok(rule.match.length > 0 && rule.not_match.length > 0, "an entry needs examples both ways");
      for (const os of systems) {
        for (const command of rule.match) {
          const verdict = judgeCommand({ command }, { os });
          assert.equal(
            verdict.verdict,
            "known",
            `${command}: ${verdict.verdict === "unknown" ? verdict.reason : ""}`,
          );
          for (const grant of rule.grants ?? []) {
            assert.ok(
              verdict.verdict === "known" && verdict.grants.includes(grant),
              `${command} lacks ${grant}`,
            );
          }
        }
        for (const command of rule.not_match) {
          assert.equal(judgeCommand({ command }, { os }).verdict, "unknown", command);
        }
      }
    });
  }
}
