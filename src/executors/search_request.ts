/**
 * Reads the parameters of `file_search`: patterns and globs are made ready, or refused with the reason.
 */
import { OperationError } from "../errors.ts";
import { Matcher } from "../host/search/matcher.ts";
import { type NameTest, nameTest } from "../host/search/name_filter.ts";
import { type Expression, hasUpperCase, parseExpression } from "../host/search/parse_expression.ts";
import { literal, wholeWord } from "../host/search/pattern.ts";
import type { ParamsOf } from "../protocol/operation.ts";

type Params = ParamsOf<"file_search">;

/** A search, ready to begin. */
export interface SearchRequest {
  readonly path: string;
  /** Undefined if names alone are searched for. */
  readonly matcher: Matcher | undefined;
  /** Whether an entry's relative path is one that is asked for. */
  readonly isWanted: NameTest;
  /** Whether an entry and what is below it is left out. */
  readonly isExcluded: NameTest;
  readonly hidden: boolean;
  readonly respectIgnore: boolean;
  readonly context: number;
  readonly show: "lines" | "files" | "count";
  readonly maxResults: number;
  readonly maxPerFile: number;
  readonly maxFileBytes: number;
  readonly limitMs: number;
}

/** @throws {OperationError} `bad_request` if a pattern or a glob cannot be used, or nothing is searched for. */
export function readSearchRequest(params: Params): SearchRequest {
  const { name, pattern, include, exclude } = params;
  if (name === undefined && pattern === undefined) {
    throw new OperationError("bad_request", 'Cannot search: neither "name" nor "pattern" is given', {
      remedy: "Give name, a glob, or pattern, or both",
    });
  }
  const isNamed = readGlobs(name === undefined ? undefined : [name], true);
  const isIncluded = readGlobs(include, true);
  return {
    path: params.path,
    matcher: pattern === undefined ? undefined : readPattern(pattern, params),
    isWanted: (path) => isNamed(path) && isIncluded(path),
    isExcluded: readGlobs(exclude, false),
    hidden: params.hidden ?? false,
    respectIgnore: params.respect_ignore ?? true,
    context: params.context ?? 0,
    show: params.show ?? "lines",
    maxResults: params.max_results ?? 200,
    maxPerFile: params.max_per_file ?? Infinity,
    maxFileBytes: params.max_file_bytes ?? 16 * 1024 * 1024,
    limitMs: params.timeout_ms ?? 20_000,
  };
}

function readGlobs(globs: readonly string[] | undefined, otherwise: boolean): NameTest {
  if (globs === undefined) return () => otherwise;
  try {
    return nameTest(globs);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new OperationError("bad_request", cause.message, { cause });
  }
}

function readPattern(text: string, params: Params): Matcher {
  try {
    const { pattern, ignoresCase, hasUpperCase } = params.literal === true
      ? readLiteral(text)
      : parseExpression(text);
    const chosen = params.case ?? "smart";
    return new Matcher(params.word === true ? wholeWord(pattern) : pattern, {
      ignoresCase: ignoresCase || chosen === "insensitive" || (chosen === "smart" && !hasUpperCase),
    });
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new OperationError("bad_request", `Cannot read the pattern "${text}": ${cause.message}`, {
      cause,
      remedy: "For an exact text pass literal: true",
    });
  }
}

function readLiteral(text: string): Expression {
  if (text.includes("\n")) throw new SyntaxError("it has a line feed, but lines are searched one by one");
  return { pattern: literal(text), ignoresCase: false, hasUpperCase: hasUpperCase(text) };
}
