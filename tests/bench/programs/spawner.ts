/**
 * Starts commands in several ways and times them; one request on stdin is one measurement.
 */
import * as z from "zod";
import { measureInRounds } from "../rounds.ts";
import { median, percentile } from "../statistics.ts";
import { answer, requests } from "./json_lines.ts";

const Request = z.object({ ballastMib: z.number(), rounds: z.number() });
const MIB = 1024 * 1024;
const PAGE_BYTES = 4096;
const WARM_UP = 5;

interface Way {
  readonly argv: readonly [string, ...string[]];
  readonly isDetached?: boolean;
}

const WAYS = {
  "true": { argv: ["/bin/true"] },
  "true, detached": { argv: ["/bin/true"], isDetached: true },
  "true, through setsid": { argv: ["/usr/bin/setsid", "/bin/true"] },
  "bash -c true": { argv: ["/bin/bash", "-c", "true"] },
  "bash -c true, detached": { argv: ["/bin/bash", "-c", "true"], isDetached: true },
  "bash -c true, through setsid": { argv: ["/usr/bin/setsid", "/bin/bash", "-c", "true"] },
} as const satisfies Record<string, Way>;

async function start({ argv: [program, ...args], isDetached = false }: Way) {
  const startedAt = performance.now();
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: isDetached,
  }).spawn();
  const blockedMs = performance.now() - startedAt;
  await Promise.all([child.status, drain(child.stdout), drain(child.stderr)]);
  return { blockedMs, totalMs: performance.now() - startedAt };
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

async function measure({ ballastMib, rounds }: z.infer<typeof Request>) {
  const ballast = new Uint8Array(ballastMib * MIB);
  for (let i = 0; i < ballast.length; i += PAGE_BYTES) ballast[i] = 1;
  const sides = Object.fromEntries(Object.entries<Way>(WAYS).map(([name, way]) => [name, () => start(way)]));
  const times = await measureInRounds(sides, { rounds: WARM_UP + rounds });
  return {
    rssMib: Deno.memoryUsage().rss / MIB,
    // Looked at here, so that it is not given back before.
    ballastMib: ballast.length / MIB,
    ways: Object.entries(times).map(([name, all]) => {
      const values = all.slice(WARM_UP);
      const totals = values.map(({ totalMs }) => totalMs);
      return {
        name,
        blockedMs: median(values.map(({ blockedMs }) => blockedMs)),
        totalMs: median(totals),
        p99Ms: percentile(totals, 0.99),
      };
    }),
  };
}

for await (const request of requests()) answer(await measure(Request.parse(request)));
