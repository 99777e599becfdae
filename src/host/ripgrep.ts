/**
 * Lets ripgrep pick, out of files that we chose, those that are worth reading. It is given a pattern that we wrote, through
 * its input, and absolute paths behind `--`; of what it says only "maybe here" is taken, so it can neither add files nor
 * show content, and whenever anything is odd its answer is not used.
 */
import { type Bytes, concatBytes, fromUtf8 } from "../protocol/bytes.ts";
import { spawnProcess } from "./spawn.ts";
import { findSetsid } from "./start_process.ts";

const PLACES = ["/usr/bin/rg", "/usr/local/bin/rg", "/opt/homebrew/bin/rg"];
/** Most that the arguments of one run may take; systems allow 1 MiB and more with the environment. */
export const MAX_ARGUMENT_BYTES = 200 * 1024;
/** Milliseconds for one run; what takes longer is read by ourselves. */
const RUN_MS = 15_000;

/** How ripgrep is started. */
export interface RipgrepOptions {
  /** Absolute path, as {@link findRipgrep} gives it. */
  readonly program: string;
  /** Returns what to start, so that the caller's limits hold. */
  readonly confine: (argv: readonly [string, ...string[]]) => readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Finds ripgrep in the places where packages put it; never by `PATH`. */
export function findRipgrep(isFile: (path: string) => boolean = isRegularFile): string | undefined {
  return PLACES.find(isFile);
}

/**
 * Tells which of `paths` may contain a match.
 *
 * @param pattern - as `toBytePattern` writes it
 * @param paths - absolute, of regular files; together within {@link MAX_ARGUMENT_BYTES}
 * @returns undefined if ripgrep did not do its work to the end: then any of them may
 */
export async function pickFiles(
  pattern: string,
  paths: readonly string[],
  options: RipgrepOptions,
): Promise<ReadonlySet<string> | undefined> {
  // Without any path it would search the folder that it runs in.
  if (paths.length === 0) return new Set();
  const argv = options.confine([options.program, ...FLAGS, "--", ...paths]);
  // A setting of the user could name a file of options, with programs to run among them.
  const { RIPGREP_CONFIG_PATH: _, ...env } = options.environment;
  const limit = paths.reduce((sum, path) => sum + 4 * path.length + 1, 0);
  const chunks: Bytes[] = [];
  let length = 0;
  try {
    const { exitCode, cancelled, leftover } = await spawnProcess({
      argv: [...argv],
      cwd: "/",
      env,
      stdin: `${pattern}\n`,
      timeoutMs: RUN_MS,
      graceMs: () => 200,
      setsid: findSetsid(),
      signal: options.signal,
    }, {
      onOutput: (channel, bytes) => {
        if (channel === "stdout" && (length += bytes.length) <= limit) chunks.push(bytes.slice());
        return Promise.resolve();
      },
    });
    await leftover?.stop();
    if (cancelled) options.signal.throwIfAborted();
    if (exitCode === 1 && length === 0) return new Set();
    return exitCode === 0 && length <= limit ? parsePaths(concatBytes(...chunks), paths) : undefined;
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    if (error instanceof Deno.errors.NotCapable) throw error;
    // Too long a list of arguments, no more processes: we can still read the files ourselves.
    return undefined;
  }
}

/** Options that hold whatever the user has set: no configuration, no ignore files, no encodings but by mark. */
const FLAGS = [
  "--no-config",
  "--no-ignore",
  "--hidden",
  "--no-messages",
  "--files-with-matches",
  "--null",
  "--text",
  "--case-sensitive",
  "--color=never",
  "--threads=2",
  "--file=-",
];

/** Reads paths that end with NUL. @returns undefined if there is one that was not asked about */
export function parsePaths(bytes: Bytes, paths: readonly string[]): ReadonlySet<string> | undefined {
  const asked = new Set(paths);
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch {
    return undefined; // No path that was asked about.
  }
  if (text !== "" && !text.endsWith("\0")) return undefined;
  const found = new Set(text.split("\0").slice(0, -1));
  return found.isSubsetOf(asked) ? found : undefined;
}

function isRegularFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Not there.
    return false;
  }
}
