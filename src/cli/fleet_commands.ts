/**
 * The subcommands that work on many machines at once: `agents`, `exec` and `mapreduce`.
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { addSettingOptions } from "./connection_options.ts";
import { example } from "./help_example.ts";
import type { Starter } from "./program.ts";

const TARGETS = `
Targets:
  all                     every machine that runs commands for others
  web,db                  those with one of these tags
  os:linux arch:arm64     by system or processor; also mode:edit
  name:'web-*' id:abcd    by name or beginning of the id
  'web & !canary'         & and, | or, ! not, with parentheses
  'web & 10%' 'all & n:3' some of them, always the same ones`;

/** Adds them to the program. */
export function addFleetCommands(program: CommandUnknownOpts, starter: Starter): void {
  addSettingOptions(program.command("agents"), "agents")
    .argument("[target]", "only those that it means")
    .option("--json", "print JSON")
    .summary("list who is in the room")
    .description(
      "Lists who is in the room, with name, id, tags, platform and mode; with a target, whom it means.",
    )
    .addHelpText("after", `${TARGETS}\n${example("remote-agent agents 'os:linux & !canary'")}`)
    .action((target, options, command) =>
      starter.withSettings("agents", command, async () => {
        const { execute } = await import("./commands/agents.ts");
        return (context) => execute(context, { target, json: options.json === true });
      })
    );

  // What it does comes first in its help, and then how it reaches the room.
  const exec = program.command("exec")
    .argument("[target]", "who is meant; may be left out with --retry-failed")
    .argument("[command...]", "one word: a line for the shell; several: a program and its arguments")
    .option("--cwd <folder>", "where to run it (default: the home folder of the agent's user)")
    .option("--timeout <time>", "end it on a machine after this, such as 90s or 2h (default: 5m)")
    .option("--parallel <n>", "machines at once (default: 64)")
    .option("--canary <n>", "so many machines first, alone, a number or 5%: if one fails, no other is begun")
    .option("--wave-size <n>", "so many machines at a time: a wave ends before the next begins")
    .option("--max-failures <n>", "begin no other when more than this failed, a number or 10%")
    .option("--retry-failed <run>", "only the machines of an earlier run that did not succeed")
    .option("--include-self", "also this machine")
    .option("--mask-numbers", "outputs that differ only in numbers count as alike")
    .option("--dry-run", "only show which machines are meant")
    .option("--json", "print JSON");
  addSettingOptions(exec, "exec")
    .summary("run a command on many machines")
    .description(
      "Runs a command on all machines that a target means, waits for its end, and shows what they said: machines that said the " +
        "same as one group, others as what differs. Exit code 0 if all succeeded, else 1. Ctrl-C ends it everywhere.",
    )
    .addHelpText(
      "after",
      `${TARGETS}\n${example("remote-agent exec 'web & os:linux' -- 'uptime | cut -d, -f1'")}`,
    )
    .action((target, words, options, command) =>
      starter.withSettings("exec", command, async () => {
        const { execute } = await import("./commands/exec.ts");
        return (context) =>
          execute(context, {
            target,
            words,
            cwd: options.cwd,
            timeout: options.timeout,
            parallel: options.parallel,
            canary: options.canary,
            waveSize: options.waveSize,
            maxFailures: options.maxFailures,
            retryFailed: options.retryFailed,
            includeSelf: options.includeSelf === true,
            maskNumbers: options.maskNumbers === true,
            dryRun: options.dryRun === true,
            json: options.json === true,
          });
      })
    );

  // What it does comes first in its help, and then how it reaches the room.
  const mapreduce = program.command("mapreduce")
    .argument("[target]", "who takes part (default: all)")
    .option("--file <path>", "input: a file of this machine")
    .option("--glob <pattern>", "input: files of the machines, such as '/var/log/app/*.log'")
    .option("--data <json>", "input: a JSON list of items")
    .option("--map <command>", "run for each piece of the input")
    .option("--combine <command>", "run on what each map wrote, before it travels")
    .option("--reduce <command>", "run on what the maps wrote")
    .option("--key", "maps write key, TAB, value: reduces get their keys sorted and complete")
    .option("--reducers <n>", "how many reduces, with --key")
    .option("--format <format>", "lines (default) or json: how commands read their input")
    .option("--split-by <what>", "how a file is cut: lines (default) or bytes")
    .option("--record-bytes <n>", "with bytes: cut only at multiples of this")
    .option("--partitions <n>", "how many pieces (default: by size and machines)")
    .option("--cwd <folder>", "where commands run (default: the home folder of the agent's user)")
    .option("--timeout <time>", "end an attempt after this, such as 10m (default: none)")
    .option("--max-retries <n>", "attempts after the first that a piece may fail (default: 2)")
    .option("--slots <n>", "pieces at once on a machine (default: 2)")
    .option("--output <file>", "write the result to this file of this machine, not to the terminal")
    .option("--resume <run>", "go on with a run that failed or was broken off")
    .option("--include-self", "also this machine")
    .option("--dry-run", "only show what would be done")
    .option("--json", "print JSON");
  addSettingOptions(mapreduce, "mapreduce")
    .summary("work on much data with commands on many machines")
    .description(
      "Cuts the input into pieces, runs a command on each on the machines of a target, and another on what they wrote. Pieces that " +
        "fail are tried again on other machines; a command may run more than once for a piece, its result counts once.",
    )
    .addHelpText(
      "after",
      example(
        `remote-agent mapreduce web --file big.txt --key \\\n` +
          `      --map "tr -cs '[:alpha:]' '\\n' | sed 's/$/\\t1/'" \\\n` +
          `      --reduce "awk -F'\\t' '\$1!=k{if(NR>1)print k FS n;k=\$1;n=0}{n+=\$2}END{if(NR)print k FS n}'"`,
      ),
    )
    .action((target, options, command) =>
      starter.withSettings("mapreduce", command, async () => {
        const { execute } = await import("./commands/mapreduce.ts");
        return (context) =>
          execute(context, {
            ...options,
            target,
            key: options.key === true,
            includeSelf: options.includeSelf === true,
            dryRun: options.dryRun === true,
            json: options.json === true,
          });
      })
    );
}
