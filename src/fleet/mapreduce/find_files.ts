/**
 * Finds the files of hosts that a pattern means, for a run that maps them where they lie.
 */
import { OperationError } from "../../errors.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import type { AgentRef, Hosts } from "../fleet.ts";

/** One file of a host. */
export interface HostFile {
  readonly host: string;
  /** Absolute on its host. */
  readonly path: string;
  readonly bytes: number;
}

/** Files of a run. */
export const MAX_INPUT_FILES = 100_000;
/** Hosts that are asked at once. */
const PARALLEL = 64;
const PAGE_ENTRIES = 5_000;
/** Milliseconds that a host may take for one page; it looks through its folders for 20 s at most. */
const PAGE_MS = 120_000;
/** Characters of a path that a request to map it may have. */
const MAX_PATH_CHARACTERS = 4_096;
const WILDCARD = /[*?[\]{}]/;

/**
 * Divides a pattern into the folder before its first wildcard and the pattern below it.
 *
 * @example
 * ```ts
 * splitPattern("/var/log/app/*.log"); // { folder: "/var/log/app", glob: "*.log" }
 * ```
 */
export function splitPattern(pattern: string): { readonly folder: string; readonly glob: string } {
  const parts = pattern.split("/");
  const first = parts.findIndex((part) => WILDCARD.test(part));
  const at = first < 0 ? parts.length - 1 : first;
  const folder = parts.slice(0, at).join("/");
  const glob = parts.slice(at).join("/");
  return { folder: folder === "" ? pattern.startsWith("/") ? "/" : "~" : folder, glob };
}

/**
 * Asks every host for the files that a pattern means. Hidden names are found only if the pattern names them.
 *
 * @param pattern - as shells know it, such as `/var/log/app/*.log`; relative to the home folder of the agent's user
 * @returns files by host, in the order of `hosts` and of their paths
 * @throws {OperationError} If no host has such a file, one cannot be asked, does not answer or does not tell all, or there are over
 * 100 000.
 */
export async function findFiles(
  fleet: Hosts,
  hosts: readonly AgentRef[],
  { pattern, signal }: { readonly pattern: string; readonly signal: AbortSignal },
): Promise<HostFile[]> {
  const found: HostFile[][] = hosts.map(() => []);
  const waiting = hosts.entries();
  let count = 0;
  // What one host does not tell ends the search on all of them.
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const work = async () => {
    for (const [i, host] of waiting) {
      if (failed.signal.aborted) return;
      const files = await filesOf(fleet, host, { pattern, signal: both });
      count += files.length;
      if (count > MAX_INPUT_FILES) {
        throw new OperationError(
          "too_large",
          `Cannot map "${plainLine(pattern)}": it means over ${MAX_INPUT_FILES} files`,
        );
      }
      found[i] = files;
    }
  };
  let problem: { readonly error: unknown } | undefined;
  const workOrFail = () =>
    work().catch((error: unknown) => {
      problem ??= { error };
      failed.abort();
    });
  await Promise.all(Array.from({ length: Math.min(PARALLEL, hosts.length) }, workOrFail));
  if (problem !== undefined) throw problem.error;
  const files = found.flat();
  if (files.length > 0) return files;
  throw new OperationError("bad_request", `Cannot map "${plainLine(pattern)}": no host has such a file`, {
    remedy: "See what is there with fleet_exec or list_dir",
  });
}

async function filesOf(
  fleet: Hosts,
  host: AgentRef,
  { pattern, signal }: { readonly pattern: string; readonly signal: AbortSignal },
): Promise<HostFile[]> {
  const { folder, glob } = splitPattern(pattern);
  const files: HostFile[] = [];
  let cursor: string | undefined;
  do {
    const params = {
      path: folder,
      glob,
      kinds: ["file" as const],
      hidden: /(^|\/)\./.test(glob),
      limit: PAGE_ENTRIES,
      ...(cursor === undefined ? {} : { cursor }),
    };
    const { result } = await list(fleet, host, { params, signal });
    if (result === undefined) return [];
    // What a host leaves out would be missing from the result, and nobody would see it.
    if (result.stopped !== null) {
      throw incomplete(
        host,
        pattern,
        `it did not look through everything: ${plainLine(result.stopped.message)}`,
      );
    }
    for (const { path, size } of result.entries) {
      const whole = `${result.path.replace(/\/$/, "")}/${path}`;
      if (whole.length > MAX_PATH_CHARACTERS) {
        throw incomplete(host, pattern, `a path there has over ${MAX_PATH_CHARACTERS} characters`);
      }
      files.push({ host: host.id, path: whole, bytes: size ?? 0 });
    }
    cursor = result.next ?? undefined;
    if (cursor !== undefined && result.entries.length === 0) {
      throw incomplete(host, pattern, "it answers with a page that has no files, and says that more follow");
    }
  } while (cursor !== undefined && files.length <= MAX_INPUT_FILES);
  return files;
}

/** A host without that folder has none of the files; any other reason would silently leave files out. */
async function list(
  fleet: Hosts,
  host: AgentRef,
  { params, signal }: {
    readonly params: Parameters<typeof fleet.call<"list_dir">>[1]["params"];
    readonly signal: AbortSignal;
  },
) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PAGE_MS);
  try {
    const both = AbortSignal.any([signal, limit.signal]);
    return await fleet.call(host.id, { op: "list_dir", params }, { signal: both });
  } catch (error) {
    if (limit.signal.aborted && !signal.aborted) {
      throw new OperationError(
        "timed_out",
        `Cannot look for "${plainLine(params.path)}" on "${plainLine(host.name)}": it did not answer in ${
          PAGE_MS / 1000
        } s`,
        { remedy: "Leave that host out of the target", cause: error },
      );
    }
    const failure = OperationError.from(error);
    if (failure.code === "cannot_run" && /no such/i.test(failure.message)) return { result: undefined };
    throw new OperationError(
      failure.code,
      `Cannot look for "${plainLine(params.path)}" on "${plainLine(host.name)}": ${failure.message}`,
      { cause: error, ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }) },
    );
  } finally {
    clearTimeout(timer);
  }
}

function incomplete(host: AgentRef, pattern: string, why: string): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot look for "${plainLine(pattern)}" on "${plainLine(host.name)}": ${why}`,
    { remedy: "Give a pattern that begins with a narrower folder, or leave that host out of the target" },
  );
}
