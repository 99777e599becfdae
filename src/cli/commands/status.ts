/**
 * `remote-agent status`: what runs on this machine under this user, and how it is doing.
 */
import { createModeStore } from "../../host/mode_store.ts";
import { type ProcessEntry, readProcesses } from "../../host/process_files.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import { modeStatus } from "../../safety/ladder.ts";
import type { CommandContext, JsonOptions } from "../command.ts";
import { formatTable, paint, printJson, printLine } from "../output.ts";

const HEADINGS = [
  "PID",
  "ROLE",
  "MODE",
  "UP TO",
  "SANDBOX",
  "RUNNING",
  "WAITING",
  "JOBS",
  "RELAY",
  "CONNECTION",
];

/** Prints the processes. Exit code 0 if any runs, else 1. */
export async function execute({ settings, paths }: CommandContext, { json }: JsonOptions): Promise<number> {
  const entries = await readProcesses(paths.stateFolder);
  const alive = entries.filter(({ isAlive }) => isAlive);
  const started = { mode: settings.mode, maxMode: settings.max_mode ?? settings.mode };
  const mode = modeStatus(started, createModeStore(paths.stateFolder).read(), Date.now());
  if (json) {
    printJson({ mode: mode.mode, maxMode: mode.ceiling, source: mode.source, processes: entries });
    return alive.length > 0 ? 0 : 1;
  }
  if (alive.length === 0) {
    printLine(`Nothing runs here; it would be in mode ${mode.mode}. Start it with "remote-agent run"`);
  } else {
    const [heading = "", ...rows] = formatTable([HEADINGS, ...alive.map(rowOf)]).split("\n");
    printLine(paint(heading, "bold", "stdout"));
    for (const row of rows) printLine(row);
  }
  for (const { pid, heardAt } of entries.filter((entry) => !entry.isAlive)) {
    printLine(
      `Process ${pid} has not been heard of since ${
        new Date(heardAt).toISOString()
      }: it was killed, or hangs`,
    );
  }
  const problems = entries.flatMap(({ pid, problems }) => problems.map((problem) => ({ pid, ...problem })));
  if (problems.length > 0) printLine("\nLast errors:");
  for (const { pid, at, message } of problems.sort((a, b) => a.at.localeCompare(b.at)).slice(-20)) {
    printLine(plainLine(`  ${at}  ${pid}  ${message}`));
  }
  return alive.length > 0 ? 0 : 1;
}

function rowOf(entry: ProcessEntry): string[] {
  return [
    String(entry.pid),
    entry.role === "service" ? "run" : "mcp",
    entry.mode,
    entry.maxMode,
    entry.sandbox,
    String(entry.running),
    String(entry.queued),
    String(entry.jobs),
    entry.relay ?? "-",
    entry.connection,
  ].map((text) => plainLine(text)); // A relay says why it closed a connection.
}
