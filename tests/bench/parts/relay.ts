/**
 * Frames a second through the relay, against minimal relays on Node with `ws` and on `Deno.serve`.
 */
import * as z from "zod";
import { denoArgs, type Program, startProgram } from "../program.ts";
import { type Competitor, startBare, startMirror, startProduct, startWs, WS_PACKAGE } from "../relays.ts";
import type { Goal, PartOptions, PartReport } from "../report.ts";
import { measureInRounds } from "../rounds.ts";
import { formatNumber, formatRatio, formatSpread, median } from "../statistics.ts";

const KIB = 1024;
const PAIRS = 4;
const LONE_PAIRS = 16;

/** What the generator sends. */
interface Shape {
  readonly name: string;
  readonly payloadBytes: number;
  /** Frames in a message. */
  readonly batch: number;
  readonly pairs: number;
  /** True: each sender waits until its frame has arrived. */
  readonly isLone: boolean;
}

const SHAPES: readonly Shape[] = [
  { name: "64 B, single", payloadBytes: 64, batch: 1, pairs: PAIRS, isLone: false },
  { name: "1 KiB, single", payloadBytes: KIB, batch: 1, pairs: PAIRS, isLone: false },
  { name: "64 KiB, single", payloadBytes: 64 * KIB, batch: 1, pairs: PAIRS, isLone: false },
  { name: "64 B, 32 a message", payloadBytes: 64, batch: 32, pairs: PAIRS, isLone: false },
  { name: "1 KiB, 32 a message", payloadBytes: KIB, batch: 32, pairs: PAIRS, isLone: false },
  // As many as fit a message of 1 MiB.
  { name: "64 KiB, 15 a message", payloadBytes: 64 * KIB, batch: 15, pairs: PAIRS, isLone: false },
  {
    name: `64 B, single, ${LONE_PAIRS} senders that wait`,
    payloadBytes: 64,
    batch: 1,
    pairs: LONE_PAIRS,
    isLone: true,
  },
];

const Speed = z.object({ framesPerSec: z.number(), relayCpu: z.number(), ownCpu: z.number() });
type Speed = z.infer<typeof Speed>;

interface Times {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Measures the relay. */
export async function measureRelay({ quick }: PartOptions): Promise<PartReport> {
  const times = quick
    ? { rounds: 2, warmUpMs: 100, measureMs: 200 }
    : { rounds: 5, warmUpMs: 200, measureMs: 600 };
  await using stack = new AsyncDisposableStack();
  const sides = {
    ours: await startProduct(stack),
    ws: await startWs(stack),
    bare: await startBare(stack),
    mirror: await startMirror(stack),
  };
  const generator = stack.use(startProgram({ args: denoArgs("flood.ts") }));
  const rows: string[][] = [];
  const loads: string[][] = [];
  const goals: Goal[] = [];
  for (const shape of SHAPES) {
    const speeds = await measureSides(sides, generator, { shape, times });
    const speed = (side: keyof typeof sides) => speeds[side].map(({ framesPerSec }) => framesPerSec);
    const [ours, ws, bare] = [median(speed("ours")), median(speed("ws")), median(speed("bare"))];
    rows.push([
      shape.name,
      formatSpread(speed("ours")),
      formatSpread(speed("ws")),
      formatSpread(speed("bare")),
      formatNumber(median(speed("mirror"))),
      formatRatio(ours, ws),
      formatRatio(ours, bare),
    ]);
    const names = ["ours", "ws", "bare", "mirror"] as const;
    loads.push([shape.name, ...names.map((side) => loadOf(speeds[side]))]);
    goals.push(...goalsOf(shape, { ours, ws }));
  }
  return {
    method:
      `Each relay is a process of its own; one more process holds ${PAIRS} senders and ${PAIRS} receivers, writes ` +
      `prepared messages on bare TCP and counts what arrives, at most 2048 frames and 1 MiB a sender (4 messages if ` +
      `that is more) under way; every run ends with the check that nothing was lost. ${times.rounds} rounds of ` +
      `${times.measureMs} ms, sides in turns, median (lowest to highest). Ours is \`relay/main.ts\` with raised ` +
      `rates; the others are minimal programs that find each frame's destination and write the sender's address: ` +
      `\`${WS_PACKAGE}\` on Node, and \`Deno.serve\`. The ceiling is the generator against a program that passes ` +
      "bytes without looking at them.",
    tables: [
      {
        title: "Frames a second through the relay",
        columns: ["frame", "ours", "ws on Node", "bare Deno.serve", "ceiling", "ours / ws", "ours / bare"],
        rows,
      },
      {
        title: "Processor time of relay + generator, in cores",
        columns: ["frame", "ours", "ws on Node", "bare Deno.serve", "ceiling"],
        rows: loads,
      },
    ],
    goals,
    notes: [
      "Relay and generator share the machine's cores: where the relay uses about one core, the relay is what is " +
      "measured; where it uses less, the generator or the kernel is, and the number is a lower bound.",
      "Ours packs what goes to one member in one turn of the event loop into one message, which the minimal relays " +
      "do not: that is its lead where many frames are under way. The last row leaves nothing to pack.",
    ],
  };
}

async function measureSides<K extends string>(
  sides: Readonly<Record<K, Competitor>>,
  generator: Program,
  { shape, times }: { shape: Shape; times: Times },
): Promise<Record<K, Speed[]>> {
  const measureOne = ({ kind, pid, url }: Competitor) => async () => {
    await generator.send({ kind, pid, url, ...shape, ...times });
    return Speed.parse(await generator.receive());
  };
  // The keys of `sides`; TypeScript loses them in `entries`.
  const measures = Object.fromEntries(
    Object.entries<Competitor>(sides).map(([name, side]) => [name, measureOne(side)]),
  ) as Record<K, () => Promise<Speed>>;
  return await measureInRounds(measures, times);
}

function loadOf(speeds: readonly Speed[]): string {
  const relay = median(speeds.map(({ relayCpu }) => relayCpu));
  const own = median(speeds.map(({ ownCpu }) => ownCpu));
  return `${relay.toFixed(2)} + ${own.toFixed(2)}`;
}

function goalsOf({ name, payloadBytes, batch }: Shape, { ours, ws }: { ours: number; ws: number }): Goal[] {
  if (batch === 1) {
    return [{
      goal: `Relay at or above ws, ${name}`,
      measured: `${formatRatio(ours, ws)} (${formatNumber(ours)} against ${formatNumber(ws)} frames/s)`,
      isMet: ours >= ws,
      why: "The processor time below tells whether the relay, the generator or the kernel was the limit.",
    }];
  }
  if (payloadBytes > 64) return [];
  return [{
    goal: `Relay above 1 M frames/s, ${name}`,
    measured: `${formatNumber(ours)} frames/s`,
    isMet: ours > 1e6,
    why: "The processor time below tells whether the relay, the generator or the kernel was the limit.",
  }];
}
