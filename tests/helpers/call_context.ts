/**
 * What an executor is told, for tests of executors.
 */
import type { CallContext, Permit } from "../../src/executors/executor.ts";

/** A call of somebody else in edit mode, without a sandbox, unless `changes` say otherwise. */
export function callContext(
  changes: Partial<Omit<CallContext, "permit">> & Partial<Permit> = {},
): CallContext {
  const { signal, output, caller, ...permit } = changes;
  return {
    signal: signal ?? new AbortController().signal,
    ...(output === undefined ? {} : { output }),
    caller: caller ?? { id: "bcdefghij0123456789a", name: "caller", isLocal: false },
    permit: {
      mode: "edit",
      decision: "allow",
      rule: "mode-edit",
      reason: "Allowed: the mode is edit",
      confine: (argv) => argv,
      environment: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/tmp", LANG: "C.UTF-8" },
      ...permit,
    },
  };
}
