/**
 * What the guard knows of the closed files that exist: where links lead that stand in closed places, and by which device and inode a
 * closed file is known under another name. Looked up anew when it is needed and older than two seconds.
 */
import { findCredentialFiles } from "../host/credential_files.ts";
import { identitiesIn } from "../host/file_identity.ts";
import { settingRemedy } from "../safety/owner_remedy.ts";
import type { PathAccess, PathDecision } from "../safety/path_policy.ts";
import { createPathTree, type PathTree } from "../safety/path_tree.ts";
import { showPath } from "../safety/show_path.ts";

/** Milliseconds for which what was found holds. */
const MAX_AGE_MS = 2_000;
/** Closed files that are kept in mind, and milliseconds that are spent on finding them: it is done again and again. */
const BOUNDS = { maxPaths: 2_048, maxMs: 250 };

/** Answers about closed files. */
export interface ClosedFiles {
  /** Refuses what a link in a closed place leads to. */
  decide(path: string, access: PathAccess, isFolder: boolean): PathDecision;
  /** Refuses what is a closed file by another name. */
  decideIdentity(path: string, access: PathAccess, identity: string | undefined): PathDecision;
}

/** Makes it. Nothing is looked up before the first question. */
export function createClosedFiles(
  { deny, now }: { readonly deny: PathTree; readonly now: () => number },
): ClosedFiles {
  let known: Known | undefined;
  const lookUp = ({ isFresh = false } = {}) => {
    const age = known === undefined || isFresh ? Infinity : now() - known.at;
    if (known === undefined || age > MAX_AGE_MS || age < 0) known = { ...find(deny), at: now() };
    return known;
  };
  return {
    decide(path, access, isFolder) {
      const { rule, isInside } = lookUp().targets.match(path);
      if (rule === undefined || (access === "look" && !isInside && !isFolder)) return { decision: "allow" };
      return refusal(access, path, "a link among the closed files leads to it");
    },
    decideIdentity(path, access, identity) {
      if (identity === undefined || !lookUp().identities.has(identity)) return { decision: "allow" };
      // A closed file that is gone since may have left its inode to this one: the agent replaces some of its own all the time.
      if (!lookUp({ isFresh: true }).identities.has(identity)) return { decision: "allow" };
      return refusal(access, path, "it is a closed file by another name");
    },
  };
}

interface Known {
  readonly at: number;
  readonly targets: PathTree;
  readonly identities: ReadonlySet<string>;
}

function find(deny: PathTree): Omit<Known, "at"> {
  const { paths } = findCredentialFiles(deny, BOUNDS);
  const isDenied = (path: string) => {
    const { rule } = deny.match(path);
    return rule !== undefined && !rule.isException;
  };
  const targets = paths.filter((path) => !isDenied(path));
  const tree = createPathTree(targets.map((path) => ({ path })), deny.system, { everyHome: false });
  const isClosed = (path: string) => isDenied(path) || tree.match(path).rule !== undefined;
  return { targets: tree, identities: identitiesIn(paths, isClosed).identities };
}

function refusal(access: PathAccess, path: string, reason: string): PathDecision {
  const verb = access === "look" ? "look at" : access;
  return {
    decision: "refuse",
    rule: "denied-path",
    reason: `Cannot ${verb} ${showPath(path)}: ${reason}`,
    remedy: settingRemedy("deny_paths"),
  };
}
