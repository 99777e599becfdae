/**
 * Picks the files that may have a match, so that only those are opened by the guard and searched for real. Either way of picking
 * may name too many, never too few; so the results are the same.
 */
import type { Bytes } from "../protocol/bytes.ts";
import { MAX_ARGUMENT_BYTES, pickFiles, type RipgrepOptions } from "../host/ripgrep.ts";
import { readQuietly } from "../host/read_quietly.ts";
import { toBytePattern } from "../host/search/byte_pattern.ts";
import type { Matcher } from "../host/search/matcher.ts";
import { decodeText, hasMatch, lacksText } from "../host/text_search.ts";
import type { WorkBudget } from "../host/work_budget.ts";
import { inParallel } from "./in_parallel.ts";

/** Files of which several are read at the same time. */
const SMALL_BYTES = 256 * 1024;
/** Small files read at the same time. */
const PARALLEL = 16;
/** Failed runs after which ripgrep is no longer tried in this search. */
const MAX_FAILURES = 2;

/** A file that may be read. */
export interface Candidate {
  /** Absolute. */
  readonly realPath: string;
  /** Bytes when it was seen. */
  readonly size: number;
}

/** Picks files of one search. */
export interface Picker {
  readonly engine: "ripgrep" | "built-in";
  /** Returns for each file whether it may have a match; one that cannot be read may. */
  pick(files: readonly Candidate[], budget: WorkBudget): Promise<boolean[]>;
}

/** Makes the picker that fits: ripgrep if it is there and of use for the pattern. */
export function createPicker(
  matcher: Matcher,
  { maxFileBytes, ripgrep }: { readonly maxFileBytes: number; readonly ripgrep: RipgrepOptions | undefined },
): Picker {
  const pattern = toBytePattern(matcher.pattern, matcher.ignoresCase);
  const own = (files: readonly Candidate[], budget: WorkBudget) =>
    pickByReading(files, { matcher, maxFileBytes, budget });
  if (ripgrep === undefined || pattern === undefined) return { engine: "built-in", pick: own };
  let failures = 0;
  let isOfUse = false;
  return {
    get engine() {
      return isOfUse ? "ripgrep" : "built-in";
    },
    async pick(files, budget) {
      const picks: boolean[] = [];
      for (const part of split(files)) {
        // What the system makes up, as below /proc, has no size and may look different to another process.
        const sized = part.filter(({ size }) => size > 0).map(({ realPath }) => realPath);
        const found = failures >= MAX_FAILURES ? undefined : await pickFiles(pattern, sized, ripgrep);
        if (found === undefined) {
          failures++;
          picks.push(...await own(part, budget));
          continue;
        }
        isOfUse = true;
        const empty = await own(part.filter(({ size }) => size === 0), budget);
        for (const { realPath, size } of part) {
          picks.push(size === 0 ? empty.shift() ?? true : found.has(realPath));
        }
      }
      return picks;
    },
  };
}

/** Splits files so that each part's paths fit into the arguments of a program. */
function* split(files: readonly Candidate[]): Generator<Candidate[]> {
  let part: Candidate[] = [];
  let bytes = 0;
  for (const file of files) {
    const own = 3 * file.realPath.length + 1;
    if (part.length > 0 && bytes + own > MAX_ARGUMENT_BYTES) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(file);
    bytes += own;
  }
  if (part.length > 0) yield part;
}

interface ReadOptions {
  readonly matcher: Matcher;
  readonly maxFileBytes: number;
  readonly budget: WorkBudget;
}

/** Reads the files and looks. Small ones a few at a time, large ones alone, for the memory that they take. */
async function pickByReading(files: readonly Candidate[], options: ReadOptions): Promise<boolean[]> {
  const picks: boolean[] = [];
  let small: Candidate[] = [];
  const readSmall = async () => {
    picks.push(
      ...await inParallel(small, (file) => mayMatch(file, options), { ...options, parallel: PARALLEL }),
    );
    small = [];
  };
  for (const file of files) {
    if (file.size <= SMALL_BYTES) {
      small.push(file);
      continue;
    }
    await readSmall();
    await options.budget.breathe();
    picks.push(await mayMatch(file, options));
  }
  await readSmall();
  return picks;
}

async function mayMatch(
  { realPath, size }: Candidate,
  { matcher, maxFileBytes, budget }: ReadOptions,
): Promise<boolean> {
  // Nothing more is searched when the time is over.
  if (budget.isOver()) return false;
  let bytes: Bytes;
  try {
    bytes = await readQuietly(realPath, { maxBytes: maxFileBytes + 1, size });
  } catch {
    return true; // Why it cannot be read is told when it is opened.
  }
  if (bytes.length > maxFileBytes) return true;
  if (lacksText(bytes, matcher.needed)) return false;
  return await hasMatch(decodeText(bytes).text, matcher, budget);
}
