/**
 * The command line as people see it: subcommands, flags and help. What a subcommand does is loaded when it runs.
 */
import { Argument, Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CommandName } from "../config/settings.ts";
import { VERSION } from "../version.ts";
import type { Execute } from "./command.ts";
import { addSettingOptions } from "./connection_options.ts";
import { addFleetCommands } from "./fleet_commands.ts";
import { example } from "./help_example.ts";

/** Starts what the command line asks for. */
export interface Starter {
  /** Loads the settings and the subcommand at the same time, then runs it. */
  withSettings(name: CommandName, command: CommandUnknownOpts, load: () => Promise<Execute>): Promise<void>;
  /** Runs a subcommand that takes no settings. */
  plain(run: () => Promise<number>): Promise<void>;
}

const FIRST_STEPS = `
First steps:
  1. On the first machine. It writes config.toml with a new token, and says how
     to use that token on the others:
       $ remote-agent init --relay wss://relay.example.com --room home
  2. On every machine that is to be controlled. In plan mode, the default,
     nothing on it can be changed; --mode edit lets it write and run commands:
       $ remote-agent run --mode edit
  3. In the assistant's configuration, as the command of an MCP server:
       remote-agent mcp
     A client that starts the bare program gets this, too.

A relay of your own: remote-agents-relay --bind 0.0.0.0:8080
It carries ciphertext and never learns the token.

Settings: flag > REMOTE_AGENTS_* environment > config.toml > default.
"remote-agent config" shows each value and where it comes from. Without relay,
room and token, mcp works on this machine alone.

Files: config.toml and state are in the platform's folders
(~/.config/remote-agents and ~/.local/state/remote-agents on Linux), or all in
the folder that REMOTE_AGENTS_HOME names.`;

/** Builds the command line. `starter` carries out what is asked for. */
export function createProgram(starter: Starter): CommandUnknownOpts {
  const program = new Command("remote-agent")
    .description("Lets an AI assistant work on your machines, through a relay that can read nothing.")
    .version(VERSION, "-V, --version", "print the version")
    .option("--verbose", "show the stack of an error")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    // Their arguments are in their own help; here they would leave no room for what they are for.
    .configureHelp({ subcommandTerm: (command) => [command.name(), ...command.aliases()].join("|") })
    .addHelpText("after", FIRST_STEPS)
    .showHelpAfterError('Run "remote-agent --help" for help')
    .exitOverride();

  addSettingOptions(program.command("run"), "run")
    .summary("be controlled: join the room and run what its members ask for")
    .description("Joins the room and carries out what its members ask for, until it is stopped.")
    .addHelpText(
      "after",
      example(
        "remote-agent run --relay wss://relay.example.com --room home --token-file ~/token --mode edit",
      ),
    )
    .action((_options, command) =>
      starter.withSettings("run", command, async () => {
        const { execute } = await import("./commands/run.ts");
        return (context) => execute(context);
      })
    );

  addSettingOptions(program.command("mcp"), "mcp")
    .alias("hybrid")
    .summary("serve an assistant: the same, with an MCP server on stdin and stdout")
    .description(
      "Serves MCP on stdin and stdout, and is a member of the room as well. Without relay, room and token it works " +
        "on this machine alone.",
    )
    .addHelpText(
      "after",
      example('{ "command": "remote-agent", "args": ["mcp"] }', "In a client's configuration:"),
    )
    .action((_options, command) =>
      starter.withSettings("mcp", command, async () => {
        const { execute } = await import("./commands/mcp.ts");
        return (context) => execute(context);
      })
    );

  addSettingOptions(program.command("init"), "init")
    .summary("write config.toml, with a new token unless there is one")
    .description(
      "Writes config.toml from flags and environment, with a new token unless one is given, and says how to use it " +
        "on other machines.",
    )
    .option("--force", "replace an existing config.toml; a copy stays beside it")
    .addHelpText(
      "after",
      example("remote-agent init --relay wss://relay.example.com --room home --tags linux,gpu"),
    )
    .action((options, command) =>
      starter.withSettings("init", command, async () => {
        const { execute } = await import("./commands/init.ts");
        return (context) => execute(context, { force: options.force === true });
      })
    );

  addSettingOptions(program.command("config"), "config")
    .summary("show the settings in effect and where each comes from")
    .description("Shows the settings in effect and where each comes from. Secrets are not shown.")
    .option("--json", "print JSON")
    .addHelpText("after", example("remote-agent config --json"))
    .action((options, command) =>
      starter.withSettings("config", command, async () => {
        const { execute } = await import("./commands/config.ts");
        return (context) => execute(context, { json: options.json === true });
      })
    );

  program.command("token")
    .summary("make a new token")
    .description("Prints a new token: 256 random bits and a checksum. It is stored nowhere.")
    .addHelpText("after", example("remote-agent token > ~/token && chmod 600 ~/token"))
    .action(() => starter.plain(async () => await (await import("./commands/token.ts")).execute()));

  addSettingOptions(program.command("room-id"), "room-id")
    .summary("show the room's public id, for a relay's --allow-room")
    .description("Shows the public id of the room, which a relay's --allow-room takes. It is no secret.")
    .addHelpText("after", example("remote-agents-relay --allow-room $(remote-agent room-id)"))
    .action((_options, command) =>
      starter.withSettings("room-id", command, async () => (await import("./commands/room_id.ts")).execute)
    );

  addFleetCommands(program, starter);

  addSettingOptions(program.command("call"), "call")
    .argument("<tool>", "the tool's name, such as exec")
    .argument("[json]", "its arguments as a JSON object; - reads them from standard input")
    .summary("call any tool from the shell")
    .description("Calls one of the tools that an assistant has, for scripts.")
    .option("--json", "print the structured result as JSON")
    .addHelpText("after", example(`remote-agent call exec '{"agent_id": "web-1", "command": "uptime"}'`))
    .action((tool, input, options, command) =>
      starter.withSettings("call", command, async () => {
        const { execute } = await import("./commands/call.ts");
        return (context) => execute(context, { tool, input, json: options.json === true });
      })
    );

  addSettingOptions(program.command("mode"), "mode")
    .argument("[mode]", "disabled, plan, edit or bypass; without it, the mode is shown")
    .option("--for <time>", "for how long, such as 30m or 2h; then it falls back")
    .option("--reset", "go back to what the settings say")
    .option("--json", "print JSON")
    .summary("show or set what may be done on this machine")
    .description(
      "Shows or sets what may be done on this machine, for all its processes at once. This is the owner's word: it may " +
        "be above what requests can reach, it is their ceiling, and it leaves disabled. It lasts until it is set anew.",
    )
    .addHelpText("after", example("remote-agent mode edit --for 30m"))
    .action((mode, options, command) =>
      starter.withSettings("mode", command, async () => {
        const { execute } = await import("./commands/mode.ts");
        return (context) =>
          execute(context, {
            mode,
            for: options.for,
            reset: options.reset === true,
            json: options.json === true,
          });
      })
    );

  addSettingOptions(program.command("policy"), "policy")
    .addArgument(
      new Argument("<action>", "explain: tell what would become of a command").choices(["explain"]),
    )
    .argument("<command...>", "one word: a line for the shell; several: a program and its arguments")
    .option("--json", "print JSON")
    .summary("explain what would become of a command here, and why")
    .description(
      "Tells what would become of a command on this machine, without running it: exit code 0 if it is allowed, 3 if it " +
        "would run in strict isolation, 4 if it is refused. With --mode, as it would be in that mode.",
    )
    .addHelpText("after", example("remote-agent policy explain --mode plan -- 'git log | head'"))
    .action((_action, words, options, command) =>
      starter.withSettings("policy", command, async () => {
        const { execute } = await import("./commands/policy.ts");
        return (context) => execute(context, { words, json: options.json === true });
      })
    );

  addSettingOptions(program.command("audit"), "audit")
    .addArgument(
      new Argument("[action]", "verify: check that nothing was changed or taken out").choices(["verify"]),
    )
    .option("--follow", "go on with new records until Ctrl-C")
    .option("--json", "print JSON, one record a line")
    .option("--since <time>", "since when: a time, or how long ago, such as 30m or 2d")
    .option("--operation <name>", "only records of this operation")
    .option("--agent <name>", "only records of this caller: its name, or the beginning of its id")
    .option("--limit <n>", "at most so many records, the newest (default: 100)")
    .summary("show or check the record of what was asked of this machine")
    .description(
      "Shows the audit log of this machine: who asked what, what was decided by which rule, and what came of it. With " +
        "verify it checks the chain of hashes: exit code 1 and the first broken place if a record was changed or is missing.",
    )
    .addHelpText("after", example("remote-agent audit --since 1h --operation exec"))
    .action((action, options, command) =>
      starter.withSettings("audit", command, async () => {
        const { execute } = await import("./commands/audit.ts");
        return (context) =>
          execute(context, {
            action,
            follow: options.follow === true,
            json: options.json === true,
            since: options.since,
            operation: options.operation,
            agent: options.agent,
            limit: options.limit,
          });
      })
    );

  addSettingOptions(program.command("status"), "status")
    .option("--json", "print JSON")
    .summary("show what runs on this machine and how it is doing")
    .description(
      "Shows the agent's processes on this machine: mode, sandbox, what they run, their connection and their last errors.",
    )
    .addHelpText("after", example("remote-agent status"))
    .action((options, command) =>
      starter.withSettings("status", command, async () => {
        const { execute } = await import("./commands/status.ts");
        return (context) => execute(context, { json: options.json === true });
      })
    );

  return program;
}
