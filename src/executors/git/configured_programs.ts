/**
 * Finds what git in a folder would start by its configuration, for commands with git in them that no sandbox holds.
 */
import { findSetsid } from "../../host/start_process.ts";
import { programsInGitConfig } from "../../safety/git_guard.ts";
import { planEnvironment } from "../../safety/plan_environment.ts";
import { runGit } from "./run_git.ts";

const TIMEOUT_MS = 10_000;
/** Keys beyond this many are not looked at, and count as programs. */
const MAX_KEYS = 10_000;
/** The mode of an entry of the index that stands for a commit of another repository (gitformat-index(5)). */
const INNER_REPOSITORY = "160000 ";

/**
 * Asks git for its configuration in each folder, which starts nothing. A repository within, such as a submodule, counts as well:
 * its configuration is its own, and git looks into it.
 *
 * @param folders - absolute; where there is none, or no git, nothing can be started either
 * @param environment - the agent's own
 * @returns the keys that name programs
 */
export async function configuredPrograms(
  folders: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string[]> {
  const found: string[] = [];
  for (const folder of new Set(folders)) {
    if (!await isFolder(folder)) continue;
    const keys: string[] = [];
    let hasInner = false;
    const ask = (where: string, args: readonly string[], onRecord: (record: string) => void) =>
      runGit({
        what: "read the configuration of git",
        permit: { confine: (argv) => argv },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        deadline: performance.now() + TIMEOUT_MS,
        timeoutMs: TIMEOUT_MS,
        setsid: findSetsid(),
      }, { args, folder: where, environment: planEnvironment(environment), onRecord });
    await ask(
      folder,
      ["config", "--list", "--name-only", "--null"],
      (key) => void (keys.length <= MAX_KEYS && keys.push(key)),
    );
    let root = folder;
    await ask(folder, ["rev-parse", "--show-toplevel"], (line) => root = line.replace(/\n$/, "") || folder);
    await ask(
      root,
      ["ls-files", "--stage", "-z"],
      (entry) => void (hasInner ||= entry.startsWith(INNER_REPOSITORY)),
    );
    found.push(...(keys.length > MAX_KEYS ? ["too many keys"] : programsInGitConfig(keys)));
    if (hasInner) found.push("a repository within");
  }
  return found;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false; // Git finds no repository there either.
  }
}
