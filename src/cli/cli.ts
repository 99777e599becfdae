/**
 * Carries a command line out: finds the subcommand, loads the settings, runs it, and gives back the exit code.
 */
import { loadSettings } from "../config/load.ts";
import { checkPolicyRules } from "../config/policy_rules.ts";
import type { Secrets } from "../config/redact.ts";
import type { CommandName } from "../config/settings.ts";
import { nodePaths } from "../host/paths.ts";
import { withCommandFirst } from "./arguments.ts";
import type { CommandContext } from "./command.ts";
import { isTerminal, printWarning } from "./output.ts";
import { flagsWithValue, readPlainFlags } from "./plain_flags.ts";
import type { Start } from "./run_program.ts";
import { watchStopSignals } from "./stop_signal.ts";

/** Subcommands that are a node of the room, and so keep a log. */
const NODES: readonly CommandName[] = ["run", "mcp", "agents", "call"];

/**
 * Carries a command line out.
 *
 * @param words - the arguments, without the program's name
 * @param options.secrets - learns every secret, so that the caller can keep them out of what it prints
 * @returns the exit code
 * @throws {ConfigError} If a setting is wrong.
 */
export async function runCli(
  words: readonly string[],
  { secrets }: { readonly secrets: Secrets },
): Promise<number> {
  const ordered = withCommandFirst(words, {
    flagsWithValue: flagsWithValue(),
    isTerminal: isTerminal("stdin"),
  });
  const mcp = readPlainMcp(ordered);
  if (mcp !== undefined) return await runWithSettings(mcp, secrets);
  const { runProgram } = await import("./run_program.ts");
  return await runProgram(ordered, (start) => runWithSettings(start, secrets));
}

/** Understands `mcp` with plain flags, which is how assistants start it. */
function readPlainMcp([name, ...words]: readonly string[]): Start | undefined {
  if (name !== "mcp" && name !== "hybrid") return undefined;
  const flags = readPlainFlags(words, "mcp");
  if (flags === undefined) return undefined;
  const load = async () => (await import("./commands/mcp.ts")).execute;
  return { name: "mcp", flags, isStdinTaken: true, load };
}

async function runWithSettings(
  { name, flags, isStdinTaken, load }: Start,
  secrets: Secrets,
): Promise<number> {
  const env = readEnvironment();
  const paths = nodePaths(Deno.build.os, env);
  const [execute, loaded, log] = await Promise.all([
    load(),
    loadSettings({
      command: name,
      flags,
      env,
      // What init is about to write, or to replace, is not where its own settings come from.
      configFile: name === "init" ? undefined : paths.configFile,
      hostName: Deno.hostname(),
      stdin: isStdinTaken ? undefined : Deno.stdin,
      secrets,
    }),
    NODES.includes(name) ? import("../log.ts") : undefined,
  ]);
  await checkPolicyRules(loaded);
  for (const warning of loaded.warnings) printWarning(secrets.redact(warning));
  await using _log = log?.configureLog({ level: loaded.settings.log_level, secrets: secrets.values });
  using stop = watchStopSignals();
  const { settings, origins } = loaded;
  const context: CommandContext = {
    settings,
    origins,
    paths: { ...paths, tokenFiles: loaded.tokenFiles },
    secrets,
    signal: stop.signal,
  };
  return await execute(context);
}

/** The environment; Windows does not distinguish case in names, so there they become upper case. */
function readEnvironment(): Record<string, string> {
  const env = Deno.env.toObject();
  if (Deno.build.os !== "windows") return env;
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name.toUpperCase(), value]));
}
