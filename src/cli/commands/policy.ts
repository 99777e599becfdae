/**
 * `remote-agent policy explain`: what would become of a command on this machine and why, without running it.
 */
import { explainOptions } from "../../executors/permits.ts";
import { createModeStore } from "../../host/mode_store.ts";
import { detectAccount, detectPlatform } from "../../host/platform.ts";
import { findSandbox } from "../../host/sandbox/find_sandbox.ts";
import { type CommandDecision, explainCommand } from "../../safety/explain.ts";
import { modeStatus } from "../../safety/ladder.ts";
import type { CommandContext, PolicyOptions } from "../command.ts";
import { formatTable, paint, printJson, printLine } from "../output.ts";

/** The exit codes, by what was decided. */
const EXIT_CODES = { allow: 0, isolate: 3, refuse: 4 } as const;

/** Explains a command. */
export async function execute(context: CommandContext, { words, json }: PolicyOptions): Promise<number> {
  const { settings, origins, paths } = context;
  const started = { mode: settings.mode, maxMode: settings.max_mode ?? settings.mode };
  // A mode that was given with the command is asked about; else it is about the one in force.
  const mode = origins.mode.startsWith("flag")
    ? settings.mode
    : modeStatus(started, createModeStore(paths.stateFolder).read(), Date.now()).mode;
  const { sandbox } = await findSandbox(settings.sandbox, paths.stateFolder);
  const [line] = words;
  const decision = explainCommand(
    words.length === 1 && line !== undefined ? { command: line } : { argv: words },
    explainOptions(
      { platform: detectPlatform(), home: detectAccount().home, rules: settings.policy_rules, sandbox },
      Deno.cwd(),
      mode,
    ),
  );
  if (json) printJson(withoutPlumbing(decision));
  else printLine(describe(decision));
  return EXIT_CODES[decision.decision];
}

/** Folders of git are for the host's own use. */
function withoutPlumbing({ repositories: _, ...decision }: CommandDecision): unknown {
  return decision;
}

function describe({ decision, rule, reason, remedy, programs, grants }: CommandDecision): string {
  const word = { allow: "Allow", isolate: "Isolate", refuse: "Refuse" }[decision];
  const lines = [`${paint(word, "bold", "stdout")} (${rule}): ${reason}`];
  if (remedy !== undefined) lines.push(remedy);
  if (grants.length > 0) lines.push(`Beyond strict isolation it may have: ${grants.join(", ")}`);
  if (programs.length > 0) {
    lines.push(
      "",
      formatTable(programs.map((each) => [each.program, each.verdict, each.rule, each.reason ?? ""])),
    );
  }
  return lines.join("\n");
}
