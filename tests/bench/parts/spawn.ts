/**
 * What it costs to start a command, by the way it is started and by the memory of the process that starts it.
 */
import * as z from "zod";
import { denoArgs, startProgram } from "../program.ts";
import type { PartOptions, PartReport } from "../report.ts";

const BALLAST_MIB = [0, 100, 400] as const;
const Times = z.object({
  rssMib: z.number(),
  ways: z.array(
    z.object({ name: z.string(), blockedMs: z.number(), totalMs: z.number(), p99Ms: z.number() }),
  ),
});

/** Measures the ways to start a command. */
export async function measureSpawn({ quick }: PartOptions): Promise<PartReport> {
  const rounds = quick ? 15 : 100;
  const sizes = quick ? BALLAST_MIB.slice(0, 2) : BALLAST_MIB;
  const tables = [];
  for (const ballastMib of sizes) {
    await using program = startProgram({ args: denoArgs("spawner.ts") });
    await program.send({ ballastMib, rounds });
    const { rssMib, ways } = Times.parse(await program.receive());
    tables.push({
      title: `Starting a command from a process of ${rssMib.toFixed(0)} MiB`,
      columns: ["way", "event loop blocked, ms p50", "to its end, ms p50", "to its end, ms p99"],
      rows: ways.map(({ name, blockedMs, totalMs, p99Ms }) => [
        name,
        blockedMs.toFixed(2),
        totalMs.toFixed(2),
        p99Ms.toFixed(2),
      ]),
    });
  }
  return {
    method:
      `A process of its own for each size, made larger by memory that it has written to. Every way in turns, ` +
      `${rounds} rounds; stdin is null, stdout and stderr are pipes that are read to their end.`,
    tables,
    goals: [],
    notes: [
      "`detached: true` makes the runtime fork, which copies the page tables of the whole process and blocks the " +
      "event loop meanwhile; without it the runtime uses `posix_spawn`, whose cost does not depend on the size. " +
      "The program `setsid` gives the command a session of its own afterwards, at the price of one more exec.",
    ],
  };
}
