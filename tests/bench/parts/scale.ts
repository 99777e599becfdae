/**
 * A large fleet on one machine: what the scale run measures.
 */
import { type FigureName, FIGURES, runScale, type ScaleFigures } from "../../scale/run_scale.ts";
import type { Goal, PartOptions, PartReport } from "../report.ts";
import { formatSpread, median } from "../statistics.ts";

const PROCESSES = 4;
const WARM_GOAL_MS = 1_000;
const COLD_GOAL_MS = 4_000;
const WHY =
  "A handshake is four X25519 agreements on each side, and all sides share this machine's processors.";

/** Measures the scale run. */
export async function measureScale({ quick }: PartOptions): Promise<PartReport> {
  const hosts = quick ? 200 : 1000;
  const rounds = quick ? 1 : 3;
  const runs: ScaleFigures[] = [];
  for (let round = 0; round < rounds; round++) runs.push(await runScale({ hosts, processes: PROCESSES }));
  const timesOf = (name: FigureName) => runs.map((figures) => figures[name]);
  const goal = (names: readonly FigureName[], limitMs: number, what: string): Goal => {
    const worst = Math.max(...names.map((name) => median(timesOf(name))));
    return {
      goal: `${hosts} peers answered through one relay in under ${limitMs / 1000} s ${what}`,
      measured: `${(worst / 1000).toFixed(2)} s`,
      isMet: worst < limitMs,
      why: WHY,
    };
  };
  // The keys of a constant object are exactly its literal keys.
  const names = Object.keys(FIGURES) as FigureName[];
  return {
    method:
      `${PROCESSES} processes with ${
        hosts / PROCESSES
      } hosts each, every host a real peer with its own host key, session keys, ` +
      "sessions and socket; a relay process as users run it; the coordinator is the measuring process. Hosts answer a small " +
      `request at once without starting anything. ${rounds} whole runs, median (lowest to highest); of warm calls each run gives ` +
      "the median of 5. `fleet_exec` is the handler of the tool with the run's record on the disk and the answers folded to the text for a " +
      "model. Every phase ends with the check that each host is accounted for. The start of the processes is part of " +
      "the first figure.",
    tables: [{
      title: `${hosts} hosts: milliseconds until`,
      columns: ["phase", "ms"],
      rows: names.map((name) => [FIGURES[name], formatSpread(timesOf(name))]),
    }],
    goals: [
      goal(["warm64", "warmAll"], WARM_GOAL_MS, "with open sessions"),
      goal(["cold64", "coldAll"], COLD_GOAL_MS, "from cold"),
      goal(["fleetWarm64", "fleetWarmAll"], WARM_GOAL_MS, "with open sessions, through fleet_exec"),
      goal(["fleetCold"], COLD_GOAL_MS, "from cold, through fleet_exec"),
    ],
    notes: [
      "Reconnecting peers wait a random time of up to half a second before their first attempt and up to 1 and 2 s before the " +
      "next ones, so that a fleet does not come back in one moment; that is most of the time after a restart.",
    ],
  };
}
