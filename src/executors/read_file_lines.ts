/**
 * The part of `read_file` that reads by lines, from the beginning or from the end, in little memory whatever the file's size.
 */
import { createHash } from "node:crypto";
import { PIECE_BYTES } from "../host/file_reader.ts";
import { endOfLine, LineEnds, LineWindow } from "../host/line_window.ts";
import type { TextEncoding } from "../host/text_encoding.ts";
import { OperationError } from "../errors.ts";
import { DEFAULT_LINES, MAX_LINE_BYTES } from "../protocol/operations/read_file.ts";
import type { Content, TextReading } from "./read_file.ts";

/** Bytes after the last returned line that are still gone through, to count lines and to hash the file. */
const MAX_COUNTED_BYTES = 16 * 1024 * 1024;
/** Files over this are read from the end backwards when lines are counted from there. */
const MAX_FORWARD_BYTES = 64 * 1024 * 1024;
/** How far back lines are looked for. */
const MAX_BACKWARD_BYTES = 64 * 1024 * 1024;
/** Cut lines that a result lists. */
const MAX_CUTS = 20;

/** Returns the lines that were asked for. */
export async function readLines(reading: TextReading): Promise<Content> {
  const startLine = reading.params.start_line ?? 1;
  if (startLine > 0) return await readForward(reading, startLine);
  return reading.opened.info.size > MAX_FORWARD_BYTES
    ? await readTail(reading, -startLine)
    : await readLast(reading, -startLine);
}

/** Tells how lines end in a text. */
export function lineEndingsOf(text: string): "lf" | "crlf" | "cr" | "mixed" | "none" {
  const crlf = text.includes("\r\n");
  const lf = /(?<!\r)\n/.test(text);
  const cr = /\r(?!\n)/.test(text);
  if (Number(crlf) + Number(lf) + Number(cr) > 1) return "mixed";
  return crlf ? "crlf" : lf ? "lf" : cr ? "cr" : "none";
}

async function readForward(reading: TextReading, startLine: number): Promise<Content> {
  const { reader, bomBytes } = reading;
  const window = windowOf(reading, { firstLine: 1, firstOffset: bomBytes, startLine });
  const hash = createHash("sha256");
  let isFirst = true;
  let counted = 0;
  const hasEnded = await reader.readFrom(0, (piece) => {
    hash.update(piece);
    window.push(isFirst ? piece.subarray(bomBytes) : piece);
    isFirst = false;
    if (window.isFull) counted += piece.length;
    return counted <= MAX_COUNTED_BYTES;
  });
  if (hasEnded) window.end();
  return {
    ...contentOf(window, { reading, firstShown: startLine }),
    ...(hasEnded ? { totalLines: window.line - 1, sha256: hash.digest("hex") } : {}),
    ...(window.next === undefined ? {} : { next: { start_line: window.next.line } }),
    notes: [
      ...notesOf(window, reading.encoding),
      ...(hasEnded && window.lines === 0 && startLine > 1
        ? [`There is no line ${startLine}: the file has ${window.line - 1}`]
        : []),
    ],
  };
}

/** Counts the lines first, so that they have their numbers. */
async function readLast(reading: TextReading, count: number): Promise<Content> {
  const { reader, bomBytes, encoding } = reading;
  const ends = new LineEnds(encoding, count);
  const hash = createHash("sha256");
  let isFirst = true;
  let counted = 0;
  const hasEnded = await reader.readFrom(0, (piece) => {
    hash.update(piece);
    ends.push(isFirst ? piece.subarray(bomBytes) : piece);
    isFirst = false;
    counted += piece.length;
    return counted <= 2 * MAX_FORWARD_BYTES;
  });
  if (!hasEnded) {
    throw new OperationError(
      "cannot_run",
      "Cannot count the lines from the end: the file grows faster than it is read",
    );
  }
  const { lines, line, offset } = ends.end();
  const window = windowOf(reading, { firstLine: line, firstOffset: bomBytes + offset, startLine: line });
  await readWindow(reading, window, bomBytes + offset);
  return {
    ...contentOf(window, { reading, firstShown: line }),
    totalLines: lines,
    sha256: hash.digest("hex"),
    ...(window.next === undefined ? {} : { next: { start_line: window.next.line } }),
    notes: notesOf(window, encoding),
  };
}

/** Looks for the beginnings of lines from the end; how many lines come before is not known. */
async function readTail(reading: TextReading, count: number): Promise<Content> {
  const { found, offset, isBounded } = await findTail(reading, count);
  const window = windowOf(reading, { firstLine: -found, firstOffset: offset, startLine: -found });
  await readWindow(reading, window, offset);
  return {
    ...contentOf(window, { reading, firstShown: -found }),
    ...(window.next === undefined ? {} : { next: { offset: window.next.offset } }),
    notes: [
      ...(isBounded
        ? [`Only the last ${found} lines were looked for: they take over ${MAX_BACKWARD_BYTES} bytes`]
        : []),
      ...notesOf(window, reading.encoding),
    ],
  };
}

async function findTail(
  { reader, opened, encoding, bomBytes }: TextReading,
  count: number,
): Promise<{ readonly found: number; readonly offset: number; readonly isBounded: boolean }> {
  const { size } = opened.info;
  const least = Math.max(bomBytes, size - MAX_BACKWARD_BYTES);
  let starts: number[] = [];
  // Even, as the characters of UTF-16 are.
  let end = size - size % 2;
  let isLastPiece = true;
  while (end > least && starts.length < count) {
    const begin = Math.max(least - least % 2, end - PIECE_BYTES);
    const piece = await reader.readAt(begin, isLastPiece ? size - begin : end - begin);
    const inPiece = startsIn(piece, encoding).map((at) => begin + at).filter((at) => at < size);
    starts = inPiece.concat(starts);
    isLastPiece = false;
    end = begin;
  }
  if (end <= bomBytes) starts.unshift(bomBytes);
  const chosen = starts.slice(-count);
  const [offset] = chosen;
  if (offset === undefined) {
    throw new OperationError(
      "cannot_run",
      `Cannot find the last line: it takes over ${MAX_BACKWARD_BYTES} bytes`,
      {
        remedy: "Read the end by offset and length",
      },
    );
  }
  return { found: chosen.length, offset, isBounded: chosen.length < count && end > bomBytes };
}

function startsIn(piece: Parameters<typeof endOfLine>[0], encoding: TextEncoding): number[] {
  const starts: number[] = [];
  for (let at = endOfLine(piece, 0, encoding); at !== undefined; at = endOfLine(piece, at, encoding)) {
    starts.push(at);
  }
  return starts;
}

async function readWindow({ reader }: TextReading, window: LineWindow, offset: number): Promise<void> {
  const hasEnded = await reader.readFrom(offset, (piece) => {
    window.push(piece);
    return !window.isFull;
  });
  if (hasEnded) window.end();
}

function windowOf(
  { params, encoding, maxBytes }: TextReading,
  place: { readonly firstLine: number; readonly firstOffset: number; readonly startLine: number },
): LineWindow {
  const lineCount = params.line_count ?? DEFAULT_LINES;
  return new LineWindow({ ...place, encoding, lineCount, maxBytes, maxLineBytes: MAX_LINE_BYTES });
}

function contentOf(
  window: LineWindow,
  { reading, firstShown }: { readonly reading: TextReading; readonly firstShown: number },
): Omit<Content, "notes"> {
  const { text, cuts, lines } = window;
  return {
    kind: "text",
    encoding: reading.encoding,
    text,
    lineEndings: lineEndingsOf(text),
    startLine: firstShown,
    lines,
    ...window.range,
    ...(cuts.length === 0 ? {} : { cutLines: cuts.slice(0, MAX_CUTS) }),
  };
}

function notesOf({ cuts, isBroken }: LineWindow, encoding: TextEncoding): string[] {
  const [cut] = cuts;
  const notes: string[] = [];
  if (cut !== undefined) {
    notes.push(
      `${
        cuts.length === 1 ? "One line is" : `${cuts.length} lines are`
      } cut, as cutLines lists: line ${cut.line} leaves out ` +
        `${cut.leftOutBytes} bytes, to be read with offset ${cut.offset}`,
    );
    if (cuts.length > MAX_CUTS) {
      notes.push(`cutLines lists the first ${MAX_CUTS} of ${cuts.length} cut lines`);
    }
  }
  if (isBroken) notes.push(`Bytes that are no ${encoding} are shown as \uFFFD`);
  return notes;
}
