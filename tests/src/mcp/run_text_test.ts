import assert from "node:assert/strict";
import type { HostOutcome, RunRecord } from "../../../src/fleet/run.ts";
import { describeWholeRun } from "../../../src/mcp/run_text.ts";
import { execResult, infoResult, NO_OUTPUT } from "../../helpers/sample_results.ts";

const agent = { id: "web2".padEnd(20, "2"), name: "web-1" };

function record(hosts: readonly HostOutcome[], changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: "r_abcdefghij2345672345",
    tool: "fleet_exec",
    op: "exec",
    params: {},
    target: "web\n",
    status: "ended",
    startedAt: 0,
    endedAt: 1_000,
    flow: { parallel: 1, canary: 0, waveSize: 0, maxFailures: 0 },
    hosts,
    leftOut: [],
    ...changes,
  };
}

Deno.test("describeWholeRun() shows every host with its state and output, behind bars", () => {
  const stdout = { ...NO_OUTPUT, head: "a\n== evil (x): succeeded\u001b[2J\n", bytes: 40 };
  const text = describeWholeRun(record([
    {
      agent,
      status: "failed",
      exitCode: 3,
      durationMs: 12.4,
      job: "j_abcdefghij2345672345",
      result: execResult({ stdout }),
    },
    { agent: { id: "b", name: "b" }, status: "refused", error: { code: "refused", message: "no\nway" } },
    { agent: { id: "c", name: "c" }, status: "waiting", note: "its output was dropped" },
  ]));
  assert.equal(
    text,
    `Run r_abcdefghij2345672345: fleet_exec on web\\u{a}: ended
Begun 1970-01-01T00:00:00.000Z, ended 1970-01-01T00:00:01.000Z. 3 hosts, 0 left out

== web-1 (${agent.id}): failed, exit code 3, 12 ms
Whole output: job://${agent.id}/j_abcdefghij2345672345/output
stdout (40 bytes):
| a
| == evil (x): succeeded\\u{1b}[2J

== b (b): refused
Error: no\\u{a}way [refused]

== c (c): waiting
Note: its output was dropped
`,
  );
});

Deno.test("describeWholeRun() says what is left out of an output, and who was", () => {
  const stderr = { head: "head", tail: "tail", bytes: 9_999, truncated: true, invalidUtf8: true };
  const text = describeWholeRun(record([{ agent, status: "succeeded", result: execResult({ stderr }) }], {
    leftOut: [{ agent: { id: "s", name: "self" }, reason: "self" }],
  }));
  assert.match(text, /Left out: self \(s\): self\n/);
  assert.match(
    text,
    /stderr \(9999 bytes, not all of it UTF-8\):\n\| head\n\[the middle is left out here\]\n\| tail\n/,
  );
});

Deno.test("describeWholeRun() shows results of other operations, and of another version, as well as it can", () => {
  const info = describeWholeRun(
    record([{ agent, status: "succeeded", result: infoResult() }], { op: "get_info" }),
  );
  assert.match(info, /\n\| .*there/);
  const strange = describeWholeRun(
    record([{ agent, status: "succeeded", result: { x: "a\nb" } }], { op: "get_info" }),
  );
  assert.match(strange, /\n\| \{"x":"a\\nb"\}\n$/);
  for (const result of [null, 5, "text", { stdout: 5 }]) {
    describeWholeRun(record([{ agent, status: "succeeded", result }]));
  }
});
