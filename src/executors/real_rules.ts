/**
 * Rules about paths as they hold on this disk: what they name may be reached by links, and the guard asks about real paths.
 */
import { createPathPolicy, type PathPolicy, type PathRules } from "../safety/path_policy.ts";
import { createPathTree, type PathPattern, type PathSystem, type PathTree } from "../safety/path_tree.ts";

/** Whose rules, and on what system. */
export interface GuardRules {
  readonly rules: PathRules;
  readonly system: PathSystem;
}

/** The rules with real paths beside what was written. */
export function realRules({ rules, system }: GuardRules): {
  readonly policy: PathPolicy;
  /** Everything that is not read: what is denied, and the agent's own secrets. */
  readonly deny: PathTree;
  readonly system: PathSystem;
} {
  const homes = [...new Set(system.homes.flatMap((home) => [home, ...realOf(home)]))];
  const real = { ...system, homes };
  const [home = ""] = system.homes;
  const withReal = (patterns: readonly PathPattern[]) =>
    patterns.flatMap((pattern) => [pattern, ...realPattern(pattern, home)]);
  const own = withReal(rules.own);
  const ownSecrets = withReal(rules.ownSecrets);
  const policy = createPathPolicy({ ...rules, allow: withReal(rules.allow), own, ownSecrets }, real);
  const deny = createPathTree([...rules.deny, ...ownSecrets], real, { everyHome: true });
  return { policy, deny, system: real };
}

/** Where a pattern without wildcards leads, if that is another place. */
function realPattern(pattern: PathPattern, home: string): PathPattern[] {
  const path = literalPath(pattern, home);
  if (path === undefined) return [];
  return realOf(path).filter((real) => real !== path).map((real) => ({ path: real }));
}

/** The path that a pattern without wildcards names, with everything below it; undefined for others. */
export function literalPath(pattern: PathPattern, home: string): string | undefined {
  if (typeof pattern !== "string") return pattern.path;
  const path = pattern.replace(/^~(?=[\\/]|$)/, () => home).replace(/[\\/]\*\*$/, "");
  return /[*?[\]{}()!]/.test(path) ? undefined : path;
}

function realOf(path: string): string[] {
  try {
    return [Deno.realPathSync(path)];
  } catch {
    // It may be made later, and then it is no link of ours.
    return [];
  }
}
