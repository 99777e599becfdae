/**
 * The executor of `list_dir`: walks, sorts, and cuts one page out.
 */
import { join } from "node:path";
import { OperationError } from "../errors.ts";
import { type NameTest, nameTest } from "../host/search/name_filter.ts";
import { emptyReport, walk, type WalkEntry, type WalkReport } from "../host/walk.ts";
import { StuckError, withinBudget, type WorkBudget } from "../host/work_budget.ts";
import { type Entry, type ListCursor, MAX_LIST_DEPTH } from "../protocol/operations/list_dir.ts";
import { cancelled } from "./admission.ts";
import { inParallel } from "./in_parallel.ts";
import { after, orderOf, parseCursor, writeCursor } from "./list_cursor.ts";
import type { CallContext } from "./executor.ts";
import type { PathGuard } from "./path_guard.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";

type Params = ParamsOf<"list_dir">;
type Result = ResultOf<"list_dir">;

const LIMIT = 500;
const TIME_LIMIT_MS = 20_000;
/** Characters of all paths on one page; the page is shorter if they do not fit. */
const MAX_PAGE_CHARACTERS = 1_000_000;
/** Entries that the system is asked about at the same time. */
const PARALLEL = 32;

/** What {@link createListDir} needs. */
export interface ListDirOptions {
  readonly guard: PathGuard;
  /** Milliseconds that a walk may take. @default 20 000 */
  readonly limitMs?: number;
  /** Entries that a walk looks at. @default {MAX_WALK_ENTRIES} */
  readonly maxEntries?: number;
}

/** An entry that is to be sorted. */
interface Row extends WalkEntry {
  readonly key: number;
  readonly info: Deno.FileInfo | undefined;
}

/** Makes the executor. */
export function createListDir(
  options: ListDirOptions,
): (params: Params, context: CallContext) => Promise<Result> {
  return async (params, context) => {
    const passes = globTest(params.glob);
    const cursor = params.cursor === undefined ? undefined : parseCursor(params.cursor, params);
    try {
      return await withinBudget((budget) => list({ params, context, passes, cursor, budget }, options), {
        signal: context.signal,
        limitMs: options.limitMs ?? TIME_LIMIT_MS,
      });
    } catch (error) {
      throw walkFailure(error, { signal: context.signal, action: "list", path: params.path });
    }
  };
}

/** Says what a failed walk means for its caller. */
export function walkFailure(
  error: unknown,
  { signal, action, path }: { readonly signal: AbortSignal; readonly action: string; readonly path: string },
): unknown {
  if (signal.aborted) return cancelled(signal);
  if (!(error instanceof StuckError)) return error;
  return new OperationError("timed_out", `Cannot ${action} "${path}": the file system does not answer`, {
    cause: error,
    remedy: "Leave out folders of a network file system that is not reachable",
  });
}

async function list(
  { params, context, passes, cursor, budget }: {
    readonly params: Params;
    readonly context: CallContext;
    readonly passes: NameTest;
    readonly cursor: ListCursor | undefined;
    readonly budget: WorkBudget;
  },
  { guard, maxEntries }: ListDirOptions,
): Promise<Result> {
  const { mode } = context.permit;
  const { path: root, info } = await guard.lookAt(params.path, mode);
  if (!info.isDirectory) {
    throw new OperationError("cannot_run", `Cannot list "${params.path}": it is not a folder`, {
      remedy: "Use file_stat or read_file for a file",
    });
  }
  const report = emptyReport();
  const found: WalkEntry[] = [];
  const walking = walk({
    root,
    depth: params.depth ?? (hasSlash(params.glob) ? MAX_LIST_DEPTH : 1),
    hidden: params.hidden ?? false,
    respectIgnore: params.respect_ignore ?? false,
    mayRead: (path) => guard.mayRead(path, mode),
    budget,
    ...(maxEntries === undefined ? {} : { maxEntries }),
  }, report);
  const totals = { file: 0, directory: 0, symlink: 0, other: 0 };
  for await (const entries of walking) {
    for (const entry of entries) {
      if (params.kinds !== undefined && !params.kinds.includes(entry.kind)) continue;
      if (!passes(entry.path)) continue;
      totals[entry.kind]++;
      found.push(entry);
    }
    await budget.breathe();
  }
  const rows = params.sort === undefined || params.sort === "name"
    ? found.map((entry) => ({ ...entry, key: 0, info: undefined }))
    : await withKeys(found, { root, sort: params.sort, budget });
  rows.sort(orderOf(params));
  const start = cursor === undefined ? 0 : after(rows, cursor, params);
  const page = cutPage(rows.slice(start), params.limit ?? LIMIT);
  const end = start + page.length;
  const entries = await inParallel(page, (row) => describe(root, row), { budget, parallel: PARALLEL });
  return {
    path: root,
    entries,
    next: end < rows.length ? writeCursor(rows, end, params) : null,
    totals: { entries: rows.length, ...totals, examined: report.entries },
    leftOut: {
      hidden: report.hidden,
      ignored: report.ignored,
      denied: report.denied,
      unreadable: report.unreadable,
      ignoreFiles: report.ignoreFiles,
    },
    stopped: explainStop(report),
  };
}

function explainStop({ stopped, entries }: WalkReport): Result["stopped"] {
  if (stopped === undefined) return null;
  const why = stopped === "entries" ? `after ${entries} entries` : "as its time was over";
  return {
    reason: stopped,
    message: `The walk ended ${why}: entries are missing. List a folder further down, or with less depth`,
  };
}

function globTest(glob: string | undefined): NameTest {
  if (glob === undefined) return () => true;
  try {
    return nameTest([glob]);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new OperationError("bad_request", cause.message, { cause });
  }
}

function hasSlash(glob: string | undefined): boolean {
  return glob !== undefined && /\/./.test(glob);
}

async function withKeys(
  found: readonly WalkEntry[],
  { root, sort, budget }: {
    readonly root: string;
    readonly sort: "size" | "mtime";
    readonly budget: WorkBudget;
  },
): Promise<Row[]> {
  return await inParallel(found, async (entry) => {
    const info = await lookUp(join(root, entry.path));
    const key = sort === "size"
      ? entry.kind === "file" ? info?.size ?? -1 : -1
      : info?.mtime?.getTime() ?? -1;
    return { ...entry, key, info };
  }, { budget, parallel: PARALLEL });
}

function cutPage(rows: readonly Row[], limit: number): readonly Row[] {
  let characters = 0;
  const page = rows.slice(0, limit);
  const end = page.findIndex(({ path }) => (characters += path.length) > MAX_PAGE_CHARACTERS);
  return end === -1 ? page : page.slice(0, Math.max(1, end));
}

async function describe(root: string, { path, kind, info: known }: Row): Promise<Entry> {
  const info = known ?? await lookUp(join(root, path));
  const target = kind === "symlink" ? await readLink(join(root, path)) : undefined;
  return {
    path,
    kind: info === undefined ? kind : kindOf(info),
    size: info?.isFile ? info.size : null,
    mtime: info?.mtime?.toISOString() ?? null,
    mode: info === undefined || info.mode === null ? null : (info.mode & 0o7777).toString(8).padStart(4, "0"),
    ...(target === undefined ? {} : { target }),
    // The system finds no such name, since it is not what the name's bytes say.
    ...(info === undefined && path.includes("\uFFFD") ? { invalidUtf8: true } : {}),
  };
}

/** What an entry is, finer than a folder tells. */
export function kindOf(info: Deno.FileInfo): Entry["kind"] {
  if (info.isSymlink) return "symlink";
  if (info.isFile) return "file";
  if (info.isDirectory) return "directory";
  if (info.isFifo) return "fifo";
  if (info.isSocket) return "socket";
  return info.isBlockDevice || info.isCharDevice ? "device" : "other";
}

async function lookUp(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch {
    // Gone since it was seen, or its name cannot be written in UTF-8.
    return undefined;
  }
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return await Deno.readLink(path);
  } catch {
    // Gone since it was seen.
    return undefined;
  }
}
