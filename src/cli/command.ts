/**
 * What a subcommand's module is given and gives back. Each is `src/cli/commands/<command>.ts` and exports `execute`.
 */
import type { ResolvedSettings } from "../config/merge.ts";
import type { Secrets } from "../config/redact.ts";
import type { NodePaths } from "../host/paths.ts";

/** What every subcommand that uses settings is given. */
export interface CommandContext extends ResolvedSettings {
  readonly paths: NodePaths;
  /** What must not be shown. A command that makes a secret adds it. */
  readonly secrets: Secrets;
  /** Aborted by the first SIGINT or SIGTERM; the second ends the process at once. */
  readonly signal: AbortSignal;
}

/**
 * Carries a subcommand out. Those with options of their own take them as a second argument, which `program.ts` fills.
 *
 * @returns the exit code
 * @throws {ConfigError} If the user must correct something: exit code 2.
 */
export type Execute = (context: CommandContext) => Promise<number>;

/** The options of `config`, and of others. */
export interface JsonOptions {
  readonly json: boolean;
}

/** The arguments and options of `call`. */
export interface CallOptions {
  /** The tool's name. */
  readonly tool: string;
  /** Its arguments as JSON text, `-` for standard input; undefined for none. */
  readonly input: string | undefined;
  readonly json: boolean;
}

/** The arguments and options of `agents`. */
export interface AgentsOptions extends JsonOptions {
  /** Who is meant; undefined for all. */
  readonly target: string | undefined;
}

/** The arguments and options of `exec`, as they were typed. */
export interface ExecOptions extends JsonOptions {
  readonly target: string | undefined;
  /** One word: a line for the shell; several: a program and its arguments; none with --retry-failed: as before. */
  readonly words: readonly string[];
  readonly cwd: string | undefined;
  readonly timeout: string | undefined;
  readonly includeSelf: boolean;
  readonly dryRun: boolean;
  readonly parallel: string | undefined;
  readonly canary: string | undefined;
  readonly waveSize: string | undefined;
  readonly maxFailures: string | undefined;
  readonly retryFailed: string | undefined;
  readonly maskNumbers: boolean;
}

/** The argument and options of `mapreduce`, as they were typed. */
export interface MapReduceOptions extends JsonOptions {
  readonly target: string | undefined;
  readonly file?: string | undefined;
  readonly glob?: string | undefined;
  readonly data?: string | undefined;
  readonly map?: string | undefined;
  readonly combine?: string | undefined;
  readonly reduce?: string | undefined;
  readonly key: boolean;
  readonly reducers?: string | undefined;
  readonly format?: string | undefined;
  readonly splitBy?: string | undefined;
  readonly recordBytes?: string | undefined;
  readonly partitions?: string | undefined;
  readonly cwd?: string | undefined;
  readonly timeout?: string | undefined;
  readonly maxRetries?: string | undefined;
  readonly slots?: string | undefined;
  readonly output?: string | undefined;
  readonly resume?: string | undefined;
  readonly includeSelf: boolean;
  readonly dryRun: boolean;
}

/** The argument and options of `mode`. */
export interface ModeOptions {
  /** The mode as it was typed; undefined to show the one in force. */
  readonly mode: string | undefined;
  /** For how long, as it was typed. */
  readonly for: string | undefined;
  /** Whether to go back to what the settings say. */
  readonly reset: boolean;
  readonly json: boolean;
}

/** The arguments and options of `policy explain`. */
export interface PolicyOptions {
  /** One word: a line for the shell; several: a program and its arguments. */
  readonly words: readonly string[];
  readonly json: boolean;
}

/** The options of `init`. */
export interface InitOptions {
  readonly force: boolean;
}
