/**
 * The operation `read_file`: part or all of a file, as text by lines, as text or bytes by position, or as an image.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";

/** Most bytes of content that one answer carries. */
export const MAX_CONTENT_BYTES = 256 * 1024;
/** Bytes of content unless asked for otherwise: what clients take in without cutting it. */
export const DEFAULT_CONTENT_BYTES = 64 * 1024;
/** Lines unless asked for otherwise. */
export const DEFAULT_LINES = 2000;
/** Bytes of one line that are shown. */
export const MAX_LINE_BYTES = 8 * 1024;
/** Largest image that is returned as one. */
export const MAX_IMAGE_BYTES = 5 * 1024 * 1024;

/** How bytes are read. `auto` finds it out. */
export const ReadEncoding = z.enum(["auto", "utf-8", "utf-16le", "utf-16be", "latin1", "base64"]);
export type ReadEncoding = z.infer<typeof ReadEncoding>;

/** Where the part after this one begins. */
export const NextPart = z.union([
  z.object({ start_line: z.number().int() }),
  z.object({ offset: z.number().int().nonnegative() }),
]);
export type NextPart = z.infer<typeof NextPart>;

/** A line that was too long to be shown whole. */
export const CutLine = z.object({
  line: z.number().int().describe("Its number; negative if counted from the end"),
  offset: z.number().int().nonnegative().describe(
    "Where in the file the left-out bytes begin; read them with offset and length",
  ),
  leftOutBytes: z.number().int().nonnegative(),
});
export type CutLine = z.infer<typeof CutLine>;

export const readFile = defineOperation({
  title: "Read a file",
  description:
    "Reads a file. Text is returned by lines (`start_line`, `line_count`; a negative start_line counts from the end, " +
    "so -50 is the last 50 lines) or by position in bytes (`offset`, `length`). The encoding is found out and told. " +
    "If the file does not fit, `next` holds the parameter that reads the following part. A binary file is only " +
    'described; encoding "base64" returns its bytes. PNG, JPEG, GIF and WebP images up to 5 MiB are returned as ' +
    "images. `sha256` is given when all of the file was gone through: pass it as expected_sha256 when writing, so that " +
    "nobody's changes are lost. Files of passwords, keys and tokens are refused.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: z.string().min(1).max(32_767).describe(
      "The file; ~ is the home folder of the agent's user, where a relative path starts",
    ),
    start_line: z.number().int().min(-100_000).optional().describe(
      "First line, from 1; negative counts from the end. Default 1",
    ),
    line_count: z.number().int().min(1).max(100_000).optional().describe(
      `Most lines to return. Default ${DEFAULT_LINES}`,
    ),
    offset: z.number().int().nonnegative().optional().describe("First byte, from 0, instead of start_line"),
    length: z.number().int().min(1).optional().describe(
      "Most bytes to return, with offset. Default: what max_bytes allows",
    ),
    encoding: ReadEncoding.optional().describe(
      'How to read the bytes. Default "auto". "base64" returns them as they are, for binary files',
    ),
    max_bytes: z.number().int().min(1).max(MAX_CONTENT_BYTES).optional().describe(
      `Most bytes of content in the answer. Default ${DEFAULT_CONTENT_BYTES}`,
    ),
  }),
  result: z.object({
    kind: z.enum(["text", "binary", "image"]).describe(
      "What the file is; binary without base64 means that it is only described",
    ),
    path: z.string().describe("The real path, without links"),
    size: z.number().int().nonnegative().describe(
      "Bytes of the file; 0 for files that the system makes up, as in /proc",
    ),
    modified: z.string().nullable().describe("When it was last changed, ISO 8601"),
    sha256: z.string().optional().describe("Of the whole file, if all of it was gone through"),
    text: z.string().optional().describe("The text, with its line endings"),
    encoding: z.string().optional().describe(
      "How the bytes were read, such as utf-8, utf-16le or windows-1252",
    ),
    lineEndings: z.enum(["lf", "crlf", "cr", "mixed", "none"]).optional().describe(
      "Of the text that is returned",
    ),
    hasBom: z.boolean().optional().describe(
      "True if the file begins with a byte order mark, which the text leaves out",
    ),
    startLine: z.number().int().optional().describe(
      "Number of the first line of the text; negative if counted from the end",
    ),
    lines: z.number().int().nonnegative().optional().describe("How many lines the text has"),
    totalLines: z.number().int().nonnegative().optional().describe(
      "How many lines the file has, if they were counted",
    ),
    cutLines: z.array(CutLine).optional().describe(
      "Lines that are too long and end before their end, at most 20",
    ),
    offset: z.number().int().nonnegative().optional().describe(
      "Where in the file the returned content begins, in bytes",
    ),
    length: z.number().int().nonnegative().optional().describe(
      "How many bytes of the file the returned content is",
    ),
    mimeType: z.string().optional().describe("What a binary file or an image seems to be"),
    base64: z.string().optional().describe("The bytes, if they were asked for, or the image"),
    next: NextPart.optional().describe("Call again with this to read the following part; absent at the end"),
    notes: z.array(z.string()).describe("What to know about the content, such as what was left out"),
  }),
});
