import assert from "node:assert/strict";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { addFleetCommands } from "../../../src/cli/fleet_commands.ts";
import type { Starter } from "../../../src/cli/program.ts";
import { mapReduce } from "../../../src/mcp/tools/mapreduce.ts";
import { fleetTool } from "../../../src/mcp/tools/fleet_tools.ts";
import { commandContext, printedBy } from "./_in_process.ts";

const NAMES = ["agents", "exec", "mapreduce"] as const;

function programOf(starter: Partial<Starter> = {}): CommandUnknownOpts {
  const program: CommandUnknownOpts = new Command("remote-agent").exitOverride();
  const quiet = { writeOut: () => {}, writeErr: () => {} };
  program.configureOutput(quiet);
  addFleetCommands(program, {
    withSettings: () => assert.fail("Settings were read"),
    plain: () => assert.fail("It takes settings"),
    ...starter,
  });
  for (const command of program.commands) command.exitOverride().configureOutput(quiet);
  return program;
}

/** Parses words and carries the subcommand out on a machine without a room, as far as it comes. */
async function start(words: readonly string[]): Promise<string> {
  const opened: string[] = [];
  const program = programOf({
    async withSettings(name, _command, load) {
      const execute = await load();
      await using context = await commandContext(name);
      const printed = await printedBy(async () => {
        try {
          return await execute(context.context);
        } catch (error) {
          return String(error);
        }
      });
      opened.push(`${name} ${printed.value}: ${printed.stdout}${printed.stderr}`);
    },
  });
  await program.parseAsync([...words], { from: "user" });
  return opened.join();
}

Deno.test("addFleetCommands() adds the commands for many machines, each with a summary and an example", () => {
  const program = programOf();
  assert.deepEqual(program.commands.map((command) => command.name()), NAMES);
  for (const command of program.commands) {
    let help = "";
    command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
    assert.ok(command.summary() !== "" && help.includes("\nExample:\n  $ remote-agent "), command.name());
    assert.ok(help.includes("--relay") && help.includes("--json"), command.name());
  }
});

const parsed: readonly (readonly [readonly string[], RegExp])[] = [
  [["agents", "web"], /^agents ConfigError: Cannot join a room/],
  [
    ["exec", "all", "--include-self", "--dry-run", "--", "ls", "-l"],
    /^exec 0: Dry run, nothing was done\. fleet_exec/,
  ],
  [["exec", "all", "--parallel", "x", "--", "ls"], /^exec ConfigError: .*parallel/],
  [["exec", "all", "--canary", "x", "--", "ls"], /^exec ConfigError: .*canary/],
  [["exec", "all", "--wave-size", "x", "--", "ls"], /^exec ConfigError: .*wave_size/],
  [["exec", "all", "--max-failures", "x", "--", "ls"], /^exec ConfigError: .*max_failures/],
  [["exec", "--retry-failed", "x"], /^exec ConfigError: .*retry_failed/],
  [["exec", "all", "--timeout", "x", "--", "ls"], /^exec ConfigError: .*--timeout/],
  [["mapreduce", "--data", "[1]", "--map", "cat", "--include-self", "--dry-run"], /^mapreduce 0: Dry run/],
  [["mapreduce", "--data", "[1]", "--map", "cat", "--reducers", "x"], /^mapreduce ConfigError: .*reducers/],
  [
    ["mapreduce", "--file", "f", "--map", "cat", "--record-bytes", "x"],
    /^mapreduce ConfigError: .*record_bytes/,
  ],
  [["mapreduce", "--file", "f", "--map", "cat", "--split-by", "x"], /^mapreduce ConfigError: .*split_by/],
  [["mapreduce", "--glob", "f", "--map", "cat", "--partitions", "x"], /^mapreduce ConfigError: .*partitions/],
  [
    ["mapreduce", "--glob", "f", "--map", "cat", "--max-retries", "x"],
    /^mapreduce ConfigError: .*max_retries/,
  ],
  [["mapreduce", "--resume", "x"], /^mapreduce ConfigError: .*resume/],
];
for (const [words, expected] of parsed) {
  Deno.test(`remote-agent ${words.join(" ")} is read as it is typed`, async () => {
    assert.match(await start(words), expected);
  });
}

Deno.test("an option that no command knows is refused", async () => {
  for (const name of NAMES) await assert.rejects(start([name, "--surprise"]), /unknown option '--surprise'/);
});

Deno.test("every argument of the tools has an option, but for those that only assistants need", () => {
  const program = programOf();
  const optionsOf = (name: string) =>
    new Set(
      program.commands.find((command) => command.name() === name)?.options.map(({ long }) =>
        long?.slice(2).replaceAll("-", "_")
      ),
    );
  const missing = (
    keys: readonly string[],
    options: ReadonlySet<string | undefined>,
    other: readonly string[],
  ) => keys.filter((key) => !options.has(key.replace(/_(fn|ms)$/, "")) && !other.includes(key));
  const execKeys = Object.keys(fleetTool("fleet_exec").input.shape);
  const inWords = ["target", "command", "argv"];
  assert.deepEqual(
    missing(execKeys, optionsOf("exec"), [...inWords, "wait_ms", "max_tokens", "env", "stdin"]),
    [],
  );
  const keys = Object.keys(mapReduce.input.shape);
  assert.deepEqual(missing(keys, optionsOf("mapreduce"), ["target", "wait_ms", "max_tokens"]), []);
});
