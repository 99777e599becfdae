/**
 * A distributed run as a resource: how it stands, and its result, read piece by piece up to what one message may be.
 */
import type { Bytes } from "../protocol/bytes.ts";
import type { RunId } from "../protocol/run.ts";
import type { ResourceText } from "./job_output.ts";
import { jsonBytes, MAX_ESCAPED_BYTES, MAX_READ_BYTES } from "./text_slice.ts";
import { formatResourceUri } from "./uris.ts";

/** The largest piece that is read at once. */
const MAX_PAGE_BYTES = 1024 * 1024;
/** A piece that is not worth reading. */
const MIN_PAGE_BYTES = 64 * 1024;

/** A distributed run as a resource shows it. */
export interface DistributedRunView {
  /** How it stands, in words. */
  readonly text: string;
  /** Bytes of the result that can be read here; 0 if there is none, or none yet, or a file has it. */
  readonly resultBytes: number;
  /** Reads the result; fewer bytes than asked for at its end. */
  read(from: number, maxBytes: number): Promise<Bytes>;
}

/**
 * Reads a distributed run. How it stands and the result are texts of their own, so no result can look like a remark.
 *
 * @param options.from - the first byte of the result
 * @param options.maxBytes - bytes of JSON that the result may be. @default MAX_READ_BYTES
 */
export async function readRunResult(
  run: RunId,
  { view, from = 0, maxBytes = MAX_READ_BYTES }: {
    readonly view: DistributedRunView;
    readonly from?: number | undefined;
    readonly maxBytes?: number | undefined;
  },
): Promise<ResourceText[]> {
  const remark = (text: string) => ({
    uri: formatResourceUri({ kind: "run", run }),
    mimeType: "text/plain",
    text,
  });
  const { text, resultBytes } = view;
  if (resultBytes === 0) return [remark(text)];
  const start = Math.min(from, resultBytes);
  const texts: string[] = [];
  let isInvalid = false;
  let at = start;
  for (let room = maxBytes; at < resultBytes;) {
    const wanted = Math.max(4, Math.min(MAX_PAGE_BYTES, Math.floor(room / MAX_ESCAPED_BYTES)));
    const page = await view.read(at, wanted);
    const bytes = at + page.length < resultBytes ? page.subarray(0, wholeLength(page)) : page;
    if (bytes.length === 0) break;
    const { text: piece, isReplaced } = decode(bytes);
    texts.push(piece);
    isInvalid ||= isReplaced;
    at += bytes.length;
    room -= jsonBytes(piece);
    if (room < MIN_PAGE_BYTES * MAX_ESCAPED_BYTES) break;
  }
  const notes = [
    text,
    ...(isInvalid ? ["Some of it is not UTF-8 and is shown as U+FFFD"] : []),
    ...(at < resultBytes
      ? [
        `Not all of the result: ${resultBytes - at} bytes follow. Read on at ${
          formatResourceUri({ kind: "run", run, from: at })
        }`,
      ]
      : []),
  ];
  return [
    remark(notes.join("\n")),
    {
      uri: formatResourceUri({ kind: "run", run, from: start }),
      mimeType: "text/plain",
      text: texts.join(""),
    },
  ];
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Bytes): { readonly text: string; readonly isReplaced: boolean } {
  try {
    return { text: strictDecoder.decode(bytes), isReplaced: false };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { text: decoder.decode(bytes), isReplaced: true };
  }
}

/** How many of the bytes there are before a character that is cut off at the end; all of them if that is none. */
function wholeLength(bytes: Bytes): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back && back < bytes.length ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
