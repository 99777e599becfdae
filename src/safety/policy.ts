/**
 * Decides whether a host carries out an operation in its present mode. Pure; asked once for each request, local or remote.
 */
import type { Access } from "../protocol/define_operation.ts";
import type { Mode } from "../protocol/mode.ts";

/** What is asked. */
export interface PolicyRequest {
  /** Name of the operation. */
  readonly operation: string;
  /** What the operation does to a host. */
  readonly access: Access;
  /** The host's mode at this moment. */
  readonly mode: Mode;
}

/** What is answered. A refusal is explained to whoever asked. */
export type Decision =
  | { readonly decision: "allow" }
  | {
    readonly decision: "refuse";
    /** Which rule it was, for the audit and for tests. */
    readonly rule: "mode-disabled" | "plan-reads-only";
    readonly reason: string;
    /** What the owner of the host can do; never something for a model to do by itself. */
    readonly remedy: string;
  };

/**
 * Decides one request: `disabled` refuses everything, `plan` allows reading, `edit` and `bypass` allow all.
 *
 * @example
 * ```ts
 * decide({ operation: "exec", access: "execute", mode: "plan" }); // { decision: "refuse", rule: "plan-reads-only", ... }
 * ```
 */
export function decide({ operation, access, mode }: PolicyRequest): Decision {
  switch (mode) {
    case "edit":
    case "bypass":
      return { decision: "allow" };
    case "plan":
      if (access === "read") return { decision: "allow" };
      return {
        decision: "refuse",
        rule: "plan-reads-only",
        reason: `Cannot run "${operation}" in plan mode: the host allows only operations that read`,
        remedy: ownerRemedy("edit"),
      };
    case "disabled":
      return {
        decision: "refuse",
        rule: "mode-disabled",
        reason: `Cannot run "${operation}": the host refuses every operation (mode disabled)`,
        remedy: ownerRemedy(access === "read" ? "plan" : "edit"),
      };
  }
}

function ownerRemedy(mode: Mode): string {
  return `Only the host's owner can allow it, by restarting the agent on that machine with --mode ${mode}. ` +
    "Ask the user; do not try to change the mode or to get around it";
}
