/**
 * The executor of `file_search`: our own walk chooses the files, a picker those that may match, and what is shown is read through
 * the guard and matched by ourselves. ripgrep, where it is there, makes picking fast and decides nothing.
 */
import { basename, dirname, join } from "node:path";
import { OperationError } from "../errors.ts";
import type { Matcher } from "../host/search/matcher.ts";
import { decodeText, hasMatch, searchText } from "../host/text_search.ts";
import { findRipgrep } from "../host/ripgrep.ts";
import {
  emptyReport,
  MAX_WALK_DEPTH,
  type Tally,
  tally,
  walk,
  type WalkEntry,
  type WalkReport,
} from "../host/walk.ts";
import { withinBudget, type WorkBudget } from "../host/work_budget.ts";
import type { Bytes } from "../protocol/bytes.ts";
import type { FoundFile, Truncation } from "../protocol/operations/file_search.ts";
import { inParallel } from "./in_parallel.ts";
import { createPicker, type Picker } from "./pick_files.ts";
import { readSearchRequest, type SearchRequest } from "./search_request.ts";
import type { CallContext } from "./executor.ts";
import { kindOf, walkFailure } from "./list_dir.ts";
import type { OpenedFile, PathGuard } from "./path_guard.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";

type Params = ParamsOf<"file_search">;
type Result = ResultOf<"file_search">;

/** Files that are looked at together: few at first, so that a search that soon has enough is soon over. */
const FIRST_BATCH = 64;
const LAST_BATCH = 4096;
/** Entries that the system is asked about at the same time. */
const PARALLEL = 32;
/** Characters of all paths and lines of one result. */
const MAX_RESULT_CHARACTERS = 1_000_000;

/** What {@link createFileSearch} needs. */
export interface FileSearchOptions {
  readonly guard: PathGuard;
  /** Absolute path of ripgrep; null never uses it. @default looked for once, where packages put it */
  readonly ripgrep?: string | null;
  /** Entries that a walk looks at. @default {MAX_WALK_ENTRIES} */
  readonly maxEntries?: number;
}

/** Makes the executor. */
export function createFileSearch(
  options: FileSearchOptions,
): (params: Params, context: CallContext) => Promise<Result> {
  const program = options.ripgrep === undefined ? findRipgrep() : options.ripgrep ?? undefined;
  return async (params, context) => {
    const request = readSearchRequest(params);
    try {
      return await withinBudget(
        (budget) => new Search({ request, context, budget, program }, options).run(),
        { signal: context.signal, limitMs: request.limitMs },
      );
    } catch (error) {
      throw walkFailure(error, { signal: context.signal, action: "search", path: params.path });
    }
  };
}

interface Call {
  readonly request: SearchRequest;
  readonly context: CallContext;
  readonly budget: WorkBudget;
  readonly program: string | undefined;
}

/** A file to be searched. */
interface Target {
  readonly path: string;
  readonly realPath: string;
  /** Undefined if it could not be asked. */
  readonly size: number | undefined;
  /** Whether it has other names, which may be closed ones. */
  readonly isLinked: boolean;
}

/** One search, and what it has found so far. */
class Search {
  readonly #call: Call;
  readonly #options: FileSearchOptions;
  readonly #report: WalkReport = emptyReport();
  readonly #files: FoundFile[] = [];
  readonly #tooLarge: Tally = { count: 0, first: [] };
  readonly #binary: Tally = { count: 0, first: [] };
  readonly #truncated = new Map<Truncation["reason"], string>();
  #symlinks = 0;
  #special = 0;
  #lines = 0;
  #shown = 0;
  #searched = 0;
  #characters = 0;

  constructor(call: Call, options: FileSearchOptions) {
    this.#call = call;
    this.#options = options;
  }

  async run(): Promise<Result> {
    const { request, context, budget, program } = this.#call;
    const { path, info } = await this.#options.guard.lookAt(request.path, context.permit.mode);
    if (!info.isDirectory && !info.isFile) {
      throw new OperationError(
        "cannot_run",
        `Cannot search "${request.path}": it is no folder and no regular file`,
      );
    }
    const root = info.isDirectory ? path : dirname(path);
    const entries = info.isDirectory ? this.#walk(root) : single(basename(path), this.#report);
    const { confine, environment } = context.permit;
    const picker = request.matcher === undefined ? undefined : createPicker(request.matcher, {
      maxFileBytes: request.maxFileBytes,
      ripgrep: program === undefined ? undefined : { program, confine, environment, signal: budget.signal },
    });
    if (request.matcher === undefined || picker === undefined) await this.#searchNames(root, entries);
    else await this.#searchContents(root, entries, { matcher: request.matcher, picker });
    this.#noteBounds();
    return this.#result(root, picker);
  }

  #walk(root: string): AsyncGenerator<WalkEntry[]> {
    const { request, context, budget } = this.#call;
    const { guard, maxEntries } = this.#options;
    return walk({
      root,
      hidden: request.hidden,
      respectIgnore: request.respectIgnore,
      mayRead: (path) => guard.mayRead(path, context.permit.mode),
      skips: request.isExcluded,
      budget,
      ...(maxEntries === undefined ? {} : { maxEntries }),
    }, this.#report);
  }

  async #searchNames(root: string, folders: AsyncIterable<WalkEntry[]>): Promise<void> {
    const { request, budget } = this.#call;
    for await (const entries of folders) {
      const wanted = entries.filter(({ path }) => request.isWanted(path));
      const kinds = await inParallel(
        wanted.slice(0, request.maxResults),
        ({ path, kind }) => kind === "other" ? specialKind(join(root, path)) : Promise.resolve(kind),
        { budget, parallel: PARALLEL },
      );
      for (const [index, { path }] of wanted.entries()) {
        if (!this.#hasRoom()) return;
        this.#add({ path, kind: kinds[index] ?? "other", count: null, lines: [] });
      }
    }
  }

  async #searchContents(
    root: string,
    folders: AsyncIterable<WalkEntry[]>,
    engine: { readonly matcher: Matcher; readonly picker: Picker },
  ): Promise<void> {
    const { isWanted } = this.#call.request;
    let batchSize = FIRST_BATCH;
    let batch: string[] = [];
    for await (const entries of folders) {
      for (const { path, kind } of entries) {
        if (kind === "directory" || !isWanted(path)) continue;
        if (kind === "symlink") this.#symlinks++;
        else if (kind === "other") this.#special++;
        else batch.push(path);
      }
      while (batch.length >= batchSize) {
        if (!await this.#searchBatch(root, batch.slice(0, batchSize), engine)) return;
        batch = batch.slice(batchSize);
        batchSize = Math.min(2 * batchSize, LAST_BATCH);
      }
    }
    if (batch.length > 0) await this.#searchBatch(root, batch, engine);
  }

  /** @returns false if the search is over. */
  async #searchBatch(
    root: string,
    paths: readonly string[],
    { matcher, picker }: { readonly matcher: Matcher; readonly picker: Picker },
  ): Promise<boolean> {
    const { request, budget } = this.#call;
    const targets = await inParallel(paths, (path) => look(root, path), { budget, parallel: PARALLEL });
    // Of a file with several names only the guard knows whether it may be read. Were it looked into before, the number of
    // refused files would tell what is in it.
    const asked = targets.flatMap((target, index) =>
      target.size === undefined || target.isLinked || target.size > request.maxFileBytes
        ? []
        : [{ index, realPath: target.realPath, size: target.size }]
    );
    const picks = await picker.pick(asked, budget);
    const isPicked = new Map(asked.map(({ index }, at) => [index, picks[at] ?? true]));
    for (const [index, target] of targets.entries()) {
      await budget.breathe();
      if (this.#isOver() || !this.#hasRoom()) return false;
      if ((target.size ?? 0) > request.maxFileBytes) tally(this.#tooLarge, target.path);
      else if (isPicked.get(index) === false) this.#searched++;
      else await this.#searchFile(target, matcher);
    }
    return !this.#isOver();
  }

  /** Reads a file through the guard and takes what matches. */
  async #searchFile({ path, realPath }: Target, matcher: Matcher): Promise<void> {
    const { request, context, budget } = this.#call;
    let opened: OpenedFile;
    try {
      opened = await this.#options.guard.openFile(realPath, context.permit.mode);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      tally(error.code === "refused" ? this.#report.denied : this.#report.unreadable, path);
      return;
    }
    let bytes: Bytes | undefined;
    using _closing = opened;
    try {
      bytes = await readUpTo(opened, request.maxFileBytes);
    } catch {
      // Not readable in the end, as some of what the system makes up.
      tally(this.#report.unreadable, path);
      return;
    }
    if (bytes === undefined) {
      tally(this.#tooLarge, path);
      return;
    }
    this.#searched++;
    const { text, isBinary } = decodeText(bytes);
    if (isBinary || request.show === "files") {
      if (!await hasMatch(text, matcher, budget)) return;
      if (isBinary) tally(this.#binary, path);
      else this.#add({ path, kind: "file", count: null, lines: [] });
      return;
    }
    const left = request.show === "lines" ? request.maxResults - this.#shown : 0;
    const { count, shown, lines, isCut } = await searchText(text, matcher, {
      context: request.context,
      maxLines: Math.min(left, request.maxPerFile),
      maxCharacters: MAX_RESULT_CHARACTERS - this.#characters,
      breathe: budget.breathe,
      isOver: budget.isOver,
    });
    if (count === 0) return;
    this.#lines += count;
    this.#shown += shown;
    if (request.show === "lines" && shown < count) {
      this.#truncate(isCut ? "size" : request.maxPerFile < left ? "max_per_file" : "max_results");
    }
    this.#add({
      path,
      kind: "file",
      count,
      lines: lines.map(({ line, text, column, cut }) => ({
        line,
        text,
        ...(column === undefined ? {} : { column }),
        ...(cut === undefined ? {} : { cut }),
      })),
    });
  }

  #add(file: FoundFile): void {
    this.#files.push(file);
    this.#characters += file.lines.reduce((sum, { text }) => sum + text.length, file.path.length);
  }

  /** Whether one more may be found; if not, that is noted. */
  #hasRoom(): boolean {
    const { request } = this.#call;
    const countsLines = request.matcher !== undefined && request.show === "lines";
    if ((countsLines ? this.#shown : this.#files.length) >= request.maxResults) this.#truncate("max_results");
    else if (this.#characters >= MAX_RESULT_CHARACTERS) this.#truncate("size");
    else return true;
    return false;
  }

  #isOver(): boolean {
    if (!this.#call.budget.isOver()) return false;
    this.#truncate("time");
    return true;
  }

  #noteBounds(): void {
    if (this.#report.stopped !== undefined) this.#truncate(this.#report.stopped);
    if (this.#report.tooDeep > 0) this.#truncate("depth");
  }

  #truncate(reason: Truncation["reason"]): void {
    this.#truncated.set(reason, MESSAGES[reason]);
  }

  #result(root: string, picker: Picker | undefined): Result {
    const report = this.#report;
    return {
      path: root,
      engine: picker?.engine ?? "built-in",
      files: this.#files,
      totals: {
        found: this.#files.length,
        lines: this.#lines,
        shown: this.#shown,
        searched: this.#searched,
        examined: report.entries,
      },
      leftOut: {
        hidden: report.hidden,
        ignored: report.ignored,
        symlinks: this.#symlinks,
        special: this.#special,
        denied: report.denied,
        unreadable: report.unreadable,
        tooLarge: this.#tooLarge,
        binary: this.#binary,
        ignoreFiles: report.ignoreFiles,
      },
      truncated: [...this.#truncated].map(([reason, message]) => ({ reason, message })),
    };
  }
}

const MESSAGES: Readonly<Record<Truncation["reason"], string>> = {
  max_results: "There may be more: the search ended at max_results. Narrow it down, or raise max_results",
  max_per_file: "Some files have more matching lines than are shown, see their count. Raise max_per_file",
  size: "There is more: the result is as large as one may be. Narrow the search down, or show files",
  time: "The time was over before all was searched. Narrow the search down, or raise timeout_ms",
  entries: "The walk ended early, as there are too many entries. Search a folder further down",
  depth: `Folders more than ${MAX_WALK_DEPTH} levels down were not entered. Search a folder further down`,
};

/** A file that was named itself is searched whatever it is called. */
async function* single(path: string, report: WalkReport): AsyncGenerator<WalkEntry[]> {
  report.entries++;
  yield [{ path, kind: "file" }];
}

async function specialKind(path: string): Promise<FoundFile["kind"]> {
  try {
    return kindOf(await Deno.lstat(path));
  } catch {
    // Gone since it was seen.
    return "other";
  }
}

async function look(root: string, path: string): Promise<Target> {
  const realPath = join(root, path);
  try {
    const { size, nlink } = await Deno.lstat(realPath);
    return { path, realPath, size, isLinked: (nlink ?? 1) > 1 };
  } catch {
    // Gone since it was seen, or its name is not UTF-8: opening it will tell.
    return { path, realPath, size: undefined, isLinked: false };
  }
}

/** Reads a file from its beginning. @returns undefined if it is larger than `maxBytes` */
async function readUpTo({ file, info }: OpenedFile, maxBytes: number): Promise<Bytes | undefined> {
  let bytes: Bytes = new Uint8Array(Math.min(info.size > 0 ? info.size + 1 : 64 * 1024, maxBytes + 1));
  let length = 0;
  for (;;) {
    const read = await file.read(bytes.subarray(length));
    if (read === null || read === 0) return bytes.subarray(0, length);
    length += read;
    if (length > maxBytes) return undefined;
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(2 * length, maxBytes + 1));
      larger.set(bytes);
      bytes = larger;
    }
  }
}
