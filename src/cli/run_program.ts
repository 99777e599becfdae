/**
 * Lets the command line's library read the words: it finds the subcommand, and prints help and complaints.
 */
import { CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CommandName } from "../config/settings.ts";
import type { Flags } from "../config/load.ts";
import { withoutValues } from "./arguments.ts";
import type { Execute } from "./command.ts";
import { readFlags } from "./connection_options.ts";
import { hasColors, printError, printLine } from "./output.ts";
import { createProgram } from "./program.ts";

/** A subcommand that is to be carried out with its settings. */
export interface Start {
  readonly name: CommandName;
  readonly flags: Flags;
  /** Whether standard input has another use than to carry a token. */
  readonly isStdinTaken: boolean;
  /** Loads the subcommand's code. */
  readonly load: () => Promise<Execute>;
}

/**
 * Carries a command line out.
 *
 * @param words - the arguments with the subcommand first
 * @param run - carries out a subcommand with settings
 * @returns the exit code
 */
export async function runProgram(
  words: readonly string[],
  run: (start: Start) => Promise<number>,
): Promise<number> {
  let exitCode = 0;
  const program = createProgram({
    async withSettings(name, command, load) {
      const isStdinTaken = name === "mcp" || (name === "call" && command.args[1] === "-");
      exitCode = await run({ name, flags: readFlags(command), isStdinTaken, load });
    },
    async plain(runPlain) {
      exitCode = await runPlain();
    },
  });
  writeThroughOutput(program);
  for (const command of program.commands) writeThroughOutput(command);
  try {
    await program.parseAsync([...words], { from: "user" });
  } catch (error) {
    // Commander has printed its help or its complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return exitCode;
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
