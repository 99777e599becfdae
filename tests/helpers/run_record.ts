/**
 * Records of runs, for tests of what shows them.
 */
import fc from "fast-check";
import type { HostOutcome, RunRecord } from "../../src/fleet/run.ts";
import { HostStatus } from "../../src/protocol/run.ts";
import { anyText } from "./any_text.ts";

/** A run of `fleet_exec` that has ended, but for `changes`. */
export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: `r_${"a".repeat(20)}`,
    tool: "fleet_exec",
    op: "exec",
    params: {},
    target: "all",
    status: "ended",
    startedAt: 0,
    flow: { parallel: 64, canary: 0, waveSize: 0, maxFailures: Infinity },
    hosts: [],
    leftOut: [],
    ...changes,
  };
}

/** A host that succeeded, but for `changes`; its result is what it said. */
export function hostOutcome(name: string, changes: Partial<HostOutcome> = {}): HostOutcome {
  return { agent: { id: `id${name}`.padEnd(20, "2"), name }, status: "succeeded", ...changes };
}

/** What a host of these records said. */
export function saidBy({ result }: HostOutcome): string {
  return typeof result === "string" ? result : "";
}

/** Hosts that may have come to anything and said anything; names are as cards allow them. */
export function anyHosts({ maxLength }: { readonly maxLength: number }): fc.Arbitrary<HostOutcome[]> {
  const said = fc.oneof(
    fc.constantFrom("", "ok\n", "ok", "same\nlines\nfor\nmost\nhosts\n", "same\nlines\nfor\nsome\nhosts\n"),
    fc.constantFrom(
      "== 9 hosts succeeded: all",
      "Note: fine",
      "\n== 1 host gone: x\nError: y",
      "x".repeat(9_000),
    ),
    fc.nat(500).map((number) => `pid ${number}\nuptime ${number * 7} s\n`),
    anyText({ maxLength: 300 }),
    fc.lorem({ maxCount: 60 }),
  );
  const error = fc.record({
    code: fc.constantFrom("refused", "peer_gone", "cannot_run"),
    message: fc.oneof(anyText({ maxLength: 100 }), fc.constant("m".repeat(8_192))),
  });
  const host = fc.record({
    name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
    outcome: fc.record({
      status: fc.constantFrom(...HostStatus.options),
      exitCode: fc.oneof(fc.constant(0), fc.nat(255)),
      signal: fc.constantFrom("SIGKILL", anySignal),
      error,
      note: fc.oneof(fc.constant("checked"), anyText()),
      job: fc.constant(`j_${"a".repeat(20)}`),
      durationMs: fc.nat(100_000),
      result: said,
    }, { requiredKeys: ["status"] }),
  });
  return fc.array(host, { maxLength }).map((hosts) =>
    hosts.map(({ name, outcome }, i) => ({
      agent: { id: String(i).padEnd(20, "2"), name },
      ...(outcome satisfies Partial<HostOutcome>),
      status: outcome.status,
    } as HostOutcome)) // fast-check's type of optional keys allows undefined where there is none.
  );
}

const anySignal = "SIG\nX";
