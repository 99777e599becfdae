/**
 * The prompts that a client offers to its user: the three things that people ask first. Each is a text that tells a model how to go
 * about it with the tools.
 */
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { plainLine, plainLines } from "../protocol/plain_line.ts";
import { parseTarget } from "../protocol/target.ts";
import { type Completion, completion } from "./completion.ts";
import { knownAgents, type ResourceSource } from "./resource_source.ts";

const MAX_TARGET_CHARACTERS = 1_000;
const MAX_TEXT_CHARACTERS = 8_000;
const TARGET = {
  name: "target",
  description:
    "Which machines: all, tags such as web,db, os:linux, or an expression such as web & os:linux & !canary",
  required: false,
};

/** An argument of a prompt. */
export interface PromptArgument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
}

/** A prompt. */
interface Prompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly PromptArgument[];
  readonly write: (values: Readonly<Record<string, string>>) => string;
}

const PROMPTS: readonly Prompt[] = [
  {
    name: "fleet_health",
    title: "Check the health of the fleet",
    description:
      "Finds the machines that need attention: full disks, high load, failed services, odd ones out",
    arguments: [TARGET],
    write: ({ target = "all" }) =>
      `Check the health of the machines of this target: ${target}

1. Call fleet_info with that target. Note machines that did not answer, disks over 85 % full, memory under 10 % available, load above \
the number of processors, audit logs that are not "ok", and machines whose version, kernel or mode differs from the others.
2. Call fleet_exec with short commands that only read, such as "systemctl --failed --no-legend --plain" and "df -h" on Linux. Answers \
are folded: the largest group is what is normal, the odd ones are what to look at. Ask the other systems with a target of their own \
(os:macos, os:windows).
3. Look closer at the odd ones only, with exec and their agent_id.
4. Report the problems, the most urgent first, each with the machine, the evidence and a proposal. Name the machines that could not be \
checked and why. Change nothing: a refusal is the owner's decision.`,
  },
  {
    name: "careful_rollout",
    title: "Roll out a change carefully",
    description: "Brings a change to many machines: a dry run, a canary, waves, checks, and the way back",
    arguments: [
      { name: "change", description: "What is to be changed, in your words, or the command", required: true },
      TARGET,
    ],
    write: ({ change = "", target = "all" }) =>
      `Roll out a change to the machines of this target: ${target}

The change, between the lines:
-----
${change}
-----

1. Call fleet_exec or fleet_write with that target and dry_run true. Show the user which machines it means and which are left out, and \
agree on the plan: the exact command or file, how success is verified, and the way back.
2. Look at the state before, with fleet_info, fleet_read or a fleet_exec that only reads. Prefer changes that can be repeated safely. \
Prefer fleet_write for files: it replaces each at once and keeps a backup.
3. Run it with canary (1 or "5%"), wave_size (about a tenth of the machines) and max_failures (0, or a little such as "2%"), so that \
the rest is not begun after the first failures. If the answer is not final, call fleet_get with the run's id until it is.
4. Verify by evidence and not by the exit code alone: call fleet_exec with a check (the service answers, the version is the new one) \
for the same target. One group of identical answers is what you want to see.
5. If something failed, stop and look at the failing machines before anything else. A run of fleet_write is taken back with undo_run and \
its id; a command needs a command that reverts it. After the cause is gone, retry_failed with the run's id repeats the failed machines.
6. Report: machines changed, failed, refused, gone and skipped, each failure with its reason, and the ids of the runs.`,
  },
  {
    name: "find_in_fleet",
    title: "Find where something is",
    description: "Finds the machines and files that hold a text, file, package, process or port",
    arguments: [
      {
        name: "what",
        description: "What to find: a text, a file's name, a package, a process, a port",
        required: true,
      },
      TARGET,
    ],
    write: ({ what = "", target = "all" }) =>
      `Find where this is, on the machines of this target: ${target}

What to find, between the lines:
-----
${what}
-----

1. Decide what it is. For a text in files or a file's name call fleet_search with that target, and begin with the likely folders rather \
than the whole disk. For a package, process, service or port call fleet_exec with a command that only reads, such as "command -v", \
"pgrep -a", "dpkg -l" or "ss -ltnp". fleet_info tells platforms and users.
2. Answers are folded into groups of machines with the same answer; no match is an answer, too. If a run goes on or an answer is not \
whole, call fleet_get with its id, or read run://<id>.
3. Confirm a few finds, with fleet_read or with read_file and an agent_id.
4. Report machine by machine, or group by group: where it is, with the path or line, where it is not, and which machines could not be \
asked and why. Change nothing.`,
  },
];

/** A prompt in a list. */
export interface ListedPrompt extends Omit<Prompt, "write" | "arguments"> {
  readonly arguments: PromptArgument[];
}

/** Lists the prompts. */
export function listPrompts(): ListedPrompt[] {
  return PROMPTS.map(({ write: _write, ...prompt }) => ({ ...prompt, arguments: [...prompt.arguments] }));
}

/**
 * Writes a prompt.
 *
 * @throws {ProtocolError} If there is no such prompt or an argument is missing, unknown or too long.
 */
export function writePrompt(
  name: string,
  values: Readonly<Record<string, string>> = {},
): { readonly description: string; readonly text: string } {
  const prompt = PROMPTS.find((one) => one.name === name);
  if (prompt === undefined) throw wrong(`Cannot write prompt "${shorten(name)}": there is no such prompt`);
  const checked: Record<string, string> = {};
  for (const [key, value] of Object.entries(values)) {
    const argument = prompt.arguments.find((one) => one.name === key);
    if (argument === undefined) {
      throw wrong(`Cannot write prompt "${name}": it has no argument "${shorten(key)}"`);
    }
    const text = value.trim();
    const limit = argument === TARGET ? MAX_TARGET_CHARACTERS : MAX_TEXT_CHARACTERS;
    if (text.length > limit) {
      throw wrong(
        `Cannot write prompt "${name}": "${key}" is ${text.length} characters long, at most ${limit} are allowed`,
      );
    }
    if (text === "") continue; // Left empty in a form is not given.
    if (argument === TARGET) checkTarget(name, text);
    checked[key] = plainLines(text);
  }
  const missing = prompt.arguments.find((one) => one.required && !Object.hasOwn(checked, one.name));
  if (missing !== undefined) {
    throw wrong(`Cannot write prompt "${name}": the argument "${missing.name}" is missing`);
  }
  return { description: prompt.description, text: prompt.write(checked) };
}

/**
 * Completes an argument of a prompt. Of a target, its last word is completed: all, families of systems, and tags that there are.
 *
 * @throws {ProtocolError} If there is no such prompt.
 */
export async function completePrompt(
  name: string,
  { argument, value, source }: {
    readonly argument: string;
    readonly value: string;
    readonly source: ResourceSource;
  },
): Promise<Completion> {
  if (!PROMPTS.some((one) => one.name === name)) {
    throw wrong(`Cannot complete for prompt "${shorten(name)}": there is no such prompt`);
  }
  if (argument !== TARGET.name || value.length > MAX_TARGET_CHARACTERS) return completion([], value);
  const agents = await knownAgents(source);
  const families = new Set(agents.map(({ platform }) => `os:${platform.family}`));
  const tags = new Set(agents.flatMap((agent) => agent.tags));
  const before = value.replace(/[^\s,&|!()]*$/, "");
  return completion(
    ["all", ...[...families].sort(), ...[...tags].sort()].map((word) => before + word),
    value,
  );
}

/** A target that no tool would take is told to the user at once. */
function checkTarget(name: string, text: string): void {
  try {
    parseTarget(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrong(`Cannot write prompt "${name}": ${plainLine(error.message)}`);
  }
}

function wrong(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}

function shorten(text: string): string {
  return plainLine(text.slice(0, 100));
}
