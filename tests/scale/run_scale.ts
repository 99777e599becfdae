/**
 * The scale run: a relay, processes full of hosts, and a coordinator in this process. It measures each phase in turn and
 * checks after each that every host is accounted for. Used by `deno task scale`, the benchmarks and a small test.
 */
import * as z from "zod";
import { createToken } from "../../src/crypto/room_secret.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { type Program, startProgram } from "../bench/program.ts";
import { startRelayProcess } from "../helpers/processes.ts";
import { fanOut, type FanOutOutcome, waitForHosts } from "./fleet_calls.ts";
import { callFleetExec, openScaleFleet, type ScaleFleet } from "./scale_fleet.ts";
import { openScaleRoom, type ScaleRoom, startScalePeer } from "./scale_peer.ts";

/** How large the run is. */
export interface ScaleOptions {
  readonly hosts: number;
  readonly processes: number;
  /** Warm fan-outs of each kind, of which the median counts. @default 5 */
  readonly warmRounds?: number;
  /** Arguments of Deno for the processes of hosts and the relay, such as those of a profiler. @default none */
  readonly hostArgs?: readonly string[];
  /** Is told each figure as it is known. */
  readonly onFigure?: (name: FigureName, ms: number) => void;
}

/** What is measured, in milliseconds, in the order in which it is. */
export const FIGURES = {
  joinStorm: "all hosts start and are in the coordinator's roster",
  roster: "a new coordinator joins and knows all hosts",
  cold64: "every host answers, no session open before, 64 at once",
  coldAll: "every host answers, no session open before, all at once",
  warm64: "every host answers, sessions open, 64 at once",
  warmAll: "every host answers, sessions open, all at once",
  fleetCold: "fleet_exec on every host, no session open before, 64 at once, to the folded answer",
  fleetWarm64: "fleet_exec on every host, sessions open, 64 at once, to the folded answer",
  fleetWarmAll: "fleet_exec on every host, sessions open, all at once, to the folded answer",
  restartNoticed: "the relay was killed and started again; the coordinator is connected again",
  rejoin: "from then on, until all hosts are in its roster again",
  coldAfterRestart: "every host answers after that, sessions new, all at once",
} as const;
export type FigureName = keyof typeof FIGURES;

/** Milliseconds by name. */
export type ScaleFigures = Readonly<Record<FigureName, number>>;

const READY_MS = 60_000;
const Started = z.object({ started: z.number() });

/**
 * Runs all phases.
 *
 * @throws {Error} If a host is not accounted for, or did not answer.
 */
export async function runScale(options: ScaleOptions): Promise<ScaleFigures> {
  const { hosts, processes, warmRounds = 5 } = options;
  const figures = new Map<FigureName, number>();
  const note = (name: FigureName, ms: number) => {
    figures.set(name, ms);
    options.onFigure?.(name, ms);
  };
  await using running = new AsyncDisposableStack();
  const relay = running.use(await startRelayProcess());
  const room: ScaleRoom = {
    url: relay.url,
    token: await createToken(hybridSuite),
    room: `scale-${crypto.randomUUID()}`,
  };
  const secret = await openScaleRoom(room);
  const coordinate = async () => {
    const peer = await startScalePeer({ url: room.url, secret, name: "coordinator", kind: "coordinator" });
    await connected(peer);
    return peer;
  };

  let coordinator = await coordinate();
  await using members = new AsyncDisposableStack();
  members.defer(() => coordinator[Symbol.asyncDispose]());
  const replaceCoordinator = async () => {
    await coordinator[Symbol.asyncDispose]();
    coordinator = await coordinate();
    return await waitForHosts(coordinator, hosts);
  };

  const programs = Array.from({ length: processes }, () => members.use(startHosts(options)));
  const joining = waitForHosts(coordinator, hosts);
  const starting = programs.map(async (program, i) => {
    const count = Math.floor((hosts * (i + 1)) / processes) - Math.floor((hosts * i) / processes);
    await program.send({ ...room, prefix: `host-${i}`, count });
    Started.parse(await program.receive());
  });
  await Promise.all(starting);
  note("joinStorm", await joining);

  const startedAt = performance.now();
  await replaceCoordinator();
  note("roster", performance.now() - startedAt);

  note("cold64", check(await fanOut(coordinator, 64), hosts));
  await replaceCoordinator();
  note("coldAll", check(await fanOut(coordinator, hosts), hosts));
  const medianOf = async (measure: () => Promise<number>) => {
    const rounds: number[] = [];
    for (let i = 0; i < warmRounds; i++) rounds.push(await measure());
    return rounds.sort((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? NaN;
  };
  for (const [name, parallel] of [["warm64", 64], ["warmAll", hosts]] as const) {
    note(name, await medianOf(async () => check(await fanOut(coordinator, parallel), hosts)));
  }

  await replaceCoordinator();
  await usingFleet(coordinator, async (fleet) => {
    note("fleetCold", await callFleetExec(fleet, { hosts, parallel: 64 }));
    for (const [name, parallel] of [["fleetWarm64", 64], ["fleetWarmAll", hosts]] as const) {
      note(name, await medianOf(() => callFleetExec(fleet, { hosts, parallel })));
    }
  });

  const killedAt = performance.now();
  relay.kill("SIGKILL");
  await relay.ended();
  running.use(await startRelayProcess({ port: relay.port }));
  await connected(coordinator);
  note("restartNoticed", performance.now() - killedAt);
  note("rejoin", await waitForHosts(coordinator, hosts));
  note("coldAfterRestart", check(await fanOut(coordinator, hosts), hosts));
  // Every figure was noted above; a map loses that.
  return Object.fromEntries(figures) as ScaleFigures;
}

async function usingFleet(peer: Peer, work: (fleet: ScaleFleet) => Promise<void>): Promise<void> {
  await using fleet = await openScaleFleet(peer);
  await work(fleet);
}

function startHosts({ hostArgs = [] }: ScaleOptions): Program {
  const { pathname } = new URL("./_hosts_main.ts", import.meta.url);
  return startProgram({ args: ["run", "--frozen", "-A", ...hostArgs, decodeURIComponent(pathname)] });
}

/** Waits until a peer is connected and knows the room, however often it has to try. */
async function connected(peer: Peer): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      return await peer.ready();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function check({ ms, answered, failed }: FanOutOutcome, hosts: number): number {
  if (answered.size === hosts && failed.size === 0) return ms;
  const codes = Map.groupBy(failed, ([, code]) => code);
  const failures = [...codes].map(([code, of]) => `${of.length} ${code}`).join(", ") || "none failed";
  throw new Error(`Cannot account for ${hosts} hosts: ${answered.size} answered, ${failures}`);
}
