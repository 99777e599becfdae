/**
 * Makes a distributed run of what its caller asks: looks at the input and divides it into partitions.
 */
import { OperationError } from "../../errors.ts";
import { checkSame, stampOf } from "../../parts/part_content.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { MAX_REDUCERS, type Ticket } from "../../protocol/part.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import type { RunId } from "../../protocol/run.ts";
import type { AgentRef, Hosts } from "../fleet.ts";
import { findFiles } from "./find_files.ts";
import type { MapInput, MapReduceSpec } from "./ports.ts";
import type { MapReduceRequest } from "./request.ts";
import { identityOfData, planSplits, splitFiles, splitItems } from "./split.ts";
import { splitFile } from "./split_file.ts";

/** Reducers unless the caller says otherwise: one a host, and not more than this. */
const MAX_DEFAULT_REDUCERS = 16;

/** What preparing needs. */
export interface PrepareOptions {
  readonly fleet: Hosts;
  readonly hosts: readonly AgentRef[];
  readonly run: RunId;
  readonly ticket: Ticket;
  readonly signal: AbortSignal;
}

/** Makes the run. @throws {OperationError} If the input cannot be read or divided. */
export async function prepareRun(request: MapReduceRequest, options: PrepareOptions): Promise<MapReduceSpec> {
  const { run, ticket, hosts } = options;
  const { inputs, identity } = await inputsOf(request, options);
  return {
    run,
    ticket,
    inputs,
    inputIdentity: identity,
    map: request.map,
    combine: request.combine,
    reduce: request.reduce,
    isKeyed: request.isKeyed,
    format: isCutAnywhere(request) ? "bytes" : request.format,
    items: request.format === "json" && request.input.type === "data" ? "json" : "text",
    reducers: Math.min(request.reducers ?? Math.min(hosts.length, MAX_DEFAULT_REDUCERS), MAX_REDUCERS),
    cwd: request.cwd,
    timeoutMs: request.timeoutMs,
    slots: request.slots,
    maxRetries: request.maxRetries,
  };
}

/** A file that is cut at multiples of bytes has no lines to keep apart. */
function isCutAnywhere({ input, format }: MapReduceRequest): boolean {
  return format === "lines" && input.type === "file" && input.splitBy === "bytes";
}

async function inputsOf(
  request: MapReduceRequest,
  { fleet, hosts, signal }: PrepareOptions,
): Promise<{ readonly inputs: readonly MapInput[]; readonly identity: string }> {
  const { input, format, slots, partitions, splitBytes } = request;
  const plan = (bytes: number) => planSplits({ bytes, hosts: hosts.length, slots, partitions, splitBytes });
  switch (input.type) {
    case "data": {
      // Few items may take long each, so they are spread over all hosts, however small they are.
      const wanted = partitions ?? Math.min(input.items.length, hosts.length * (slots ?? 2) * 2);
      const pieces = splitItems(input.items, { partitions: Math.max(1, wanted), format });
      return {
        inputs: pieces.map((bytes) => ({ type: "bytes", bytes })),
        identity: await identityOfData(pieces),
      };
    }
    case "file": {
      const { path, size } = await readableFile(fleet, input.path, signal);
      const { ranges, identity, stamp } = await splitFile(path, {
        by: input.splitBy,
        recordBytes: input.recordBytes,
        splitBytes: plan(size).splitBytes,
        signal,
      });
      // A folder on the way may have been made a link to another one since the rules were asked.
      const again = await readableFile(fleet, path, signal);
      if (again.path !== path) throw isChanging(input.path);
      checkSame(stamp, await stampOf(path));
      return { inputs: ranges.map((range) => ({ type: "range", path, ...range, stamp })), identity };
    }
    case "glob": {
      const files = await findFiles(fleet, hosts, { pattern: input.pattern, signal });
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const names = files.map(({ host, path, bytes }) => `${host} ${bytes} ${path}\n`).join("");
      return {
        inputs: splitFiles(files, { splitBytes: plan(bytes).splitBytes }),
        identity: await identityOfData([utf8(names)]),
      };
    }
  }
}

/** Looks at a file of this machine as any call for it would, so that the machine's rules hold. */
async function readableFile(
  fleet: Hosts,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly size: number }> {
  const { result } = await fleet.call(
    undefined,
    { op: "read_file", params: { path, offset: 0, length: 1, encoding: "base64" } },
    { signal },
  );
  const { size } = await Deno.stat(result.path);
  if (result.size !== size) throw isChanging(path);
  return { path: result.path, size };
}

function isChanging(path: string): OperationError {
  return new OperationError("cannot_run", `Cannot map "${plainLine(path)}": it is changing`, {
    remedy: "Copy it, and map the copy",
  });
}
