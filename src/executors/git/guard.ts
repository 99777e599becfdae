/**
 * Keeps a repository from starting programs in plan mode by what `safety/git_guard.ts` cannot name: filters, which have names of
 * their own. They are found in the configuration and overridden one by one.
 */
import { OperationError } from "../../errors.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import type { GitSetting } from "./environment.ts";
import { failed } from "./explain.ts";
import type { GitOutcome } from "./run_git.ts";

/** Runs git on the repository in question. */
export type Run = (
  command: { readonly args: readonly string[]; readonly onRecord?: (record: string) => void },
) => Promise<GitOutcome>;

/** Finds the drivers of filters that would run a program, by the settings as git sees them now. */
export async function findFilters(run: Run, what: string): Promise<string[]> {
  const values = new Map<string, string>();
  const args = ["config", "--null", "--get-regexp", "^filter\\..*\\.(clean|smudge|process)$"];
  const outcome = await run({
    args,
    onRecord: (record) => {
      // The last one counts.
      const [, key = record, value = ""] = /^([^\n]*)\n(.*)$/s.exec(record) ?? [];
      values.set(key, value);
    },
  });
  // 1 says that there are none.
  if (outcome.exitCode > 1) throw failed(what, outcome);
  const names = [...values].filter(([, value]) => value !== "")
    .map(([key]) => key.replace(/^filter\./, "").replace(/\.[^.]*$/, ""));
  return [...new Set(names)];
}

/** Returns settings that switch a driver off: an empty program is none, and it must not be missed. */
export function switchedOff(driver: string): GitSetting[] {
  const off = ["clean", "smudge", "process"].map((name): GitSetting => [`filter.${driver}.${name}`, ""]);
  return [...off, [`filter.${driver}.required`, "false"]];
}

/** Says that a filter would run. */
export function cannotGuard(what: string, drivers: readonly string[]): OperationError {
  const names = drivers.slice(0, 5).map((name) => `"${plainLine(name)}"`).join(", ");
  return new OperationError(
    "refused",
    `Cannot ${what} in plan mode: the repository's filters ${names} would start programs, and this host's git cannot ` +
      "switch them off",
    {
      rule: "git-filter",
      remedy: "Ask the user for a newer git or a sandbox on that host; git_log works without",
    },
  );
}

/** In a sandbox a bare repository may be read: whatever it starts can do no harm. */
export function guardedEnvironment(
  environment: Record<string, string>,
  mayBeBare: boolean,
): Record<string, string> {
  if (!mayBeBare) return environment;
  const parameters = `${environment["GIT_CONFIG_PARAMETERS"] ?? ""} 'safe.bareRepository=all'`;
  return { ...environment, GIT_CONFIG_PARAMETERS: parameters.trim() };
}
