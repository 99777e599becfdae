import assert from "node:assert/strict";
import fc from "fast-check";
import { describeRun } from "../../../../src/mcp/texts/run.ts";
import { anyText } from "../../../helpers/any_text.ts";
import { hostOutcome, runRecord } from "../../../helpers/run_record.ts";
import { execResult } from "../../../helpers/sample_results.ts";

const RUN = runRecord().id;
const said = (text: string) =>
  execResult({ stdout: { head: text, tail: "", bytes: text.length, truncated: false, invalidUtf8: false } });
const id = (name: string) => hostOutcome(name).agent.id;

Deno.test("describeRun() shows every host with what it said, and who was left out", () => {
  const record = runRecord({
    target: "web",
    status: "stopped",
    reason: "too many failed",
    startedAt: 0,
    endedAt: 1_500,
    hosts: [
      hostOutcome("a", { exitCode: 0, durationMs: 12.4, result: said("one\ntwo\n") }),
      hostOutcome("b", { status: "failed", exitCode: 3, job: "j_x", result: said("") }),
      hostOutcome("c", { status: "failed", exitCode: null, signal: "SIGKILL" }),
      hostOutcome("d", { status: "refused", error: { code: "refused", message: "In plan mode" } }),
      hostOutcome("e", { status: "skipped", note: "not begun" }),
    ],
    leftOut: [{ agent: { id: "me", name: "me" }, reason: "self" }],
  });
  assert.deepEqual(describeRun(record).split("\n"), [
    `Run ${RUN}: fleet_exec on web, stopped (too many failed)`,
    "Began 1970-01-01T00:00:00.000Z, ended 1970-01-01T00:00:01.500Z",
    `== succeeded (exit code 0, 12 ms): a (${id("a")})`,
    "| one",
    "| two",
    `== failed (exit code 3, job j_x): b (${id("b")})`,
    `== failed (ended by SIGKILL): c (${id("c")})`,
    `== refused: d (${id("d")})`,
    "Error: In plan mode [refused]",
    `== skipped: e (${id("e")})`,
    "Note: not begun",
    "Left out: me (me): self",
  ]);
});

Deno.test("describeRun() of a run that goes on has no end", () => {
  assert.match(describeRun(runRecord({ status: "running" })), /, running\nBegan 1970-01-01T00:00:00\.000Z$/);
});

Deno.test("describeRun() shows nothing that a host says as a line of its own or as a control character", () => {
  fc.assert(fc.property(anyText({ maxLength: 200 }), (text) => {
    const agent = { id: text, name: text };
    const record = runRecord({
      target: text,
      reason: text,
      status: "stopped",
      hosts: [{
        agent,
        status: "failed",
        signal: text,
        job: text,
        note: text,
        error: { code: "cannot_run", message: text },
        result: said(text),
      }],
      leftOut: [{ agent, reason: "self" }],
    });
    const lines = describeRun(record).split("\n");
    const ours = lines.filter((line) => !line.startsWith("| "));
    assert.deepEqual(ours.map((line) => line.slice(0, 4)), ["Run ", "Bega", "== f", "Erro", "Note", "Left"]);
    // deno-lint-ignore no-control-regex -- control characters are what is looked for.
    assert.doesNotMatch(lines.join("\n"), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  }));
});
