/**
 * Decides whether a host carries out an operation in the mode that holds for the caller. Pure; asked once for each request, local or
 * remote. What becomes of a command is decided by `explain.ts`.
 */
import type { Access } from "../protocol/define_operation.ts";
import type { Mode } from "../protocol/mode.ts";
import { modeRemedy } from "./owner_remedy.ts";

/** What is asked. */
export interface PolicyRequest {
  /** Name of the operation. */
  readonly operation: string;
  /** What the operation does to a host. */
  readonly access: Access;
  /** The mode that holds for the caller at this moment. */
  readonly mode: Mode;
}

/** What is answered. A refusal is explained to whoever asked. */
export type Decision =
  | { readonly decision: "allow"; readonly rule: string }
  | {
    readonly decision: "refuse";
    /** Which rule it was, for the audit and for tests. */
    readonly rule: "mode-disabled" | "plan-reads-only";
    readonly reason: string;
    /** What the owner of the host can do; never something for a model to do by itself. */
    readonly remedy: string;
  };

/** The one operation that a disabled host answers, so that it can be seen that it is disabled. */
const ALWAYS = "get_info";

/**
 * Decides one request: `disabled` refuses everything but `get_info`, `plan` allows what reads and what concerns the agent itself,
 * `edit` and `bypass` allow all.
 *
 * @example
 * ```ts
 * decide({ operation: "write_file", access: "write", mode: "plan" }); // { decision: "refuse", rule: "plan-reads-only", ... }
 * ```
 */
export function decide({ operation, access, mode }: PolicyRequest): Decision {
  if (operation === ALWAYS) return { decision: "allow", rule: "always" };
  switch (mode) {
    case "edit":
    case "bypass":
      return { decision: "allow", rule: `mode-${mode}` };
    case "plan":
      // A command in plan mode is judged by what it does.
      if (access !== "write") return { decision: "allow", rule: "plan-reads" };
      return {
        decision: "refuse",
        rule: "plan-reads-only",
        reason: `Cannot run "${operation}" in plan mode: the host allows only operations that read`,
        remedy: modeRemedy("edit"),
      };
    case "disabled":
      return {
        decision: "refuse",
        rule: "mode-disabled",
        reason: `Cannot run "${operation}": the host refuses every operation but get_info (mode disabled)`,
        remedy: modeRemedy(access === "write" ? "edit" : "plan"),
      };
  }
}
