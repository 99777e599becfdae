/**
 * Judges a command for plan mode: is every program in it known to only read, with just these arguments? What is known may be given the
 * extra it needs; everything else is unknown and runs in strict isolation or not at all.
 */
import { findCredential } from "./credential_paths.ts";
import { joinFolder } from "./git_policy.ts";
import type { Grant } from "./grants.ts";
import { operandProblem, parseArguments } from "./programs/arguments.ts";
import { rulesFor } from "./programs/mod.ts";
import {
  type JudgeContext,
  type Judgement,
  known,
  type Os,
  type ProgramRule,
  unknown,
} from "./programs/program.ts";
import { judgeWindows } from "./programs/windows.ts";
import { type PolicyRule, programName, ruleApplies } from "./rules.ts";
import { readShell, type Shell, type SimpleCommand, type VariableAssignment } from "./shell_syntax.ts";
import { type Arg, literalArg } from "./shell_words.ts";

/** What runs: a command for the shell, or a program with arguments and no shell. */
export type CommandInput = { readonly command: string } | { readonly argv: readonly string[] };

/** How to judge. */
export interface JudgeOptions {
  readonly os: Os;
  /** The shell that runs a command. @default "bash" */
  readonly shell?: Shell;
  /** Rules of the host's owner. */
  readonly rules?: readonly PolicyRule[];
}

/** What is said about one program in a command. */
export interface ProgramVerdict {
  readonly program: string;
  readonly verdict: "known" | "unknown";
  /** Short and stable; `program-table` for what the table knows. */
  readonly rule: string;
  readonly reason?: string;
}

/** What is said about a command. */
export type ShellVerdict =
  | {
    readonly verdict: "known";
    /** What it needs beyond strict isolation, each once. */
    readonly grants: readonly Grant[];
    readonly programs: readonly ProgramVerdict[];
    /**
     * Folders git may work in, relative to the working folder (`""` is that one). Without a sandbox the host must make sure that the
     * configuration there starts no program; see `git_guard.ts`.
     */
    readonly repositories: readonly string[];
  }
  | {
    readonly verdict: "unknown";
    readonly rule: string;
    readonly reason: string;
    readonly programs: readonly ProgramVerdict[];
  };

/**
 * Judges a command for plan mode.
 *
 * @example
 * ```ts
 * judgeCommand({ command: "ls -la | wc -l" }, { os: "linux" }).verdict; // "known"
 * judgeCommand({ command: "env sh -c 'touch x'" }, { os: "linux" }).verdict; // "unknown"
 * ```
 */
export function judgeCommand(input: CommandInput, options: JudgeOptions): ShellVerdict {
  if (options.os === "windows") return judgeOnWindows(input, options.rules ?? []);
  if ("argv" in input) {
    const words = input.argv.map(literalArg);
    const judge = new Judge(options);
    if (words.length === 0) return judge.verdict([{ rule: "empty", reason: "There is no command" }]);
    judge.command({ words, assignments: [], isLooped: false });
    return judge.verdict([]);
  }
  const reading = readShell(input.command, options.shell ?? "bash");
  const judge = new Judge(options);
  for (const command of reading.commands) judge.command(command);
  return judge.verdict(reading.problems, reading.files);
}

function judgeOnWindows(input: CommandInput, rules: readonly PolicyRule[]): ShellVerdict {
  const isPlain = "argv" in input || /^[\w.\\:/ -]*$/.test(input.command);
  const words = "argv" in input ? input.argv : input.command.split(" ").filter((word) => word !== "");
  const isAllowed = isPlain &&
    rules.some((rule) => rule.decision === "allow" && ruleApplies(rule, words.map(literalArg)));
  const judgement = isAllowed ? known() : judgeWindows("argv" in input ? input.argv : input.command);
  const programs = [programVerdict(words[0] ?? "", judgement)];
  if (judgement.known) return { verdict: "known", grants: [], programs, repositories: [] };
  return { verdict: "unknown", rule: judgement.rule, reason: judgement.reason, programs };
}

function programVerdict(program: string, judgement: Judgement): ProgramVerdict {
  if (judgement.known) return { program, verdict: "known", rule: "program-table" };
  return { program, verdict: "unknown", rule: judgement.rule, reason: judgement.reason };
}

/** Folders programs are taken from when they are named by path. */
const PROGRAM_FOLDERS = ["/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/"];
/** Deepest chain of wrappers. */
const MAX_WRAPPERS = 8;
/** Most folders that `cd` may lead to before git's is called unknown. */
const MAX_FOLDERS = 64;
/** Programs that look at the names of devices and not into them. */
const NAMING = new Set("ls stat lsblk df du test [ readlink realpath basename dirname cd".split(" "));

/** Variables that only change how output looks, and what their values are made of. */
const PLAIN_VARIABLE = /^(?:LC_[A-Z]+|LANG|LANGUAGE|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|CLICOLOR|TERM)$/;
const PLAIN_VALUE = /^(?:[A-Za-z0-9][A-Za-z0-9_.:@-]*)?$/;
/** A name of a zone, never a path to a file. */
const TIME_ZONE = /^[A-Za-z0-9][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/;

class Judge {
  readonly #options: JudgeOptions;
  readonly #programs: ProgramVerdict[] = [];
  readonly #problems: { readonly rule: string; readonly reason: string }[] = [];
  readonly #grants = new Set<Grant>();
  readonly #repositories = new Set<string>();
  #folders: ReadonlySet<string> | undefined = new Set([""]);
  #wrappers = 0;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  command({ words, assignments, isLooped }: SimpleCommand): void {
    const [program] = words;
    if (program === undefined) return;
    for (const assignment of assignments) {
      if (!isPlainAssignment(assignment, program)) {
        this.#problems.push({
          rule: "assignment",
          reason: `${assignment.name} is set for "${program.text}" and may change what it loads or starts`,
        });
      }
    }
    const judgement = this.#judge(words, false);
    this.#programs.push(programVerdict(program.text, judgement));
    if (!judgement.known) {
      this.#problems.push({ rule: judgement.rule, reason: `"${program.text}": ${judgement.reason}` });
      return;
    }
    for (const grant of judgement.grants) this.#grants.add(grant);
    if (judgement.repository !== undefined) this.#useRepository(judgement.repository);
    if (program.text === "cd") this.#enter(words.slice(1), isLooped);
    else if (program.text === "command" && words[1]?.text === "cd") this.#folders = undefined;
  }

  verdict(
    before: readonly { readonly rule: string; readonly reason: string }[],
    files: readonly Arg[] = [],
  ): ShellVerdict {
    const secret = this.#credentialAmong(files, false);
    const problems = [...before, ...this.#problems];
    if (secret !== undefined) problems.push(credentialProblem(secret));
    const [first] = problems;
    const programs = this.#programs;
    if (first !== undefined) return { verdict: "unknown", rule: first.rule, reason: first.reason, programs };
    return {
      verdict: "known",
      grants: [...this.#grants].sort(),
      programs,
      repositories: [...this.#repositories],
    };
  }

  #judge(words: readonly Arg[], withAnyOperands: boolean): Judgement {
    const [program, ...args] = words;
    if (program === undefined) return unknown("empty", "There is no command");
    if (!program.exact) return unknown("program-word", "Which program runs is not known before it runs");
    if (this.#wrappers >= MAX_WRAPPERS) return unknown("nesting", "Too many programs start each other");
    const rules = this.#options.rules ?? [];
    const refusal = rules.findIndex((rule) => rule.decision === "refuse" && ruleApplies(rule, words));
    if (refusal !== -1) return unknown(`config-rule-${refusal + 1}`, "The settings of the host refuse it");
    const allowance = !program.text.includes("/") && !withAnyOperands &&
      rules.some((rule) => rule.decision === "allow" && ruleApplies(rule, words));
    if (allowance) return known();
    return this.#judgeByTable(program.text, args, withAnyOperands);
  }

  #judgeByTable(path: string, args: readonly Arg[], withAnyOperands: boolean): Judgement {
    const name = programName(path);
    if (name !== path && !PROGRAM_FOLDERS.includes(path.slice(0, path.length - name.length))) {
      return unknown("program-path", "The program is named by a path outside of the system's folders");
    }
    const entries = rulesFor(name, this.#options.os);
    if (entries.length === 0) return unknown("unknown-program", "The program is not known to only read");
    const secret = this.#credentialAmong(args, NAMING.has(name));
    if (secret !== undefined) return { known: false, ...credentialProblem(secret) };
    if (withAnyOperands) {
      return entries.some((entry) => entry.harmless === true)
        ? known()
        : unknown("any-operands", `"${name}" is not known to only read whatever it is given`);
    }
    const judgements = entries.map((entry) => this.#judgeByEntry(entry, args));
    // If no entry knows the call the first one says why: it is the one for more than the version.
    return judgements.find((judgement) => judgement.known) ?? judgements[0] ??
      unknown("unknown-program", "The program is not known to only read");
  }

  #credentialAmong(words: readonly Arg[], looksAtNames: boolean): string | undefined {
    return findCredential(words, { looksAtNames, folders: this.#folders ?? [] });
  }

  #judgeByEntry(entry: ProgramRule, args: readonly Arg[]): Judgement {
    const grants = entry.grants ?? [];
    if (entry.harmless === true) return known(grants);
    if (entry.judge !== undefined) {
      this.#wrappers++;
      const judgement = entry.judge(args, this.#context());
      this.#wrappers--;
      return judgement;
    }
    if (entry.subcommands !== undefined) return judgeSubcommand(entry, args);
    const parsed = parseArguments(entry, args);
    return parsed.ok ? known(grants) : unknown("arguments", parsed.reason);
  }

  #context(): JudgeContext {
    return {
      os: this.#options.os,
      inner: (words) => this.#judge(words, false),
      innerWithAnyOperands: (words) => this.#judge(words, true),
    };
  }

  /** Keeps all folders a command may be in by now: whether each `cd` runs is not known. */
  #enter(args: readonly Arg[], isLooped: boolean): void {
    const folders = this.#folders;
    const target = args.length === 1 ? args[0] : undefined;
    if (folders === undefined || isLooped || target?.exact !== true || target.text.startsWith("-")) {
      this.#folders = undefined;
      return;
    }
    const next = new Set(folders);
    for (const folder of folders) next.add(joinFolder(folder, target.text));
    this.#folders = next.size > MAX_FOLDERS ? undefined : next;
  }

  #useRepository(folder: string): void {
    if (this.#folders === undefined) {
      this.#problems.push({
        rule: "git-folder",
        reason: "Which folder git works in is not known before it runs",
      });
      return;
    }
    for (const each of this.#folders) this.#repositories.add(joinFolder(each, folder));
  }
}

function judgeSubcommand(entry: ProgramRule, args: readonly Arg[]): Judgement {
  let reason = "The subcommand is not known to only read";
  for (const [key, rule] of Object.entries(entry.subcommands ?? {})) {
    const { operands: _operands, ...options } = rule;
    const parsed = parseArguments(options, args);
    const words = key === "" ? [] : key.split(" ");
    if (!parsed.ok) {
      if (args.some((arg) => arg.exact && arg.text === words[0])) reason = parsed.reason;
      continue;
    }
    if (
      !words.every((word, index) =>
        parsed.operands[index]?.exact === true && parsed.operands[index].text === word
      )
    ) continue;
    if (key === "" && parsed.operands.length > 0) continue;
    const problem = operandProblem(rule, parsed.operands.slice(words.length));
    if (problem === undefined) return known(entry.grants);
    reason = problem;
  }
  return unknown("subcommand", reason);
}

function isPlainAssignment({ name, value }: VariableAssignment, program: Arg): boolean {
  // Only for read does a separator matter to nothing else.
  if (name === "IFS") return program.exact && program.text === "read" && value.exact;
  if (name === "TZ") return value.exact && TIME_ZONE.test(value.text);
  return PLAIN_VARIABLE.test(name) && value.exact && PLAIN_VALUE.test(value.text);
}

function credentialProblem(text: string): { readonly rule: string; readonly reason: string } {
  return { rule: "credential", reason: `"${text}" may hold secrets of the system or of a user` };
}
