/**
 * Decides whether a file may be looked at, read or written by its real path. Pure; asked by the guard for every file that an
 * operation touches.
 */
import type { Mode } from "../protocol/mode.ts";
import { modeRemedy, settingRemedy } from "./owner_remedy.ts";
import { createPathTree, type PathPattern, type PathSystem } from "./path_tree.ts";
import { showPath } from "./show_path.ts";
import { windowsPathProblem } from "./windows_path.ts";

/** What is done with a path: names and sizes are looked at, contents are read. */
export type PathAccess = "look" | "read" | "write";

/** What is asked. */
export interface PathRequest {
  /** Real and absolute: no symbolic link is in it. */
  readonly path: string;
  readonly access: PathAccess;
  readonly mode: Mode;
  /** True if a folder is there; what is inside a folder that is denied as a whole is not listed. */
  readonly isFolder?: boolean;
}

/** What a host's owner and its agent keep to themselves. Globs are those of {@link createPathTree}. */
export interface PathRules {
  /** Globs; if there are any, only what is below them may be read or written. `~` is the agent's own home. */
  readonly allow: readonly PathPattern[];
  /** Globs of what is neither read nor written: the defaults, then the owner's. `~` is every user's home. */
  readonly deny: readonly PathPattern[];
  /** The agent's own files and folders, which are never written: its configuration and service unit. */
  readonly own: readonly PathPattern[];
  /** Those of them that are never read either: config.toml, keys, tokens, state. */
  readonly ownSecrets: readonly PathPattern[];
}

/** What is answered. A refusal is explained to whoever asked. */
export type PathDecision =
  | { readonly decision: "allow" }
  | {
    readonly decision: "refuse";
    /** Short and stable name, for the audit and for tests. */
    readonly rule:
      | "mode-disabled"
      | "plan-reads-only"
      | "denied-path"
      | "outside-allowed"
      | "own-file"
      | "unclear-path";
    readonly reason: string;
    /** What the owner of the host can do; never something for a model to do by itself. */
    readonly remedy?: string;
  };

/** Decides about paths; the rules are compiled once. */
export type PathPolicy = (request: PathRequest) => PathDecision;

const VERBS = { look: "look at", read: "read", write: "write" };
const ALLOWED: PathDecision = { decision: "allow" };

/**
 * Compiles rules. In `bypass` they allow everything, in `disabled` nothing.
 *
 * @throws {SyntaxError} If a glob cannot be read.
 */
export function createPathPolicy(rules: PathRules, system: PathSystem): PathPolicy {
  const deny = createPathTree(rules.deny, system, { everyHome: true });
  const allow = createPathTree(rules.allow, system, { everyHome: false });
  const own = createPathTree(rules.own, system, { everyHome: false });
  const ownSecrets = createPathTree(rules.ownSecrets, system, { everyHome: false });
  const isConfined = rules.allow.length > 0;

  return ({ path, access, mode, isFolder = false }) => {
    if (mode === "bypass") return ALLOWED;
    const action = `Cannot ${VERBS[access]} ${showPath(path)}`;
    if (mode === "disabled") {
      return {
        decision: "refuse",
        rule: "mode-disabled",
        reason: `${action}: the host refuses every operation`,
        remedy: modeRemedy("plan"),
      };
    }
    if (mode === "plan" && access === "write") {
      return {
        decision: "refuse",
        rule: "plan-reads-only",
        reason: `${action}: in plan mode the host only reads`,
        remedy: modeRemedy("edit"),
      };
    }
    const unclear = problemOf(path, system);
    if (unclear !== undefined) {
      return {
        decision: "refuse",
        rule: "unclear-path",
        reason: `${action}: ${unclear}`,
        remedy: settingRemedy("allow_paths"),
      };
    }
    const secret = ownSecrets.match(path);
    if (applies(secret, access, isFolder) || (access === "write" && isListed(own.match(path)))) {
      return {
        decision: "refuse",
        rule: "own-file",
        reason: `${action}: it belongs to the agent that carries this out`,
        remedy:
          "Only the host's owner can see to it, at the machine itself. Ask the user; do not try to get around it",
      };
    }
    const denied = deny.match(path);
    if (applies(denied, access, isFolder)) {
      const glob = denied.rule?.glob ?? "";
      return {
        decision: "refuse",
        rule: "denied-path",
        reason:
          `${action}: the host keeps "${glob}" closed, as a place of passwords, keys or tokens or by its owner's choice`,
        remedy: settingRemedy("deny_paths"),
      };
    }
    if (isConfined) {
      const allowed = allow.match(path);
      const mayPass = access === "look" && allowed.isOnTheWay;
      if (!isListed(allowed) && !mayPass) {
        return {
          decision: "refuse",
          rule: "outside-allowed",
          reason: `${action}: the host opens only some folders, and it is in none of them`,
          remedy: settingRemedy("allow_paths"),
        };
      }
    }
    return ALLOWED;
  };
}

/** Decides once; {@link createPathPolicy} is for many questions about the same rules. */
export function decidePath(request: PathRequest, rules: PathRules, system: PathSystem): PathDecision {
  return createPathPolicy(rules, system)(request);
}

type Match = ReturnType<ReturnType<typeof createPathTree>["match"]>;

function isListed({ rule }: Match): boolean {
  return rule !== undefined && !rule.isException;
}

/** Names may be looked at, but for those inside a folder that is closed as a whole. */
function applies(match: Match, access: PathAccess, isFolder: boolean): boolean {
  return isListed(match) && (access !== "look" || match.isInside || isFolder);
}

/** Tells why a path does not say by itself which file it means. */
function problemOf(path: string, { os }: PathSystem): string | undefined {
  if (os === "windows") return windowsPathProblem(path);
  if (!path.startsWith("/") || path.includes("\0") || path.split("/").includes("..")) {
    return "it is not an absolute path without detours";
  }
  if (os !== "macos") return undefined;
  // macOS opens files by number and parts of files by these names.
  if (
    /^\/\.(?:vol|nofollow|resolve|file)(?:\/|$)/i.test(path) || /(?:^|\/)\.\.namedfork(?:\/|$)/i.test(path)
  ) {
    return "it is a name of the system for another file";
  }
  return undefined;
}
