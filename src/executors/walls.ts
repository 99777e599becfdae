/**
 * What a sandbox keeps from commands: the credentials on this disk, and the agent's own files.
 */
import { OperationError } from "../errors.ts";
import { type CredentialSearch, findCredentialFiles } from "../host/credential_files.ts";
import { type GuardRules, literalPath, realRules } from "./real_rules.ts";

/** How long what was found holds, in milliseconds: a search takes about five. */
const FRESH_MS = 1_000;

/** Absolute paths that exist. */
export interface Walls {
  /**
   * What is not to be seen: credentials, and the agent's own folders. These as a whole, since a single file of them that is
   * replaced while a command runs would be seen by it from then on.
   */
  readonly hidden: readonly string[];
  /** What is not to be changed in edit mode: the agent's own folders and service unit. */
  readonly readOnly: readonly string[];
  /** All that may be written to in edit mode; undefined if that is everything. */
  readonly writable: readonly string[] | undefined;
}

/** What {@link createWalls} needs. */
export interface WallsOptions extends GuardRules {
  /** The agent's own folders and files, which may not exist. */
  readonly own: readonly string[];
  /** Told when there are more credentials than can be covered. */
  readonly onIncomplete: () => void;
  /** Milliseconds since any fixed moment. @default performance.now */
  readonly now?: () => number;
  /** How far the search goes. */
  readonly search?: CredentialSearch;
}

/**
 * Makes a function that looks at the disk, at most once a second. It throws an `OperationError` if there is more to cover than
 * it can find: whoever may make files in a place of keys would uncover all others otherwise.
 */
export function createWalls(options: WallsOptions): () => Walls {
  const { own, onIncomplete, now = () => performance.now() } = options;
  const { deny } = realRules(options);
  let known: { readonly walls: Walls; readonly at: number } | undefined;
  let hasTold = false;
  return () => {
    if (known !== undefined && now() - known.at < FRESH_MS) return known.walls;
    const { paths, isComplete } = findCredentialFiles(deny, options.search);
    if (!isComplete) {
      if (!hasTold) onIncomplete();
      hasTold = true;
      throw tooMany();
    }
    const there = own.filter(exists);
    const walls = {
      hidden: [...there.filter(isFolder), ...paths],
      readOnly: there,
      writable: writablePaths(options),
    };
    known = { walls, at: now() };
    return walls;
  };
}

/** What `allow_paths` names without wildcards; what a glob names cannot be told in advance, so commands do not write there. */
function writablePaths({ rules, system }: GuardRules): string[] | undefined {
  if (rules.allow.length === 0) return undefined;
  const [home = ""] = system.homes;
  return rules.allow.map((pattern) => literalPath(pattern, home)).filter((path) => path !== undefined);
}

function tooMany(): OperationError {
  return new OperationError(
    "refused",
    "Cannot start a program: there are more passwords, keys and tokens on this machine than its sandbox can cover, or " +
      "it takes too long to find them",
    {
      rule: "credentials-uncovered",
      remedy:
        "Only the host's owner can see to it: remove what is superfluous in places such as ~/.ssh, or take places " +
        'out with "!" in "deny_paths". Ask the user; do not try to get around it',
    },
  );
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // Gone since.
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false; // What is not there can be made in a sandbox's view only where its folder can be written.
  }
}
