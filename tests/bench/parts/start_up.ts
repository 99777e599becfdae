/**
 * The time from the start of `remote-agent mcp` to its answer to `initialize`, against the smallest MCP server.
 */
import { NODE_ARGS } from "../../helpers/processes.ts";
import { openRoom } from "../../helpers/room.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { threadCpuMsOf } from "../proc.ts";
import { denoArgs, startProgram } from "../program.ts";
import type { Goal, PartOptions, PartReport } from "../report.ts";
import { measureInRounds } from "../rounds.ts";
import { formatRatio, median } from "../statistics.ts";

const GOAL = 1.3;
const WARM_UP = 2;
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "bench", version: "1" },
  },
};

/** One start, in milliseconds. */
interface Start {
  readonly wallMs: number;
  /** Processor time of all threads; unlike the other, it hardly depends on what else the machine does. */
  readonly cpuMs: number;
}

/** Measures the start-up. */
export async function measureStartUp({ quick }: PartOptions): Promise<PartReport> {
  const rounds = quick ? 4 : 21;
  await using home = await temporaryFolder();
  await using room = await openRoom();
  const mcp = (env: Readonly<Record<string, string>>) => () =>
    startOnce([...NODE_ARGS, "mcp"], { REMOTE_AGENTS_HOME: home.folder, ...env });
  const sides = {
    smallest: () => startOnce(denoArgs("smallest_server.ts"), {}),
    local: mcp({}),
    inRoom: mcp(room.env),
    empty: () => startEmpty(),
  };
  await measureInRounds(sides, { rounds: WARM_UP });
  const times = await measureInRounds(sides, { rounds });
  const wallOf = (starts: readonly Start[]) => starts.map(({ wallMs }) => wallMs);
  const cpuOf = (starts: readonly Start[]) => median(starts.map(({ cpuMs }) => cpuMs));
  const base = median(wallOf(times.smallest));
  const row = (label: string, starts: readonly Start[]) => {
    const walls = wallOf(starts);
    return [
      label,
      `${median(walls).toFixed(0)} (${Math.min(...walls).toFixed(0)} to ${Math.max(...walls).toFixed(0)})`,
      formatRatio(median(walls), base),
      cpuOf(starts).toFixed(0),
      formatRatio(cpuOf(starts), cpuOf(times.smallest)),
    ];
  };
  const goal = (what: string, starts: readonly Start[]): Goal => ({
    goal: `\`initialize\` within ${GOAL} times the smallest server, ${what}`,
    measured: `${formatRatio(median(wallOf(starts)), base)} (${median(wallOf(starts)).toFixed(0)} against ` +
      `${base.toFixed(0)} ms)`,
    isMet: median(wallOf(starts)) <= GOAL * base,
    why:
      `Loading the modules of the settings, the tools and the log; in processor time, which other load disturbs ` +
      `less, it is ${formatRatio(cpuOf(starts), cpuOf(times.smallest))}.`,
  });
  return {
    method:
      `Each start is a new process with \`initialize\` in its stdin at once; the clock stops when the answer has ` +
      `come. Sides in turns, ${rounds} rounds after ${WARM_UP} that fill the caches; median (lowest to highest).`,
    tables: [{
      title: "Milliseconds from start to the answer",
      columns: ["server", "time", "against the smallest", "processor time", "against the smallest"],
      rows: [
        row("smallest server of the SDK", times.smallest),
        row("remote-agent mcp without a room", times.local),
        row("remote-agent mcp in a room", times.inRoom),
        row("Deno with an empty program", times.empty),
      ],
    }],
    goals: [goal("without a room", times.local), goal("in a room", times.inRoom)],
    notes: [],
  };
}

async function startOnce(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Start> {
  const startedAt = performance.now();
  await using program = startProgram({ args, env });
  await program.send(INITIALIZE);
  await program.receive();
  return { wallMs: performance.now() - startedAt, cpuMs: threadCpuMsOf(program.pid) };
}

async function startEmpty(): Promise<Start> {
  const startedAt = performance.now();
  await using program = startProgram({ args: denoArgs("waiting.ts") });
  await program.receive();
  return { wallMs: performance.now() - startedAt, cpuMs: threadCpuMsOf(program.pid) };
}
