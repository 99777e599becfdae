/**
 * The memory of an idle agent, and of the relays with many idle members.
 */
import * as z from "zod";
import { openBenchRoom } from "../room.ts";
import { memoryOf, type ProcessMemory } from "../proc.ts";
import { denoArgs, startProgram } from "../program.ts";
import { type Competitor, startBare, startProduct, startWs } from "../relays.ts";
import type { PartOptions, PartReport } from "../report.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const Joined = z.object({ joined: z.number(), seconds: z.number() });

/** Measures memory. */
export async function measureMemory({ quick }: PartOptions): Promise<PartReport> {
  const count = quick ? 200 : 2000;
  const settleMs = quick ? 500 : 4_000;
  const rows: string[][] = [];
  for (
    const [name, start] of [
      ["our relay", startProduct],
      ["minimal relay, ws on Node", startWs],
      ["minimal relay, bare Deno.serve", startBare],
    ] as const
  ) {
    await using stack = new AsyncDisposableStack();
    const relay = await start(stack);
    rows.push([name, ...await measureIdle(relay, { count, settleMs })]);
  }
  const processes = await measureNodes(settleMs);
  return {
    method:
      `Read from /proc \`smaps_rollup\` ${
        settleMs / 1000
      } s after the last change. The ${count} members join ` +
      "one room each with a key of their own, 50 at a time, and stay silent; those of ours by proof and with a card " +
      "of 600 bytes, those of the minimal relays with nothing but an address.",
    tables: [
      {
        title: `Memory of a relay with ${count} idle members`,
        columns: [
          "relay",
          "RSS alone",
          `RSS with ${count}`,
          `PSS with ${count}`,
          "a member",
          "joins/s",
        ],
        rows,
      },
      { title: "Memory of idle processes", columns: ["process", "RSS", "PSS", "its own"], rows: processes },
    ],
    goals: [],
    notes: [
      "PSS divides pages that several Deno processes share, such as the runtime's code, among them; it depends on how " +
      "many run.",
    ],
  };
}

async function measureIdle(
  relay: Competitor,
  { count, settleMs }: { readonly count: number; readonly settleMs: number },
): Promise<string[]> {
  await using program = startProgram({ args: denoArgs("idle_peers.ts") });
  await sleep(500);
  const before = await memoryOf(relay.pid);
  await program.send({ kind: relay.kind, url: relay.url, count });
  const { joined, seconds } = Joined.parse(await program.receive());
  await sleep(settleMs);
  const after = await memoryOf(relay.pid);
  return [
    mib(before.rss),
    mib(after.rss),
    mib(after.pss),
    `${((after.rss - before.rss) / joined / KIB).toFixed(1)} KiB`,
    (joined / seconds).toFixed(0),
  ];
}

async function measureNodes(settleMs: number): Promise<string[][]> {
  await using room = await openBenchRoom();
  await using empty = startProgram({ args: denoArgs("waiting.ts") });
  await empty.receive();
  await sleep(settleMs);
  const row = (name: string, { rss, pss, own }: ProcessMemory) => [name, mib(rss), mib(pss), mib(own)];
  return [
    row("agent (`run`) with one session", await memoryOf(room.agent.pid)),
    row("relay with two members", await memoryOf(room.room.relay.pid)),
    row("Deno with an empty program", await memoryOf(empty.pid)),
  ];
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
