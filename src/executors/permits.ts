/**
 * What the policy allows in one call, and how it is carried out: asks the policy for the decision, and turns it into the limits that
 * the sandbox holds. The one place where the two meet.
 */
import { resolve } from "node:path";
import { OperationError } from "../errors.ts";
import { childEnvironment } from "../host/environment.ts";
import type { Confinement, Sandbox } from "../host/sandbox/sandbox.ts";
import type { Platform } from "../protocol/card.ts";
import type { Mode } from "../protocol/mode.ts";
import { type OperationName, OPERATIONS, type ParamsOf } from "../protocol/operation.ts";
import { explainCommand } from "../safety/explain.ts";
import type { Grant } from "../safety/grants.ts";
import { planEnvironment } from "../safety/plan_environment.ts";
import { decide } from "../safety/policy.ts";
import type { PolicyRule } from "../safety/rules.ts";
import { resolveFolder } from "./exec.ts";
import type { Permit } from "./executor.ts";
import type { Walls } from "./walls.ts";

/** What {@link createPermits} needs. */
export interface PermitsOptions {
  readonly platform: Pick<Platform, "family" | "shell">;
  readonly home: string;
  /** Finds the sandbox; undefined where none works, or none is wanted. */
  readonly sandbox: () => Promise<Sandbox | undefined>;
  readonly rules: readonly PolicyRule[];
  /** What commands may not see or change, as it is on the disk now. */
  readonly walls: () => Walls;
  /** Finds the programs that the configuration of git in these folders would start, where no sandbox holds them. */
  readonly programsOfGit: (folders: readonly string[]) => Promise<readonly string[]>;
  /** The agent's environment, asked at each call; the same object as long as nothing in it has changed. */
  readonly environment: () => Readonly<Record<string, string>>;
}

/** Makes the permit of each call. */
export interface Permits {
  /**
   * @param mode - the mode that holds for the caller
   * @throws {OperationError} `refused` with rule, reason and remedy if the call is not allowed.
   */
  permit<K extends OperationName>(operation: K, params: ParamsOf<K>, mode: Mode): Promise<Permit>;
}

/** Makes the maker of permits. */
export function createPermits(options: PermitsOptions): Permits {
  let known:
    | { readonly own: Readonly<Record<string, string>>; readonly ofCommands: Permit["environment"] }
    | undefined;
  const environmentOfCommands = () => {
    const own = options.environment();
    if (known?.own !== own) known = { own, ofCommands: childEnvironment(own) };
    return known.ofCommands;
  };

  const permitOf = (
    decided: Pick<Permit, "mode" | "decision" | "rule" | "reason">,
    { sandbox, grants }: { readonly sandbox: Sandbox | undefined; readonly grants: readonly Grant[] },
  ): Permit => {
    const environment = environmentOfCommands();
    return {
      ...decided,
      environment: decided.mode === "plan" ? planEnvironment(environment) : environment,
      confine: (argv) =>
        sandbox?.confine(argv, confinementFor(decided, { walls: options.walls(), grants })) ?? argv,
    };
  };

  /** Bypass is without any. */
  const sandboxFor = async (mode: Mode) => mode === "bypass" ? undefined : await options.sandbox();

  const permitCommand = async (params: CommandParams, mode: Mode): Promise<Permit> => {
    const sandbox = await sandboxFor(mode);
    const decision = explainCommand(
      inputOf(params),
      explainOptions({ ...options, sandbox }, params.cwd, mode),
    );
    if (decision.decision === "refuse") throw refusal(decision);
    const { rule, reason, grants, repositories } = decision;
    if (mode === "plan" && sandbox === undefined && repositories.length > 0) {
      const folder = resolveFolder(params.cwd, options.home);
      await refuseProgramsOfGit(repositories.map((path) => resolve(folder, path)));
    }
    return permitOf({ mode, decision: decision.decision, rule, reason }, { sandbox, grants });
  };

  const refuseProgramsOfGit = async (folders: readonly string[]) => {
    const programs = await options.programsOfGit(folders);
    if (programs.length === 0) return;
    throw refusal({
      rule: "git-config-program",
      reason:
        `Cannot run the command in plan mode without a sandbox: the configuration of git there starts ` +
        `programs (${programs.slice(0, 5).join(", ")})`,
      remedy: "Install bubblewrap on that machine, or ask its owner",
    });
  };

  return {
    async permit(operation, params, mode) {
      // The table's own access decides; a command is judged by what it does.
      if ((operation === "exec" || operation === "part_run") && mode !== "disabled") {
        return await permitCommand(params as CommandParams, mode); // The name says so.
      }
      const verdict = decide({ operation, access: OPERATIONS[operation].access, mode });
      if (verdict.decision === "refuse") throw refusal(verdict);
      const reason = `Allowed: the mode is ${mode}`;
      const sandbox = await sandboxFor(mode);
      return permitOf({ mode, decision: "allow", rule: verdict.rule, reason }, { sandbox, grants: [] });
    },
  };
}

/** What `explainCommand` needs to know of the host; `remote-agent policy explain` asks with the same. */
export function explainOptions(
  { platform, home, rules, sandbox }: Pick<PermitsOptions, "platform" | "home" | "rules"> & {
    readonly sandbox: Sandbox | undefined;
  },
  cwd: string | undefined,
  mode: Mode,
): Parameters<typeof explainCommand>[1] {
  const { family, shell } = platform;
  return {
    mode,
    rules,
    sandbox: sandbox !== undefined,
    os: family === "macos" || family === "windows" ? family : "linux",
    shell: /bash$/.test(shell) ? "bash" : "sh",
    homes: [home],
    cwd: resolveFolder(cwd, home),
    ownPids: [Deno.pid],
  };
}

/** What tells a command, whichever operation runs it. */
type CommandParams = Pick<ParamsOf<"exec">, "command" | "argv" | "cwd">;

/** What a command is, to the policy. */
function inputOf({ command, argv }: CommandParams): Parameters<typeof explainCommand>[0] {
  return command !== undefined ? { command } : { argv: argv ?? [] };
}

/** What is known to only read sees what really is in the folders of temporary files; what is not gets folders of its own. */
function confinementFor(
  { mode, decision }: Pick<Permit, "mode" | "decision">,
  { walls, grants }: { readonly walls: Walls; readonly grants: readonly Grant[] },
): Confinement {
  if (mode !== "plan") return { kind: "guarded", ...walls };
  const temporary = decision === "allow" ? "readable" : "private";
  return { kind: "strict", grants, temporary, hidden: walls.hidden };
}

function refusal(
  { rule, reason, remedy }: { rule: string; reason: string; remedy?: string },
): OperationError {
  return new OperationError("refused", reason, { rule, ...(remedy === undefined ? {} : { remedy }) });
}
