/**
 * Cuts chunks into lines.
 */
import { type Bytes, concatBytes } from "../protocol/bytes.ts";
import { lineTooLong } from "./line_buffer.ts";
import { MAX_LINE_BYTES } from "./rules.ts";

const NEWLINE = 10;

/** Takes chunks and gives lines. */
export interface LineCutter {
  /** Calls `take` with every line that is whole now, without its end. The bytes are valid during the call. */
  push(chunk: Bytes, take: (line: Bytes) => void): void;
  /** Calls `take` with a last line that has no end. */
  end(take: (line: Bytes) => void): void;
}

/**
 * Makes a cutter. Lines end in LF; a CR before it is a part of the line.
 *
 * @param maxLineBytes - a longer line is an `OperationError`. @default {MAX_LINE_BYTES}
 */
export function createLineCutter(maxLineBytes: number = MAX_LINE_BYTES): LineCutter {
  let begun: Bytes[] = [];
  let begunBytes = 0;
  const complete = (rest: Bytes): Bytes => {
    if (begun.length === 0) return rest;
    const line = concatBytes(...begun, rest);
    begun = [];
    begunBytes = 0;
    return line;
  };
  return {
    push(chunk, take) {
      let at = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, at)) {
        if (begunBytes + end - at > maxLineBytes) throw lineTooLong();
        take(complete(chunk.subarray(at, end)));
        at = end + 1;
      }
      if (at === chunk.length) return;
      begunBytes += chunk.length - at;
      if (begunBytes > maxLineBytes) throw lineTooLong();
      begun.push(chunk.slice(at));
    },
    end(take) {
      if (begunBytes > 0) take(complete(new Uint8Array(0)));
    },
  };
}
