/**
 * The executor of `read_file`: opens a file through the guard, finds out what it is, and returns the part that was asked for.
 */
import { createHash } from "node:crypto";
import { OperationError } from "../errors.ts";
import { FileReader } from "../host/file_reader.ts";
import { guessMimeType, isImageType } from "../host/file_magic.ts";
import { type Detected, detectEncoding, SAMPLE_BYTES, type TextEncoding } from "../host/text_encoding.ts";
import type { Bytes } from "../protocol/bytes.ts";
import { DEFAULT_CONTENT_BYTES, MAX_IMAGE_BYTES } from "../protocol/operations/read_file.ts";
import { showPath } from "../safety/show_path.ts";
import { cancelled } from "./admission.ts";
import type { CallContext } from "./executor.ts";
import type { OpenedFile, PathGuard } from "./path_guard.ts";
import { readBytes, readSlice } from "./read_file_bytes.ts";
import { readLines } from "./read_file_lines.ts";
import { explain } from "./real_path.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";

/** What a call asks. */
export type ReadParams = ParamsOf<"read_file">;
/** What it answers. */
export type ReadResult = ResultOf<"read_file">;
/** What all ways to read need of an open file. */
export interface Reading {
  readonly reader: FileReader;
  readonly opened: OpenedFile;
  /** The beginning of the file. */
  readonly head: Bytes;
  readonly params: ReadParams;
  readonly maxBytes: number;
}
/** The content, and how it is to be read. */
export interface TextReading extends Reading {
  readonly encoding: TextEncoding;
  readonly bomBytes: number;
}
/** What a way to read finds; the rest is the same for all. */
export type Content = Omit<ReadResult, "path" | "size" | "modified">;

/** What {@link createReadFile} needs. */
export interface ReadFileOptions {
  readonly guard: PathGuard;
}

/** Makes the executor. */
export function createReadFile(
  { guard }: ReadFileOptions,
): (params: ReadParams, context: CallContext) => Promise<ReadResult> {
  return async (params, { signal, permit }) => {
    checkParams(params);
    using opened = await guard.openFile(params.path, permit.mode);
    using reader = new FileReader(opened.file, signal);
    try {
      const head = await reader.readAt(0, SAMPLE_BYTES);
      const maxBytes = params.max_bytes ?? DEFAULT_CONTENT_BYTES;
      const content = await readContent({ reader, opened, head, params, maxBytes });
      const after = await opened.file.stat();
      const hasChanged = after.size !== opened.info.size ||
        after.mtime?.getTime() !== opened.info.mtime?.getTime();
      const { sha256, notes, ...rest } = content;
      return {
        path: opened.path,
        size: after.size,
        modified: after.mtime?.toISOString() ?? null,
        ...(sha256 === undefined || hasChanged ? {} : { sha256 }),
        ...rest,
        notes: hasChanged
          ? [...notes, "The file was changed while it was read; parts of it may not belong together"]
          : notes,
      };
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      throw explain(error, `Cannot read ${showPath(opened.path)}`);
    }
  };
}

function checkParams({ start_line, line_count, offset, length, encoding }: ReadParams): void {
  const wrong = (message: string) => new OperationError("bad_request", `Cannot read: ${message}`);
  const byLines = start_line !== undefined || line_count !== undefined;
  const byBytes = offset !== undefined || length !== undefined;
  if (byLines && byBytes) {
    throw wrong("start_line and line_count count lines, offset and length bytes; give either");
  }
  if (byLines && encoding === "base64") throw wrong("bytes have no lines; give offset and length");
  if (start_line === 0) throw wrong("lines are counted from 1, or from -1 at the end");
}

async function readContent(reading: Reading): Promise<Content> {
  const { head, params, opened } = reading;
  const mimeType = guessMimeType(head);
  if (params.encoding === "base64") return await readBytes(reading, mimeType);
  const isWholeSample = head.length < SAMPLE_BYTES;
  const detected = detectEncoding(head, isWholeSample);
  const isAuto = params.encoding === undefined || params.encoding === "auto";
  const encoding = isAuto ? detected.encoding : params.encoding;
  if (isAuto && isImageType(mimeType) && params.offset === undefined && opened.info.size <= MAX_IMAGE_BYTES) {
    return await readImage(reading, mimeType);
  }
  // The schema's word for "find it out" is gone by now.
  if (encoding === undefined || encoding === "auto" || (isAuto && mimeType !== undefined)) {
    return describeBinary(mimeType, opened.info.size);
  }
  const bomBytes = bomOf(detected, encoding);
  const text = { ...reading, encoding, bomBytes };
  const isByBytes = params.offset !== undefined || params.length !== undefined;
  const content = await (isByBytes ? readSlice(text) : readLines(text));
  return {
    ...content,
    ...(bomBytes > 0 ? { hasBom: true } : {}),
    notes: [...(isAuto && detected.note !== undefined ? [detected.note] : []), ...content.notes],
  };
}

/** A mark counts only for the encoding that it is of. */
function bomOf({ encoding, bomBytes }: Detected, read: TextEncoding): number {
  return encoding === read ? bomBytes : 0;
}

function describeBinary(mimeType: string | undefined, size: number): Content {
  const isLargeImage = isImageType(mimeType);
  return {
    kind: "binary",
    mimeType: mimeType ?? "application/octet-stream",
    notes: [
      (isLargeImage && size > MAX_IMAGE_BYTES
        ? `The image is over ${MAX_IMAGE_BYTES} bytes and not returned`
        : "The file is binary and only described") +
      '. Its bytes can be read with encoding "base64", offset and length',
    ],
  };
}

async function readImage({ reader }: Reading, mimeType: string): Promise<Content> {
  // One byte more tells that it has grown past the limit.
  const bytes = await reader.readAt(0, MAX_IMAGE_BYTES + 1);
  if (bytes.length > MAX_IMAGE_BYTES) return describeBinary(mimeType, bytes.length);
  return {
    kind: "image",
    mimeType,
    base64: bytes.toBase64(),
    offset: 0,
    length: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    notes: [],
  };
}
