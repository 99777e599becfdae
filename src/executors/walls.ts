/**
 * What a sandbox keeps from commands: the credentials on this disk, and the agent's own files.
 */
import { findCredentialFiles } from "../host/credential_files.ts";
import { type GuardRules, realRules } from "./real_rules.ts";

/** How long what was found holds, in milliseconds: a search takes about five. */
const FRESH_MS = 1_000;

/** Absolute paths that exist. */
export interface Walls {
  /** What is not to be seen: credentials, and the agent's own keys and state. */
  readonly hidden: readonly string[];
  /** What is not to be changed in edit mode: the agent's own configuration and service unit. */
  readonly readOnly: readonly string[];
}

/** What {@link createWalls} needs. */
export interface WallsOptions extends GuardRules {
  /** The agent's own folders and files, which may not exist. */
  readonly own: readonly string[];
  /** Told when there are more credentials than can be covered. */
  readonly onIncomplete: () => void;
  /** Milliseconds since any fixed moment. @default performance.now */
  readonly now?: () => number;
}

/** Makes a function that looks at the disk, at most once a second. */
export function createWalls(options: WallsOptions): () => Walls {
  const { own, onIncomplete, now = () => performance.now() } = options;
  const { deny } = realRules(options);
  let known: { readonly walls: Walls; readonly at: number } | undefined;
  let hasTold = false;
  return () => {
    if (known !== undefined && now() - known.at < FRESH_MS) return known.walls;
    const { paths, isComplete } = findCredentialFiles(deny);
    if (!isComplete && !hasTold) {
      hasTold = true;
      onIncomplete();
    }
    const walls = { hidden: paths, readOnly: own.filter(exists) };
    known = { walls, at: now() };
    return walls;
  };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false; // What is not there can be made in a sandbox's view only where its folder can be written.
  }
}
