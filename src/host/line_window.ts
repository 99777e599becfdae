/**
 * Takes lines out of bytes as they come, within bounds: files of any size go through it in little memory.
 */
import type { Bytes } from "../protocol/bytes.ts";
import { characterStart, decodeText, type TextEncoding, unitBytes } from "./text_encoding.ts";

/** Which lines, and how much of them. */
export interface WindowOptions {
  readonly encoding: TextEncoding;
  /** Number of the line that the bytes begin with. */
  readonly firstLine: number;
  /** Position in the file that the bytes begin at. */
  readonly firstOffset: number;
  /** First line to take, at least `firstLine`. */
  readonly startLine: number;
  readonly lineCount: number;
  /** Most bytes of text, as UTF-8. */
  readonly maxBytes: number;
  /** Most bytes of one line, as they are in the file. */
  readonly maxLineBytes: number;
}

/** A line that ends before its end. */
export interface Cut {
  readonly line: number;
  /** Where in the file the left-out bytes begin. */
  readonly offset: number;
  readonly leftOutBytes: number;
}

const encoder = new TextEncoder();

/** Collects the lines of a window; bytes are pushed in order, for UTF-16 in even numbers. */
export class LineWindow {
  readonly #options: WindowOptions;
  readonly #parts: string[] = [];
  readonly #cuts: Cut[] = [];
  #line: number;
  #lineStart: number;
  #position: number;
  #kept: Bytes[] = [];
  #keptBytes = 0;
  #usedBytes = 0;
  #offset: number | undefined;
  #end = 0;
  #next: { line: number; offset: number } | undefined;
  #isBroken = false;

  constructor(options: WindowOptions) {
    this.#options = options;
    this.#line = options.firstLine;
    this.#lineStart = this.#position = options.firstOffset;
  }

  /** True once no further line is taken. */
  get isFull(): boolean {
    return this.#next !== undefined;
  }

  /** The text so far. */
  get text(): string {
    return this.#parts.join("");
  }

  /** Lines taken so far. */
  get lines(): number {
    return this.#parts.length;
  }

  /** Number of the line that the next byte belongs to. */
  get line(): number {
    return this.#line;
  }

  /** Position of the line that the next byte belongs to. */
  get lineStart(): number {
    return this.#lineStart;
  }

  /** Position of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** Lines that were cut. */
  get cuts(): readonly Cut[] {
    return this.#cuts;
  }

  /** Where the text begins and ends in the file. */
  get range(): { readonly offset: number; readonly length: number } {
    const offset = this.#offset ?? this.#position;
    return { offset, length: Math.max(0, this.#end - offset) };
  }

  /** The first line that was not taken although the file has it; undefined if there is none so far. */
  get next(): { readonly line: number; readonly offset: number } | undefined {
    return this.#next;
  }

  /** True if bytes were in it that are none of its encoding. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Takes further bytes. */
  push(chunk: Bytes): void {
    for (let at = 0; at < chunk.length;) {
      const lineEnd = endOfLine(chunk, at, this.#options.encoding);
      const end = lineEnd ?? chunk.length;
      if (this.#line >= this.#options.startLine && this.#next === undefined) {
        this.#keep(chunk.subarray(at, end));
      }
      this.#position += end - at;
      if (lineEnd !== undefined) this.#endLine();
      at = end;
    }
  }

  /** The file has ended; a last line without a line feed counts too. */
  end(): void {
    if (this.#position > this.#lineStart) this.#endLine();
  }

  #keep(piece: Bytes): void {
    const { lineCount, maxLineBytes } = this.#options;
    if (this.#parts.length >= lineCount) {
      this.#next = { line: this.#line, offset: this.#lineStart };
      return;
    }
    // A little more than is shown, to see where its last character ends.
    const room = maxLineBytes + 4 - this.#keptBytes;
    if (room <= 0) return;
    // The caller's buffer is filled anew.
    const part = piece.slice(0, room);
    this.#kept.push(part);
    this.#keptBytes += part.length;
  }

  #endLine(): void {
    if (this.#line >= this.#options.startLine && this.#next === undefined) this.#takeLine();
    this.#kept = [];
    this.#keptBytes = 0;
    this.#line++;
    this.#lineStart = this.#position;
  }

  #takeLine(): void {
    const { encoding, maxBytes } = this.#options;
    const length = this.#position - this.#lineStart;
    const kept = concat(this.#kept, this.#keptBytes);
    const limit = Math.min(this.#options.maxLineBytes, maxBytes);
    const shown = length <= limit
      ? length
      : characterStart(kept, limit, encoding) || characterEnd(kept, encoding);
    const { text, isBroken } = decodeText(kept.subarray(0, shown), encoding);
    const size = encoder.encode(text).length;
    if (this.#parts.length > 0 && this.#usedBytes + size > maxBytes) {
      this.#next = { line: this.#line, offset: this.#lineStart };
      return;
    }
    this.#offset ??= this.#lineStart;
    this.#end = this.#position;
    this.#usedBytes += size;
    this.#isBroken ||= isBroken;
    if (shown < length) {
      this.#cuts.push({ line: this.#line, offset: this.#lineStart + shown, leftOutBytes: length - shown });
      this.#parts.push(`${text}\n`);
    } else this.#parts.push(text);
  }
}

/** Counts the lines of bytes as they come and remembers where the last ones begin. */
export class LineEnds {
  readonly #starts: number[] = [];
  readonly #encoding: TextEncoding;
  readonly #keep: number;
  #position = 0;
  #lines = 0;
  #lineStart = 0;

  /** @param keep - how many of the last lines' beginnings to remember */
  constructor(encoding: TextEncoding, keep: number) {
    this.#encoding = encoding;
    this.#keep = keep;
  }

  push(chunk: Bytes): void {
    for (let at = 0; at < chunk.length;) {
      const lineEnd = endOfLine(chunk, at, this.#encoding);
      const end = lineEnd ?? chunk.length;
      this.#position += end - at;
      if (lineEnd !== undefined) this.#endLine();
      at = end;
    }
  }

  /** Returns how many lines there were, and where the first of the remembered ones begins. */
  end(): { readonly lines: number; readonly line: number; readonly offset: number } {
    if (this.#position > this.#lineStart) this.#endLine();
    const first = Math.max(0, this.#lines - this.#keep);
    return { lines: this.#lines, line: first + 1, offset: this.#starts[first % this.#keep] ?? 0 };
  }

  #endLine(): void {
    this.#starts[this.#lines % this.#keep] = this.#lineStart;
    this.#lines++;
    this.#lineStart = this.#position;
  }
}

/** Returns the index after the next line feed, or undefined if there is none. */
export function endOfLine(chunk: Bytes, from: number, encoding: TextEncoding): number | undefined {
  if (unitBytes(encoding) === 1) {
    const at = chunk.indexOf(10, from);
    return at < 0 ? undefined : at + 1;
  }
  for (let at = chunk.indexOf(10, from); at >= 0; at = chunk.indexOf(10, at + 1)) {
    if (encoding === "utf-16le" && at % 2 === 0 && chunk[at + 1] === 0) return at + 2;
    if (encoding === "utf-16be" && at % 2 === 1 && chunk[at - 1] === 0) return at + 1;
  }
  return undefined;
}

/** A limit below one character still lets that one through. */
function characterEnd(bytes: Bytes, encoding: TextEncoding): number {
  for (let end = 1; end <= 4; end++) {
    if (characterStart(bytes, end, encoding) === end) return Math.min(end, bytes.length);
  }
  return Math.min(4, bytes.length);
}

function concat(parts: readonly Bytes[], length: number): Bytes {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
