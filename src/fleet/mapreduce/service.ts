/**
 * The distributed runs of a node: begun, followed, cancelled and resumed. They belong to the node and not to the call that began
 * them; the tool and the command `mapreduce` stand on it.
 */
import { OperationError } from "../../errors.ts";
import { encodeBase32 } from "../../protocol/base32.ts";
import type { Bytes } from "../../protocol/bytes.ts";
import type { RunId } from "../../protocol/run.ts";
import { chooseHosts } from "../choose_hosts.ts";
import type { AgentRef, Hosts } from "../fleet.ts";
import { createReach, type ReachOptions } from "./reach.ts";
import { DistributedRun, type DistributedStatus, tellAll } from "./distributed_run.ts";
import type { MapReduceRequest } from "./request.ts";
import type { SavedRun, SavedRuns } from "./saved_runs.ts";

/** Random bytes of an id and of a ticket. */
const RUN_ID_BYTES = 13;
const ID_CHARACTERS = 20;
const TICKET_BYTES = 20;
/** Runs that go on at once. */
const MAX_RUNNING = 8;
/** Milliseconds that the end waits for what was asked of hosts to be given up. */
const END_MS = 2_500;
/** Runs in memory; older ones are read back from the disk. */
const MAX_REMEMBERED = 32;

/** A distributed run, going on or ended. */
export interface MapReduceHandle {
  readonly id: RunId;
  readonly status: DistributedStatus;
  /** Waits for the end, at most `ms`; resolves at once if the signal aborts, which ends the wait and not the run. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `listener` whenever something was finished; what is returned stops that. */
  onProgress(listener: () => void): () => void;
  /** Ends it, and removes what it left on hosts; also of one that failed, which cannot be resumed then. */
  cancel(): void;
  /** Bytes of the kept result; fewer than asked for at its end. */
  readResult(from: number, maxBytes: number): Promise<Bytes>;
}

/** The distributed runs of a node. Disposing of them breaks off those that go on; they can be resumed. */
export interface MapReduces extends AsyncDisposable {
  /** Chooses who would take part. @throws {OperationError} If the target means nobody. */
  hostsFor(request: Pick<MapReduceRequest, "target" | "includeSelf">): Promise<readonly AgentRef[]>;
  /** Begins a run. @throws {OperationError} If the target means nobody, or too many go on. */
  start(request: MapReduceRequest): Promise<MapReduceHandle>;
  /**
   * Goes on with a run: returns the one that goes on, or does again what is not finished of one that failed or was broken off.
   *
   * @throws {OperationError} If there is none of that id, or another program carries it out.
   */
  resume(id: RunId): Promise<MapReduceHandle>;
  /** Finds a run of this process, or on the disk. */
  find(id: RunId): Promise<MapReduceHandle | undefined>;
  /** Those of this process, the newest first. */
  recent(): readonly DistributedStatus[];
  onChange(listener: () => void): () => void;
}

/** What they need. */
export interface MapReducesOptions extends ReachOptions {
  readonly saved: SavedRuns;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Makes the distributed runs of a node. */
export function createMapReduces(fleet: Hosts, options: MapReducesOptions): MapReduces {
  const { saved, randomBytes, now } = options;
  /** The oldest first. */
  const runs = new Map<RunId, DistributedRun>();
  const listeners = new Set<() => void>();
  let hasEnded = false;
  const tell = () => tellAll(listeners);

  const hostsFor: MapReduces["hostsFor"] = async ({ target, includeSelf }) =>
    chooseHosts(await fleet.present(), { target, includeSelf }).hosts.map(({ id, name }) => ({ id, name }));

  const open = (run: Omit<SavedRun, "owner">, hosts: readonly AgentRef[]): DistributedRun => {
    if (hasEnded) throw new OperationError("cancelled", "Cannot begin a run: this program is ending");
    const going = [...runs.values()].filter(({ isGoingOn }) => isGoingOn);
    if (going.length >= MAX_RUNNING) {
      throw new OperationError("busy", `Cannot begin a run: ${MAX_RUNNING} go on already`, {
        remedy: "Wait until one has ended, or end one with fleet_cancel",
      });
    }
    const reach = createReach(fleet, run.request, options);
    const opened = new DistributedRun(run, { fleet, saved, now, hosts, reach, onChange: tell });
    runs.delete(run.id);
    runs.set(run.id, opened);
    for (const [id, old] of runs) {
      if (runs.size <= MAX_REMEMBERED) break;
      if (!old.isGoingOn) runs.delete(id);
    }
    return opened;
  };

  const find = async (id: RunId): Promise<DistributedRun | undefined> => {
    const known = runs.get(id);
    if (known !== undefined) return known;
    const run = await saved.get(id);
    if (run === undefined) return undefined;
    const isLost = run.status === "running" && !await saved.isElsewhere(run);
    const end = { status: "failed", problem: "The program that carried it out ended" } as const;
    return new DistributedRun(isLost ? { ...run, ...end } : run, {
      fleet,
      saved,
      now,
      hosts: run.hosts.map((host) => ({ id: host, name: host })),
      reach: createReach(fleet, run.request, options),
      onChange: tell,
    });
  };

  return {
    hostsFor,
    find,
    async start(request) {
      const hosts = await hostsFor(request);
      const run = open({
        id: `r_${encodeBase32(randomBytes(RUN_ID_BYTES)).slice(0, ID_CHARACTERS)}`,
        ticket: encodeBase32(randomBytes(TICKET_BYTES)),
        request,
        hosts: hosts.map(({ id }) => id),
        status: "running",
        startedAt: now(),
      }, hosts);
      run.begin();
      tell();
      return run;
    },
    async resume(id) {
      const known = runs.get(id);
      if (known?.isGoingOn === true) return known;
      const run = await saved.get(id);
      if (run === undefined) throw unknownRun(id);
      if (run.status === "done") return known ?? await find(id) ?? fail(unknownRun(id));
      if (run.status === "cancelled") {
        throw new OperationError(
          "bad_request",
          `Cannot resume run ${id}: it was cancelled, and nothing of it is left`,
        );
      }
      if (await saved.isElsewhere(run)) {
        throw new OperationError(
          "busy",
          `Cannot resume run ${id}: another program of this machine carries it out`,
        );
      }
      const hosts = await hostsFor(run.request);
      const meanwhile = runs.get(id);
      if (meanwhile?.isGoingOn === true) return meanwhile; // Somebody else resumed it: two would do the same work.
      const { endedAt: _endedAt, problem: _problem, ...kept } = run;
      const opened = open({ ...kept, hosts: hosts.map((host) => host.id), status: "running" }, hosts);
      opened.begin();
      tell();
      return opened;
    },
    recent: () => [...runs.values()].reverse().map(({ status }) => status),
    onChange(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    async [Symbol.asyncDispose]() {
      hasEnded = true;
      const limit = Promise.withResolvers<void>();
      const timer = setTimeout(limit.resolve, END_MS);
      await Promise.race([Promise.all([...runs.values()].map((run) => run.breakOff())), limit.promise]);
      clearTimeout(timer);
      listeners.clear();
    },
  };
}

function unknownRun(id: RunId): OperationError {
  return new OperationError(
    "bad_request",
    `Cannot find run "${id}": this machine knows no distributed run of that id`,
    {
      remedy: "Runs of mapreduce are remembered for a day on the machine that began them",
    },
  );
}

function fail(error: OperationError): never {
  throw error;
}
