/**
 * The remotes of a repository. Callers name them, and only those that are configured: a URL or a path of a caller's own never
 * reaches git.
 */
import { OperationError } from "../../errors.ts";
import { isRemoteName } from "../../protocol/git_names.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import { hasSshCommand } from "./environment.ts";
import type { Repository } from "./repository.ts";

/** Remotes that a message names. */
const MAX_NAMED = 10;

/** The names of the remotes that a call may go to, in git's order: what a file can hold beside them looks like an option. */
export async function listRemotes({ must }: Pick<Repository, "must">): Promise<string[]> {
  const { stdout } = await must({ args: ["remote"] });
  return (stdout.head + stdout.tail).split("\n").filter(isRemoteName);
}

/** @throws {OperationError} `bad_request` if there is no such remote. */
export async function requireRemote(repository: Repository, name: string): Promise<void> {
  const names = await listRemotes(repository);
  if (!names.includes(name)) throw noRemote(repository, name, names);
}

/**
 * Finds the remote that git pushes a branch to: as set for the branch, for the repository, its upstream's, `origin`, or the only one.
 *
 * @throws {OperationError} `bad_request` if there is none.
 */
export async function findPushRemote(repository: Repository, branch: string): Promise<string> {
  const names = await listRemotes(repository);
  const settings = new Map<string, string>();
  await repository.ask({
    args: ["config", "--null", "--get-regexp", "^(branch\\..*\\.(pushremote|remote)|remote\\.pushdefault)$"],
    onRecord: (record) => {
      const [, key = "", value = ""] = /^([^\n]*)\n(.*)$/s.exec(record) ?? [];
      settings.set(key, value);
    },
  });
  const chosen = settings.get(`branch.${branch}.pushremote`) ?? settings.get("remote.pushdefault") ??
    settings.get(`branch.${branch}.remote`);
  if (chosen !== undefined && names.includes(chosen)) return chosen;
  // The setting may also be a URL, or "." for the repository itself, which are for people to choose.
  if (chosen !== undefined) throw noRemote(repository, chosen, names);
  const [only] = names;
  if (names.includes("origin")) return "origin";
  if (names.length === 1 && only !== undefined) return only;
  throw new OperationError(
    "bad_request",
    `Cannot ${repository.what}: it is not set which remote the branch pushes to`,
    {
      remedy: names.length === 0 ? "The repository has no remote" : `Give remote: ${named(names)}`,
    },
  );
}

/** Returns how ssh is to be started so that it asks nothing; undefined where the user has set it up, which then holds. */
export async function quietSsh(
  repository: Repository,
  environment: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  if (hasSshCommand(environment)) return undefined;
  const { exitCode } = await repository.ask({ args: ["config", "--get", "core.sshCommand"] });
  return exitCode === 0 ? undefined : "ssh -oBatchMode=yes";
}

function noRemote({ what }: Repository, name: string, names: readonly string[]): OperationError {
  return new OperationError("bad_request", `Cannot ${what}: it has no remote "${plainLine(name)}"`, {
    remedy: names.length === 0 ? "The repository has no remote" : `Its remotes: ${named(names)}`,
  });
}

function named(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  return names.slice(0, MAX_NAMED).map((name) => `"${plainLine(name)}"`).join(", ") + more;
}
