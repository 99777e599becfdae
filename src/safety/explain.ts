/**
 * Decides what becomes of a command in a mode, and says why: the deny-list, the owner's rules, the mode and the judge of plan mode
 * together. `exec` acts on it and `remote-agent policy explain` prints it.
 */
import type { Mode } from "../protocol/mode.ts";
import { type CatastropheOptions, findCatastrophe } from "./catastrophe.ts";
import type { Grant } from "./grants.ts";
import { modeRemedy, settingRemedy } from "./owner_remedy.ts";
import { refusingRule } from "./rule_check.ts";
import { type CommandInput, judgeCommand, type JudgeOptions, type ProgramVerdict } from "./shell_policy.ts";

/** What must be known to decide. */
export interface ExplainOptions extends JudgeOptions, CatastropheOptions {
  readonly mode: Mode;
  /** Whether strict isolation works on this host. */
  readonly sandbox: boolean;
}

/** What would happen to a command. */
export interface CommandDecision {
  /** `allow`: it runs, in plan mode with all files read-only and with `grants`. `isolate`: it runs in strict isolation. */
  readonly decision: "allow" | "isolate" | "refuse";
  /** Short and stable name of the rule that decided. */
  readonly rule: string;
  readonly reason: string;
  /** What the host's owner can do; never something for a model to do by itself. */
  readonly remedy?: string;
  readonly programs: readonly ProgramVerdict[];
  /** What it may have beyond strict isolation. */
  readonly grants: readonly Grant[];
  /** Folders git may work in; see `ShellVerdict`. */
  readonly repositories: readonly string[];
}

/**
 * Decides what becomes of a command.
 *
 * @example
 * ```ts
 * explainCommand({ command: "make" }, { mode: "plan", sandbox: true, os: "linux", homes: [] }).decision; // "isolate"
 * ```
 */
export function explainCommand(input: CommandInput, options: ExplainOptions): CommandDecision {
  const { mode } = options;
  if (mode === "disabled") {
    return refusal(
      "mode-disabled",
      "Cannot run a command: the host refuses every operation (mode disabled)",
      modeRemedy("edit"),
    );
  }
  const catastrophe = findCatastrophe(input, options);
  if (catastrophe !== undefined) {
    return refusal(catastrophe.rule, `Cannot run the command in any mode: ${catastrophe.reason}`);
  }
  const refusing = mode === "bypass" ? undefined : refusingRule(input, options.rules ?? []);
  if (refusing !== undefined) {
    return refusal(
      `config-rule-${refusing}`,
      `Cannot run the command in ${mode} mode: rule ${refusing} in the settings of the host refuses it`,
      settingRemedy("policy_rules"),
    );
  }
  const verdict = judgeCommand(input, options);
  const { programs } = verdict;
  if (mode !== "plan") {
    return {
      decision: "allow",
      rule: `mode-${mode}`,
      reason: `Allowed: the mode is ${mode}`,
      programs,
      grants: [],
      repositories: [],
    };
  }
  if (verdict.verdict === "known") {
    const { grants, repositories } = verdict;
    return {
      decision: "allow",
      rule: "known",
      reason: "Allowed: it is known to only read",
      programs,
      grants,
      repositories,
    };
  }
  const { rule, reason } = verdict;
  if (options.sandbox) {
    return {
      decision: "isolate",
      rule,
      reason: `Isolated: ${reason}`,
      programs,
      grants: [],
      repositories: [],
    };
  }
  return {
    ...refusal(rule, `Cannot run the command in plan mode without a sandbox: ${reason}`, modeRemedy("edit")),
    programs,
  };
}

function refusal(rule: string, reason: string, remedy?: string): CommandDecision {
  return {
    decision: "refuse",
    rule,
    reason,
    ...(remedy === undefined ? {} : { remedy }),
    programs: [],
    grants: [],
    repositories: [],
  };
}
