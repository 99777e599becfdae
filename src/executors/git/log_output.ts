/**
 * Reads what `git log -z --format=` {@link LOG_FORMAT} prints, with or without `--numstat`, record by record.
 */
import { type Commit, MAX_COMMIT_FILES, MAX_MESSAGE_CHARACTERS } from "../../protocol/operations/git_log.ts";
import { parseNumstat } from "./diff_output.ts";

/**
 * An empty record, then the fields. Messages and names hold no NUL, and paths are not empty, so whatever they say an empty
 * record after the fields is where the next commit begins.
 */
export const LOG_FORMAT = "tformat:%x00%H%x00%P%x00%D%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B";
const FIELDS = 10;

/** Takes records in their order. */
export interface LogReader {
  /** @throws {SyntaxError} If it is no record of this format. */
  push(record: string): void;
  /** The commits. */
  result(): Commit[];
}

/**
 * Reads the records.
 *
 * @param options.hasStats - whether `--numstat` was asked for
 */
export function createLogReader({ hasStats }: { readonly hasStats: boolean }): LogReader {
  const commits: Commit[] = [];
  let fields: string[] | undefined;
  let stats: NonNullable<Commit["stats"]> | undefined;
  /** Paths of a rename that are still to come. */
  let pathsToCome = 0;

  const addPath = (path: string) => {
    if (stats !== undefined && stats.files.length < MAX_COMMIT_FILES) stats.files.push(path);
  };
  const readStat = (record: string) => {
    if (pathsToCome > 0) {
      pathsToCome--;
      if (pathsToCome === 0) addPath(record);
      return;
    }
    // git puts a line feed between the message and the numbers.
    const lines = parseNumstat(record.replace(/^\n/, ""));
    if (lines === undefined || stats === undefined) throw malformed(record);
    stats.fileCount++;
    stats.added += lines.added ?? 0;
    stats.removed += lines.removed ?? 0;
    if (lines.path === "") pathsToCome = 2;
    else addPath(lines.path);
  };

  return {
    push(record) {
      if (fields !== undefined) {
        fields.push(record);
        if (fields.length < FIELDS) return;
        stats = hasStats ? { fileCount: 0, added: 0, removed: 0, files: [] } : undefined;
        commits.push(commitOf(fields, stats));
        fields = undefined;
      } else if (record === "" && pathsToCome === 0) fields = [];
      else readStat(record);
    },
    result() {
      if (fields !== undefined || pathsToCome > 0) throw malformed("end");
      return commits;
    },
  };
}

function commitOf(fields: readonly string[], stats: Commit["stats"]): Commit {
  const [hash = "", parents = "", refs = "", ...rest] = fields;
  const [authorName = "", authorEmail = "", authorDate = "", ...others] = rest;
  const [committerName = "", committerEmail = "", committerDate = "", message = ""] = others;
  if (!/^[0-9a-f]{40,64}$/.test(hash)) throw malformed(hash);
  // Half of a character would make the JSON unreadable for strict clients.
  const kept = message.slice(0, MAX_MESSAGE_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "");
  const [subject = "", ...body] = kept.replace(/^\n+/, "").split("\n");
  return {
    hash,
    parents: parents.split(" ").filter((parent) => parent !== ""),
    refs: parseDecoration(refs),
    author: { name: authorName, email: authorEmail, date: authorDate },
    committer: { name: committerName, email: committerEmail, date: committerDate },
    subject,
    body: body.join("\n").trim(),
    messageTruncated: kept.length < message.length,
    ...(stats === undefined ? {} : { stats }),
  };
}

/** Reads `%D` with full names: `HEAD -> refs/heads/main, tag: refs/tags/v1`. A ref's name holds no space. */
export function parseDecoration(text: string): string[] {
  return text.split(", ").flatMap((part) => part.split(" -> "))
    .map((name) =>
      name.replace(/^tag: /, "").replace(/^refs\/(?:heads|remotes)\//, "").replace(/^refs\/tags\//, "tag ")
    )
    .filter((name) => name !== "");
}

function malformed(record: string): SyntaxError {
  return new SyntaxError(`Cannot read git's log: unexpected ${JSON.stringify(record.slice(0, 80))}`);
}
