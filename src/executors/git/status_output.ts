/**
 * Reads `git status --porcelain=v2 -z`, record by record. Lists are bounded, counts are not.
 */
import { type Change, MAX_LISTED_FILES } from "../../protocol/operations/_git_fields.ts";
import type { ConflictEntry, GitStatusResult, StatusEntry } from "../../protocol/operations/git_status.ts";

/** What the records tell. */
export type StatusOutput = Pick<
  GitStatusResult,
  | "head"
  | "upstream"
  | "ahead"
  | "behind"
  | "staged"
  | "unstaged"
  | "untracked"
  | "conflicted"
  | "counts"
  | "truncated"
>;

/** Takes records in their order. */
export interface StatusReader {
  /** @throws {SyntaxError} If it is no record of this format. */
  push(record: string): void;
  /** What all records told. */
  result(): StatusOutput;
}

const CHANGES: Readonly<Record<string, Change>> = {
  A: "added",
  M: "modified",
  D: "deleted",
  R: "renamed",
  C: "copied",
  T: "typechanged",
  U: "unmerged",
};

const CONFLICTS: Readonly<Record<string, ConflictEntry["conflict"]>> = {
  DD: "both deleted",
  AU: "added by us",
  UD: "deleted by them",
  UA: "added by them",
  DU: "deleted by us",
  AA: "both added",
  UU: "both modified",
};

const ORDINARY = /^1 (.)(.) \S{4} \d+ \d+ \d+ [0-9a-f]+ [0-9a-f]+ (.+)$/s;
const RENAMED = /^2 (.)(.) \S{4} \d+ \d+ \d+ [0-9a-f]+ [0-9a-f]+ [RC]\d+ (.+)$/s;
const UNMERGED = /^u (..) \S{4} \d+ \d+ \d+ \d+ [0-9a-f]+ [0-9a-f]+ [0-9a-f]+ (.+)$/s;

/** The word for a letter of git's, if it is one. */
export function changeOf(letter: string): Change | undefined {
  return Object.hasOwn(CHANGES, letter) ? CHANGES[letter] : undefined;
}

/**
 * Reads the records.
 *
 * @param maxListed - entries of each list. @default {MAX_LISTED_FILES}
 */
export function createStatusReader(maxListed: number = MAX_LISTED_FILES): StatusReader {
  const lists = {
    staged: [] as StatusEntry[],
    unstaged: [] as StatusEntry[],
    untracked: [] as string[],
    conflicted: [] as ConflictEntry[],
  };
  const counts = { staged: 0, unstaged: 0, untracked: 0, conflicted: 0 };
  const header: {
    head: string | null;
    upstream: string | null;
    ahead: number | null;
    behind: number | null;
  } = {
    head: null,
    upstream: null,
    ahead: null,
    behind: null,
  };
  /** A rename whose old path is the next record. */
  let renamed: { readonly index: string; readonly tree: string; readonly path: string } | undefined;

  const add = <T>(name: keyof typeof counts, list: T[], entry: T) => {
    counts[name]++;
    if (list.length < maxListed) list.push(entry);
  };
  const addChanges = ({ index, tree, path }: NonNullable<typeof renamed>, from?: string) => {
    for (const [name, letter] of [["staged", index], ["unstaged", tree]] as const) {
      if (letter === ".") continue;
      const change = changeOf(letter);
      if (change === undefined) throw malformed(letter);
      const isMoved = change === "renamed" || change === "copied";
      add(name, lists[name], { path, ...(isMoved && from !== undefined ? { from } : {}), change });
    }
  };
  const readHeader = (record: string) => {
    const [, key = "", value = ""] = /^# (\S+) (.*)$/s.exec(record) ?? [];
    if (key === "branch.oid") header.head = /^[0-9a-f]{40,64}$/.test(value) ? value : null;
    if (key === "branch.upstream") header.upstream = value;
    const apart = key === "branch.ab" ? /^\+(\d+) -(\d+)$/.exec(value) : null;
    if (apart !== null) [header.ahead, header.behind] = [Number(apart[1]), Number(apart[2])];
  };

  return {
    push(record) {
      if (renamed !== undefined) {
        const entry = renamed;
        renamed = undefined;
        addChanges(entry, record);
        return;
      }
      // Headers that are not known are to be passed over, as git-status(1) says.
      if (record.startsWith("# ")) return readHeader(record);
      if (record.startsWith("! ")) return;
      if (record.startsWith("? ") && record.length > 2) {
        return add("untracked", lists.untracked, record.slice(2));
      }
      const [, index = "", tree = "", path = ""] = ORDINARY.exec(record) ?? RENAMED.exec(record) ?? [];
      if (path !== "") {
        if (record.startsWith("2")) renamed = { index, tree, path };
        else addChanges({ index, tree, path });
        return;
      }
      const [, both = "", where = ""] = UNMERGED.exec(record) ?? [];
      const conflict = Object.hasOwn(CONFLICTS, both) ? CONFLICTS[both] : undefined;
      if (conflict === undefined) throw malformed(record);
      add("conflicted", lists.conflicted, { path: where, conflict });
    },
    result: () => {
      if (renamed !== undefined) throw malformed("end");
      const truncated = Object.values(counts).some((count) => count > maxListed);
      return { ...header, ...lists, counts, truncated };
    },
  };
}

function malformed(record: string): SyntaxError {
  return new SyntaxError(`Cannot read git's status: unexpected ${JSON.stringify(record.slice(0, 80))}`);
}
