/**
 * Carries a command line out: finds the subcommand, loads the settings, runs it, and gives back the exit code.
 */
import { CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { type LoadedSettings, loadSettings } from "../config/load.ts";
import type { Secrets } from "../config/redact.ts";
import type { CommandName } from "../config/settings.ts";
import { type NodePaths, nodePaths } from "../host/paths.ts";
import { withCommandFirst, withoutValues } from "./arguments.ts";
import type { CommandContext, Execute } from "./command.ts";
import { flagsWithValue, readFlags } from "./connection_options.ts";
import { hasColors, isTerminal, printError, printLine, printWarning } from "./output.ts";
import { createProgram } from "./program.ts";
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
  let exitCode = 0;
  const program = createProgram({
    async withSettings(name, command, load) {
      exitCode = await runWithSettings(name, command, { load, secrets });
    },
    async plain(run) {
      exitCode = await run();
    },
  });
  writeThroughOutput(program);
  for (const command of program.commands) writeThroughOutput(command);
  try {
    const ordered = withCommandFirst(words, {
      flagsWithValue: flagsWithValue(),
      isTerminal: isTerminal("stdin"),
    });
    await program.parseAsync(ordered, { from: "user" });
  } catch (error) {
    // Commander has printed its help or its complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return exitCode;
}

async function runWithSettings(
  name: CommandName,
  command: CommandUnknownOpts,
  { load, secrets }: { load: () => Promise<Execute>; secrets: Secrets },
): Promise<number> {
  const env = readEnvironment();
  const paths = nodePaths(Deno.build.os, env);
  const [execute, loaded, log] = await Promise.all([
    load(),
    loadFor(name, command, { env, paths, secrets }),
    NODES.includes(name) ? import("../log.ts") : undefined,
  ]);
  for (const warning of loaded.warnings) printWarning(secrets.redact(warning));
  await using _log = log?.configureLog({ level: loaded.settings.log_level, secrets: secrets.values });
  using stop = watchStopSignals();
  const { settings, origins } = loaded;
  const context: CommandContext = { settings, origins, paths, secrets, signal: stop.signal };
  return await execute(context);
}

function loadFor(
  name: CommandName,
  command: CommandUnknownOpts,
  { env, paths, secrets }: { env: Record<string, string>; paths: NodePaths; secrets: Secrets },
): Promise<LoadedSettings> {
  const isStdinTaken = name === "mcp" || (name === "call" && command.args[1] === "-");
  return loadSettings({
    command: name,
    flags: readFlags(command),
    env,
    // What init is about to write, or to replace, is not where its own settings come from.
    configFile: name === "init" ? undefined : paths.configFile,
    hostName: Deno.hostname(),
    stdin: isStdinTaken ? undefined : Deno.stdin,
    secrets,
  });
}

/** The environment; Windows does not distinguish case in names, so there they become upper case. */
function readEnvironment(): Record<string, string> {
  const env = Deno.env.toObject();
  if (Deno.build.os !== "windows") return env;
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name.toUpperCase(), value]));
}

function writeThroughOutput(command: CommandUnknownOpts): void {
  const withoutEnd = (text: string) => text.replace(/\n$/, "");
  command.configureOutput({
    writeOut: (text) => printLine(withoutEnd(text)),
    writeErr: (text) => printError(withoutEnd(text)),
    outputError: (text) => printError(withoutEnd(withoutValues(text))),
    getOutHasColors: () => hasColors("stdout"),
    getErrHasColors: () => hasColors("stderr"),
  });
}
