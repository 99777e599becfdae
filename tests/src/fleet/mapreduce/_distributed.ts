/**
 * Distributed runs over a fleet in memory: hosts that a test scripts, a state folder that is gone afterwards, and this machine's own
 * operations in the place of the executors.
 */
import { OperationError } from "../../../../src/errors.ts";
import type { AgentSummary, Hosts } from "../../../../src/fleet/fleet.ts";
import { DistributedRun } from "../../../../src/fleet/mapreduce/distributed_run.ts";
import type { Reach } from "../../../../src/fleet/mapreduce/reach.ts";
import type { MapReduceRequest } from "../../../../src/fleet/mapreduce/request.ts";
import { openSavedRuns, type SavedRun, type SavedRuns } from "../../../../src/fleet/mapreduce/saved_runs.ts";
import type { OperationName, ResultOf } from "../../../../src/protocol/operation.ts";
import { OPERATIONS } from "../../../../src/protocol/operation.ts";
import { partSave } from "../../../../src/protocol/operations/part_save.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { summary } from "../../mcp/_resource_source.ts";
import { createSimulatedFleet, type SimulatedFleet } from "./simulated_fleet.ts";

/** A run's id by a letter. */
export function runId(letter: string): string {
  return `r_${letter.repeat(20)}`;
}

/** Three words on as many lines, in capitals, but for `changes`. */
export function requestOf(changes: Partial<MapReduceRequest> = {}): MapReduceRequest {
  return {
    target: "all",
    includeSelf: false,
    input: { type: "data", items: ["a", "b", "c"] },
    map: "upper",
    isKeyed: false,
    format: "lines",
    maxRetries: 0,
    ...changes,
  };
}

/** A run that is to begin, but for `changes`. */
export function savedOf(changes: Partial<SavedRun> = {}): SavedRun {
  return {
    id: runId("a"),
    ticket: "b".repeat(32),
    request: requestOf(),
    hosts: ["h1", "h2"],
    status: "running",
    startedAt: 1_000,
    owner: "somebody",
    ...changes,
  };
}

/** How hosts and this machine behave; a test changes it on the way. */
export interface Behaviour {
  /** Milliseconds of a command; a large number holds it until it is given up. */
  pace: number;
  /** Exit code of every command. */
  exitCode: number;
  /** What this machine answers to an operation of its own; throws to refuse it. */
  here: (op: OperationName, params: unknown) => unknown;
}

/** What a test works with. */
export interface DistributedWorld extends AsyncDisposable {
  readonly behaviour: Behaviour;
  readonly hosts: SimulatedFleet;
  readonly fleet: Hosts;
  readonly saved: SavedRuns;
  readonly stateFolder: string;
  readonly reach: Reach;
  /** Operations that this machine was asked for, and ports that were given back. */
  readonly log: string[];
  /** Makes a run, which does not begin by itself. */
  run(
    saved?: Partial<SavedRun>,
    changes?: { readonly saved?: SavedRuns; readonly onChange?: () => void },
  ): DistributedRun;
}

const SAVED_FILE: ResultOf<"part_save"> = {
  path: "/out",
  created: false,
  changed: true,
  bytes: 6,
  sha256: "",
  previousSha256: "",
  backupId: 5,
};

/** Makes hosts `h1` and `h2` with a file each. */
export async function distributedWorld(): Promise<DistributedWorld> {
  const temporary = await temporaryFolder();
  const log: string[] = [];
  const behaviour: Behaviour = { pace: 0, exitCode: 0, here: () => SAVED_FILE };
  const files = { h1: { "/data/1.txt": "x\n" }, h2: { "/data/2.txt": "y\n" } };
  const hosts = createSimulatedFleet(["h1", "h2"], {
    commands: { upper: (text) => text.toUpperCase(), join: (text) => text },
    duration: ({ op }) => op === "part_run" ? behaviour.pace : 0,
    exitCode: () => behaviour.exitCode,
  }, files);
  const call = async (
    agent: string | undefined,
    { op, params }: { readonly op: OperationName; readonly params: unknown },
    options: Parameters<Hosts["call"]>[2],
  ) => {
    options.signal.throwIfAborted();
    if (agent === undefined) {
      log.push(op === "part_save" ? `part_save ${partSave.params.parse(params).part ?? "nothing"}` : op);
      return { agent: { id: "me", name: "me" }, result: await behaviour.here(op, params) };
    }
    const result = op === "list_dir"
      ? listing(files, agent)
      : await hosts.ports.request(agent, { op, params }, options);
    return { agent: { id: agent, name: agent }, result: OPERATIONS[op].result.parse(result) };
  };
  const fleet: Hosts = {
    // As the fleet does: what `op` answers, as its schema has parsed it.
    call: call as Hosts["call"],
    present: () => Promise.resolve(hosts.ports.hosts().map(({ id }): AgentSummary => summary(id, { id }))),
    addressOf: hosts.ports.addressOf,
    onAgentsChange: hosts.ports.onHostsChange,
  };
  const saved = openSavedRuns({ stateFolder: temporary.folder, now: () => 2_000 });
  const reach: Reach = () =>
    Promise.resolve({
      ...hosts.ports,
      self: {
        ...hosts.ports.self,
        spool: { ...hosts.ports.self.spool, addRange: (name) => void log.push(`range ${name}`) },
      },
      [Symbol.dispose]: () => void log.push("disposed"),
    });
  return {
    behaviour,
    hosts,
    fleet,
    saved,
    stateFolder: temporary.folder,
    reach,
    log,
    run: (changes = {}, options = {}) =>
      new DistributedRun(savedOf(changes), {
        fleet,
        saved: options.saved ?? saved,
        now: () => 3_000,
        hosts: hosts.ports.hosts(),
        reach,
        onChange: options.onChange ?? (() => {}),
      }),
    async [Symbol.asyncDispose]() {
      await saved[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** What `list_dir` tells of the folder `/data`. */
export function listing(
  files: Readonly<Record<string, Readonly<Record<string, string>>>>,
  host: string,
  changes: Partial<ResultOf<"list_dir">> = {},
): ResultOf<"list_dir"> {
  const own = Object.entries(files[host] ?? {});
  if (own.length === 0) {
    throw new OperationError("cannot_run", 'Cannot list "/data": there is no such file or folder');
  }
  const none = { count: 0, first: [] };
  return {
    path: "/data",
    entries: own.map(([path, text]) => ({
      path: path.slice("/data/".length),
      kind: "file",
      size: text.length,
      mtime: null,
      mode: null,
    })),
    next: null,
    totals: {
      entries: own.length,
      file: own.length,
      directory: 0,
      symlink: 0,
      other: 0,
      examined: own.length,
    },
    leftOut: { hidden: 0, ignored: 0, denied: none, unreadable: none, ignoreFiles: none },
    stopped: null,
    ...changes,
  };
}
