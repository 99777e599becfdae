/**
 * Makes JSON of the input of a command: an array of lines, an array of whole parts, or a line for each key with all its values. As
 * streams, so that neither an array nor a group has to fit into memory. What is not UTF-8 is replaced by U+FFFD, as JSON has no bytes.
 */
import { OperationError } from "../errors.ts";
import { type Bytes, utf8 } from "../protocol/bytes.ts";
import { createJsonCheck } from "./check_json.ts";
import { createLineCutter } from "./cut_lines.ts";

const TAB = 9;
/** Characters that are gathered before they are given out. */
const CHUNK_CHARACTERS = 64 * 1024;

/** What a line, or a part, is: text, or a JSON value. */
export type Items = "text" | "json";

/** One part of the input. */
export interface Source {
  /** For errors, such as `the part "map.1.0"`. */
  readonly name: string;
  open(): AsyncIterable<Bytes>;
}

/**
 * One JSON array of the lines of all sources. The last line of a source ends with it. Empty lines count as text, and as JSON not.
 *
 * @throws {OperationError} `cannot_run` if a line is over 16 MiB, or is no JSON where it should be.
 */
export async function* arrayOfLines(sources: readonly Source[], items: Items): AsyncGenerator<Bytes> {
  const out = createText();
  let separator = "[";
  for (const source of sources) {
    const cutter = createLineCutter();
    let number = 0;
    const take = (line: Bytes) => {
      number++;
      const value = valueOf(line, items, () => `line ${number} of ${source.name}`);
      if (value === undefined) return;
      out.add(separator + value);
      separator = ",";
    };
    for await (const chunk of source.open()) {
      cutter.push(chunk, take);
      if (out.isFull) yield out.flush();
    }
    cutter.end(take);
  }
  out.add(separator === "[" ? "[]" : "]");
  yield out.flush();
}

/**
 * One JSON array with the whole of each source as one value.
 *
 * @throws {OperationError} `cannot_run` if a source is no JSON where it should be.
 */
export async function* arrayOfWholes(sources: readonly Source[], items: Items): AsyncGenerator<Bytes> {
  let separator = "[";
  for (const source of sources) {
    yield utf8(separator);
    separator = ",";
    yield* items === "text" ? wholeText(source) : wholeJson(source);
  }
  yield utf8(separator === "[" ? "[]" : "]");
}

/**
 * For each key one line `{"key": ..., "values": [...]}`. A line without a TAB has the value `""`, or `null` where values are JSON.
 *
 * @param lines - sorted by key
 * @throws {OperationError} `cannot_run` if a line is over 16 MiB, or a value is no JSON where it should be.
 */
export async function* groupsOfLines(lines: AsyncIterable<Bytes>, items: Items): AsyncGenerator<Bytes> {
  const out = createText();
  const cutter = createLineCutter();
  let key: Bytes | undefined;
  const take = (line: Bytes) => {
    const tab = line.indexOf(TAB);
    const lineKey = tab < 0 ? line : line.subarray(0, tab);
    const isSame = key !== undefined && equal(key, lineKey);
    if (!isSame) {
      out.add(`${key === undefined ? "" : "]}\n"}{"key":${JSON.stringify(decode(lineKey))},"values":[`);
      key = lineKey.slice();
    }
    const bytes = tab < 0 ? line.subarray(line.length) : line.subarray(tab + 1);
    const value = valueOf(bytes, items, () => `a value of the key ${JSON.stringify(shortKey(lineKey))}`);
    out.add((isSame ? "," : "") + (value ?? "null"));
  };
  for await (const chunk of lines) {
    cutter.push(chunk, take);
    if (out.isFull) yield out.flush();
  }
  cutter.end(take);
  if (key !== undefined) out.add("]}\n");
  yield out.flush();
}

/** Text as a JSON string, JSON as it is; undefined for JSON where there is none. */
function valueOf(bytes: Bytes, items: Items, what: () => string): string | undefined {
  const text = decode(bytes);
  if (items === "text") return JSON.stringify(text);
  if (text.trim() === "") return undefined;
  try {
    JSON.parse(text);
  } catch (cause) {
    throw notJson(what(), cause);
  }
  return text;
}

async function* wholeText({ open }: Source): AsyncGenerator<Bytes> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const inner = (text: string) => utf8(JSON.stringify(text).slice(1, -1));
  yield utf8('"');
  for await (const chunk of open()) yield inner(decoder.decode(chunk, { stream: true }));
  yield inner(decoder.decode());
  yield utf8('"');
}

async function* wholeJson({ name, open }: Source): AsyncGenerator<Bytes> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const check = createJsonCheck();
  const checked = (work: () => void) => {
    try {
      work();
    } catch (cause) {
      throw notJson(name, cause);
    }
  };
  for await (const chunk of open()) {
    checked(() => check.push(chunk));
    yield utf8(decoder.decode(chunk, { stream: true }));
  }
  checked(() => check.end());
}

function notJson(what: string, cause: unknown): OperationError {
  return new OperationError("cannot_run", `Cannot give the command its input: ${what} is no JSON`, {
    cause,
    remedy: 'Let every line be a JSON value, or give text with format "text"',
  });
}

/** Gathers text to chunks. */
function createText() {
  let text = "";
  return {
    get isFull() {
      return text.length >= CHUNK_CHARACTERS;
    },
    add(more: string) {
      text += more;
    },
    flush(): Bytes {
      const bytes = utf8(text);
      text = "";
      return bytes;
    },
  };
}

function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

function decode(bytes: Bytes): string {
  return lenientDecoder.decode(bytes);
}

function shortKey(key: Bytes): string {
  return decode(key.subarray(0, 64));
}
