/**
 * Reads a token from a file or from standard input, so that it stands in no command line.
 */
import { ConfigError } from "../errors.ts";
import { ownerOnlyWarning } from "./file_privacy.ts";

const MAX_TOKEN_FILE_BYTES = 4096;

/** The part of `Deno.stdin` and `Deno.FsFile` that is read from. */
export interface ByteSource {
  read(into: Uint8Array): Promise<number | null>;
  isTerminal(): boolean;
}

/** A token's text, with a warning if others can read the file. */
export interface TokenFile {
  readonly text: string;
  readonly warnings: readonly string[];
}

/**
 * Reads the token from the file `path`, or from `stdin` if it is `-`. One line break at its end is no part of it.
 *
 * @param options.origin - what named the file, for messages
 * @param options.stdin - undefined where standard input has another use
 * @throws {ConfigError} If it cannot be read, is not UTF-8, is longer than 4096 bytes, or has several lines.
 */
export async function readTokenFile(
  path: string,
  options: { readonly origin: string; readonly stdin: ByteSource | undefined },
): Promise<TokenFile> {
  const { origin, stdin } = options;
  if (path === "-") {
    if (stdin === undefined) {
      throw new ConfigError(
        `Cannot read the token from ${origin}: it carries the MCP messages or the tool's arguments here; ` +
          "give a file, REMOTE_AGENTS_TOKEN or config.toml",
      );
    }
    return { text: tokenOf(await readAll(stdin, origin), origin), warnings: [] };
  }
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (cause) {
    throw unreadable(origin, cause);
  }
  using opened = file;
  const info = await opened.stat();
  const warning = info.isFile ? ownerOnlyWarning(path, info.mode) : undefined;
  const text = tokenOf(await readAll(opened, origin), origin);
  return { text, warnings: warning === undefined ? [] : [warning] };
}

async function readAll(source: ByteSource, origin: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_TOKEN_FILE_BYTES + 1);
  // Nobody should have to type an end of file.
  const isTyped = source.isTerminal();
  let length = 0;
  try {
    while (length < bytes.length) {
      const count = await source.read(bytes.subarray(length));
      if (count === null) break;
      length += count;
      if (isTyped && bytes[length - 1] === 0x0a) break;
    }
  } catch (cause) {
    throw unreadable(origin, cause);
  }
  if (length > MAX_TOKEN_FILE_BYTES) {
    throw new ConfigError(`Cannot read the token from ${origin}: it has over ${MAX_TOKEN_FILE_BYTES} bytes`);
  }
  return bytes.subarray(0, length);
}

function tokenOf(bytes: Uint8Array, origin: string): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError(`Cannot read the token from ${origin}: it is not UTF-8`, { cause });
  }
  const token = text.replace(/\r?\n$/, "");
  if (/[\r\n]/.test(token)) {
    throw new ConfigError(`Cannot read the token from ${origin}: it has several lines`);
  }
  return token;
}

function unreadable(origin: string, cause: unknown): ConfigError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError(`Cannot read the token from ${origin}: ${reason}`, { cause });
}
