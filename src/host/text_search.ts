/**
 * Finds lines in a file's content: what is text, which lines match, and the lines around them. Used by `file_search`.
 */
import { Buffer } from "node:buffer";
import type { Bytes } from "../protocol/bytes.ts";
import type { Matcher, SearchBounds } from "./search/matcher.ts";

/** UTF-16 units of a line that are shown. */
export const MAX_SHOWN_UNITS = 500;
/** How much of a long line is shown before its match. */
const LEAD_UNITS = 150;

/** A line of a result. */
export interface FoundLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** Character at which the first match begins, from 1; undefined for a line of context. */
  readonly column: number | undefined;
  /** Characters (UTF-16 units) of the line left out before and after `text`. */
  readonly cut: { readonly before: number; readonly after: number } | undefined;
}

/** What was found in one text. */
export interface FoundLines {
  /** Lines that match, also those that are not shown. */
  readonly count: number;
  /** Matching lines that are shown. */
  readonly shown: number;
  readonly lines: readonly FoundLine[];
  /** True if matching lines are not shown because of `maxCharacters`. */
  readonly isCut: boolean;
}

/** What is shown. */
export interface SearchTextOptions extends SearchBounds {
  /** Lines before and after each match. */
  readonly context: number;
  /** Matching lines that are shown; the others are counted. */
  readonly maxLines: number;
  /** Characters of all lines that are shown; at least one line is, and what is around it. */
  readonly maxCharacters: number;
}

/** A file's content as text. A content with a NUL character is binary: its lines are not for showing. */
export interface DecodedText {
  readonly text: string;
  readonly isBinary: boolean;
}

/** Decodes UTF-8, or UTF-16 if it begins with its mark; what is neither becomes U+FFFD. */
export function decodeText(bytes: Bytes): DecodedText {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  return { text, isBinary: text.includes("\0") };
}

/** Whether the text of `bytes` is sure not to contain `text`; much faster than decoding. */
export function lacksText(bytes: Bytes, text: string): boolean {
  // A decoder may have put U+FFFD in the place of other bytes.
  if (text === "" || text.includes("\uFFFD") || encodingOf(bytes) !== "utf-8") return false;
  return !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text);
}

/** The encoding that a byte order mark tells. */
function encodingOf(bytes: Bytes): "utf-8" | "utf-16le" | "utf-16be" {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return "utf-8";
}

/** Where a line is: number from 1, and its ends without the line break. */
interface Span {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** Where the next line starts; past the end of the text if there is none. */
  readonly next: number;
}

/**
 * Searches a text line by line. A line ends with a line feed, and a carriage return before it is no part of it.
 */
export async function searchText(
  text: string,
  matcher: Matcher,
  options: SearchTextOptions,
): Promise<FoundLines> {
  const { context, maxLines } = options;
  const lines: FoundLine[] = [];
  let characters = 0;
  const show = (line: FoundLine) => {
    characters += line.text.length;
    lines.push(line);
  };
  let isCut = false;
  let count = 0;
  let shown = 0;
  let lastShown = 0;
  /** Lines after the last match that are still to be shown. */
  let owed = 0;
  let span = spanAt(text, 0, 1);
  for (let visited = 0; span !== undefined; visited++) {
    if (visited % 64 === 63) {
      await options.breathe();
      if (options.isOver()) break;
    }
    if (owed === 0 && matcher.needed !== "") {
      span = skipTo(text, matcher.needed, span);
      if (span === undefined) break;
    }
    const line = text.slice(span.start, span.end);
    const found = matcher.find(line, options);
    const at = typeof found === "number" ? found : await found;
    if (at >= 0) {
      count++;
      if (shown < maxLines && characters >= options.maxCharacters) isCut = true;
      if (shown < maxLines && !isCut) {
        for (const before of spansBefore(text, span, Math.min(context, span.line - lastShown - 1))) {
          show(showLine(text, before));
        }
        show(showLine(text, span, at));
        shown++;
        owed = context;
        lastShown = span.line;
      }
    }
    if (owed > 0 && lastShown < span.line) {
      show(showLine(text, span));
      lastShown = span.line;
      owed--;
    }
    span = spanAt(text, span.next, span.line + 1);
  }
  return { count, shown, lines, isCut };
}

/** Whether any line matches. */
export async function hasMatch(
  text: string,
  matcher: Matcher,
  budget: SearchBounds,
): Promise<boolean> {
  let span = spanAt(text, 0, 1);
  for (let visited = 0; span !== undefined; visited++) {
    if (visited % 64 === 63) {
      await budget.breathe();
      if (budget.isOver()) return false;
    }
    if (matcher.needed !== "") span = skipTo(text, matcher.needed, span);
    if (span === undefined) return false;
    const found = matcher.find(text.slice(span.start, span.end), budget);
    if ((typeof found === "number" ? found : await found) >= 0) return true;
    span = spanAt(text, span.next, span.line + 1);
  }
  return false;
}

function spanAt(text: string, start: number, line: number): Span | undefined {
  if (start >= text.length) return undefined;
  const feed = text.indexOf("\n", start);
  const end = feed === -1 ? text.length : feed;
  const hasReturn = feed > start && text[feed - 1] === "\r";
  return { line, start, end: hasReturn ? end - 1 : end, next: feed === -1 ? text.length : feed + 1 };
}

/** The first line from `span` on that contains `needed`. */
function skipTo(text: string, needed: string, span: Span): Span | undefined {
  const at = text.indexOf(needed, span.start);
  if (at === -1) return undefined;
  let { line, start } = span;
  for (let feed = text.indexOf("\n", start); feed !== -1 && feed < at; feed = text.indexOf("\n", start)) {
    start = feed + 1;
    line++;
  }
  return spanAt(text, start, line);
}

/** Up to `count` lines before `span`, in their order. */
function spansBefore(text: string, span: Span, count: number): Span[] {
  const spans: Span[] = [];
  let { start, line } = span;
  while (spans.length < count && start > 0) {
    start = start === 1 ? 0 : text.lastIndexOf("\n", start - 2) + 1;
    const before = spanAt(text, start, --line);
    if (before === undefined) break;
    spans.push(before);
  }
  return spans.reverse();
}

/** Shows a line, or of a long one what is around the match; never half a character. */
function showLine(text: string, { line, start, end }: Span, at?: number): FoundLine {
  const column = at === undefined ? undefined : countCharacters(text, start, start + at) + 1;
  if (end - start <= MAX_SHOWN_UNITS) return { line, text: text.slice(start, end), column, cut: undefined };
  let from = Math.max(start, Math.min(start + (at ?? 0) - LEAD_UNITS, end - MAX_SHOWN_UNITS));
  let to = from + MAX_SHOWN_UNITS;
  if (isLow(text, from)) from++;
  if (isLow(text, to)) to--;
  return { line, text: text.slice(from, to), column, cut: { before: from - start, after: end - to } };
}

/** Whether the second half of a character is at `at`. */
function isLow(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit < 0xe000;
}

function countCharacters(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if (!isLow(text, at)) count++;
  return count;
}
