/**
 * Reads `git diff --raw --numstat -z`, record by record. The list is bounded, counts are not.
 */
import { type ChangedFile, type Changes, MAX_LISTED_FILES } from "../../protocol/operations/_git_fields.ts";
import { changeOf } from "./status_output.ts";

/** Takes records in their order. */
export interface DiffReader {
  /** @throws {SyntaxError} If it is no record of this format. */
  push(record: string): void;
  /** What all records told. */
  result(): Changes;
}

const RAW = /^:(\d{6}) (\d{6}) [0-9a-f]+ ([0-9a-f]+) ([A-Z])\d*$/;
const NUMSTAT = /^(\d+|-)\t(\d+|-)\t(.*)$/s;
/** How many more files than are listed are kept until it is known which of them differ. */
const CANDIDATES = 10;

/** What a record of the first part says of a file. */
interface Raw {
  readonly letter: string;
  /**
   * False for a file of the working tree of which git knows only that it was touched. Lines tell whether it differs; git would note
   * that in the index, which is not for those who read.
   */
  readonly isCertain: boolean;
}

/**
 * Reads the records: first what happened to each file, then the lines of each.
 *
 * @param maxListed - files that are listed. @default {MAX_LISTED_FILES}
 */
export function createDiffReader(maxListed: number = MAX_LISTED_FILES): DiffReader {
  const candidates = new Map<string, { file: ChangedFile; differs: boolean }>();
  const total = { added: 0, removed: 0 };
  let others = 0;
  /** What the next records, which are paths, belong to. */
  let open: { readonly of: Raw | Lines; readonly paths: string[]; readonly wanted: number } | undefined;

  const addFile = ({ letter, isCertain }: Raw, paths: readonly string[]) => {
    const change = changeOf(letter);
    const [first = "", second] = paths;
    if (change === undefined) throw malformed(letter);
    const path = second ?? first;
    // A file in conflict comes twice: as unmerged, and as changed.
    if (candidates.has(path) || candidates.size >= CANDIDATES * maxListed) return;
    const from = second === undefined ? {} : { from: first };
    candidates.set(path, { file: { path, ...from, change, added: 0, removed: 0 }, differs: isCertain });
  };
  const addLines = ({ added, removed }: Lines, path: string) => {
    total.added += added ?? 0;
    total.removed += removed ?? 0;
    const known = candidates.get(path);
    if (known === undefined) {
      others++;
      return;
    }
    known.differs = true;
    const { file } = known;
    known.file = added === null || removed === null
      ? { ...file, added: null, removed: null }
      : { ...file, added: (file.added ?? 0) + added, removed: (file.removed ?? 0) + removed };
  };

  return {
    push(record) {
      if (open !== undefined) {
        open.paths.push(record);
        if (open.paths.length < open.wanted) return;
        const { of, paths } = open;
        open = undefined;
        if ("letter" in of) addFile(of, paths);
        else addLines(of, paths.at(-1) ?? "");
        return;
      }
      const [, oldMode, newMode, newHash = "", letter] = RAW.exec(record) ?? [];
      if (letter !== undefined) {
        const isCertain = letter !== "M" || oldMode !== newMode || /[^0]/.test(newHash);
        open = { of: { letter, isCertain }, paths: [], wanted: letter === "R" || letter === "C" ? 2 : 1 };
        return;
      }
      const lines = parseNumstat(record);
      if (lines === undefined) throw malformed(record);
      if (lines.path !== "") addLines(lines, lines.path);
      else open = { of: lines, paths: [], wanted: 2 };
    },
    result() {
      if (open !== undefined) throw malformed("end");
      const differing = [...candidates.values()].filter(({ differs }) => differs).map(({ file }) => file);
      const fileCount = differing.length + others;
      const files = differing.slice(0, maxListed);
      return { files, fileCount, ...total, truncated: fileCount > files.length };
    },
  };
}

/** Lines of one file; null if it is binary. */
export interface Lines {
  readonly added: number | null;
  readonly removed: number | null;
}

/** Reads the first record of a file's numstat; its path is empty if two records with paths follow. */
export function parseNumstat(record: string): (Lines & { readonly path: string }) | undefined {
  const [, added, removed, path] = NUMSTAT.exec(record) ?? [];
  if (added === undefined || removed === undefined || path === undefined) return undefined;
  const count = (text: string) => text === "-" ? null : Number(text);
  return { added: count(added), removed: count(removed), path };
}

function malformed(record: string): SyntaxError {
  return new SyntaxError(`Cannot read git's differences: unexpected ${JSON.stringify(record.slice(0, 80))}`);
}
