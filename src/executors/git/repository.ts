/**
 * A repository for the time of one operation: found from a folder in it, and asked by calls of git that keep to the mode.
 */
import { OperationError } from "../../errors.ts";
import { findSetsid } from "../../host/start_process.ts";
import type { Mode } from "../../protocol/mode.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import { settingRemedy } from "../../safety/owner_remedy.ts";
import { showPath } from "../../safety/show_path.ts";
import { resolveFolder } from "../exec.ts";
import type { CallContext } from "../executor.ts";
import type { HostPathGuard } from "../path_guard.ts";
import { gitEnvironment, type GitSetting } from "./environment.ts";
import { failed } from "./explain.ts";
import { cannotGuard, findFilters, guardedEnvironment, switchedOff } from "./guard.ts";
import { type GitCall, type GitCommand, type GitOutcome, runGit } from "./run_git.ts";

/** Milliseconds that an operation which asks nobody else may take by default. */
export const READ_TIMEOUT_MS = 30_000;
/** The same for one that runs hooks or goes to the network. */
export const SLOW_TIMEOUT_MS = 120_000;
/** Filters that are switched off one by one; nobody needs so many. */
const MAX_FILTERS = 200;

/** What the executors of git are made from. */
export interface GitOptions {
  /** Absolute path of the folder that `~` and relative paths start from. */
  readonly home: string;
  /** Milliseconds between TERM and KILL; asked when git is to be ended. @default {2000} */
  readonly graceMs?: (() => number) | undefined;
  /** Guards the folders of repositories: what may not be read there, git does not tell of. @default all is open */
  readonly guard?: Pick<HostPathGuard, "lookAt" | "mayRead"> | undefined;
}

/** What an operation wants of the repository. */
export interface RepositoryOptions extends GitOptions {
  /** For messages, such as `commit`. */
  readonly what: string;
  readonly timeoutMs: number;
  /** Only reads, so it takes no locks. */
  readonly isRead: boolean;
  /** Needs files beside the history. */
  readonly needsTree: boolean;
}

/** What of git's answer a caller looks at. */
export type Ask = Pick<GitCommand, "args" | "stdin" | "onRecord" | "stopAfterBytes"> & {
  /** How to start ssh. */
  readonly ssh?: string | undefined;
};

/** An open repository; nothing of it has to be closed. */
export interface Repository {
  /** Top folder of the working tree, or the folder of a bare repository: where git runs. */
  readonly root: string;
  /** The git folder of this working tree. */
  readonly gitFolder: string;
  readonly isShallow: boolean;
  /** True in plan mode: programs that the repository configures do not run. */
  readonly isGuarded: boolean;
  /** What the guard left out. */
  readonly notes: readonly string[];
  /** For messages: what is done, and where. */
  readonly what: string;
  /** Runs git; its exit code is the caller's matter. */
  ask(command: Ask): Promise<GitOutcome>;
  /** Runs git, which must succeed. @throws {OperationError} Why not. */
  must(command: Ask): Promise<GitOutcome>;
}

/**
 * Opens the repository that a folder is in.
 *
 * @throws {OperationError} If there is none, or git does not want to work with it.
 */
export async function openRepository(
  params: { readonly path: string; readonly timeout_ms?: number | undefined },
  { permit, signal }: Pick<CallContext, "permit" | "signal">,
  options: RepositoryOptions,
): Promise<Repository> {
  const folder = resolveFolder(params.path, options.home);
  const what = `${options.what} in "${plainLine(folder)}"`;
  await requireFolder(folder, what);
  const isGuarded = permit.mode === "plan";
  const isConfined = permit.confine(["git"]).join("\0") !== "git";
  const timeoutMs = params.timeout_ms ?? options.timeoutMs;
  const call: GitCall = {
    what,
    permit,
    signal,
    timeoutMs,
    deadline: performance.now() + timeoutMs,
    graceMs: options.graceMs,
    setsid: findSetsid(),
  };
  let settings: readonly GitSetting[] = [];
  const run = (where: string, { ssh, ...command }: Ask) =>
    runGit(call, {
      ...command,
      folder: where,
      environment: guardedEnvironment(
        gitEnvironment(permit.environment, { isRead: options.isRead, isGuarded, settings, ssh }),
        isGuarded && isConfined,
      ),
    });
  const found = await locate((command) => run(folder, command), { what, needsTree: options.needsTree });
  if (options.guard !== undefined) await refuseClosed(options.guard, found, { mode: permit.mode, what });
  const notes: string[] = [];
  if (isGuarded && options.needsTree) {
    const drivers = await findFilters((command) => run(found.root, command), what);
    settings = drivers.slice(0, MAX_FILTERS).flatMap(switchedOff);
    if (drivers.length > 0) {
      const left = await findFilters((command) => run(found.root, command), what);
      // An old git does not take settings from variables; in a sandbox its programs can do no harm.
      if (drivers.length > MAX_FILTERS || (left.length > 0 && !isConfined)) throw cannotGuard(what, left);
      notes.push(
        `In plan mode the filters ${
          drivers.slice(0, 5).map((name) => `"${plainLine(name)}"`).join(", ")
        } do not run, ` +
          "so files that are stored through them may show as modified",
      );
    }
  }
  const ask = (command: Ask) => run(found.root, command);
  return {
    ...found,
    isGuarded,
    notes,
    what,
    ask,
    must: async (command) => {
      const outcome = await ask(command);
      if (outcome.exitCode !== 0) throw failed(what, outcome);
      return outcome;
    },
  };
}

/** A line that git prints, without its end. */
export function lineOf({ stdout }: GitOutcome): string {
  return stdout.head.replace(/\n$/, "");
}

async function requireFolder(folder: string, what: string): Promise<void> {
  let problem = "it is not a folder";
  try {
    if ((await Deno.stat(folder)).isDirectory) return;
  } catch (error) {
    problem = error instanceof Deno.errors.NotFound ? "there is no such folder" : "the folder cannot be read";
  }
  throw new OperationError("cannot_run", `Cannot ${what}: ${problem}`);
}

/** A repository shows what is in its working tree, which a setting of it can put anywhere, and in its git folder. */
async function refuseClosed(
  guard: Pick<HostPathGuard, "lookAt" | "mayRead">,
  { root, gitFolder }: { readonly root: string; readonly gitFolder: string },
  { mode, what }: { readonly mode: Mode; readonly what: string },
): Promise<void> {
  for (const folder of new Set([root, gitFolder])) {
    const { path } = await guard.lookAt(folder, mode);
    if (guard.mayRead(path, mode)) continue;
    throw new OperationError("refused", `Cannot ${what}: ${showPath(path)} may not be read on this host`, {
      rule: "closed-repository",
      remedy: settingRemedy("allow_paths"),
    });
  }
}

type Run = (command: Ask) => Promise<GitOutcome>;

async function locate(run: Run, { what, needsTree }: { what: string; needsTree: boolean }) {
  // A folder's name can hold a line feed, so it comes last; and where there is no working tree the second call fails.
  const flags = [
    "--is-bare-repository",
    "--is-inside-work-tree",
    "--is-shallow-repository",
    "--absolute-git-dir",
  ];
  const about = await run({ args: ["rev-parse", ...flags] });
  if (about.exitCode !== 0) throw failed(what, about);
  const [, , hasTree, isShallow, gitFolder = ""] =
    /^(true|false)\n(true|false)\n(true|false)\n(.*)\n$/s.exec(about.stdout.head) ?? [];
  const top = needsTree || hasTree === "true"
    ? await run({ args: ["rev-parse", "--show-toplevel"] })
    : undefined;
  if (top !== undefined && top.exitCode !== 0) throw failed(what, top);
  const root = top === undefined ? gitFolder : lineOf(top);
  if (gitFolder === "" || root === "" || about.stdout.invalidUtf8 || top?.stdout.invalidUtf8) {
    throw new OperationError("cannot_run", `Cannot ${what}: the repository's folder cannot be named`);
  }
  return { root, gitFolder, isShallow: isShallow === "true" };
}
