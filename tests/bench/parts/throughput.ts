/**
 * The throughput of a command's output through everything: agent, encryption, relay, caller.
 */
import { peakMemoryBytes } from "../../helpers/memory.ts";
import { outside } from "../../helpers/local_host.ts";
import { openBypassHost } from "../programs/commands.ts";
import type { PartOptions, PartReport } from "../report.ts";
import { openBenchRoom } from "../room.ts";
import { measureInRounds } from "../rounds.ts";
import { formatRatio, formatSpread, median } from "../statistics.ts";

const MIB = 1024 * 1024;

/** Measures throughput. */
export async function measureThroughput({ quick }: PartOptions): Promise<PartReport> {
  const rounds = quick ? 2 : 5;
  const bytes = (quick ? 20 : 200) * MIB;
  const argv = ["head", "-c", String(bytes), "/dev/zero"];
  const params = { argv };
  await using room = await openBenchRoom();
  await using host = await openBypassHost();
  const { executors } = host;
  const { signal } = new AbortController();
  const timed = (run: (take: (chunk: Uint8Array) => void) => Promise<unknown>) => async () => {
    let received = 0;
    const startedAt = performance.now();
    await run((chunk) => {
      received += chunk.length;
    });
    if (received !== bytes) throw new Error(`Cannot go on: ${received} of ${bytes} bytes came`);
    return bytes / 1e6 / ((performance.now() - startedAt) / 1000);
  };
  const speeds = await measureInRounds({
    plain: timed((take) => readPlainly(argv, take)),
    local: timed((take) =>
      executors.execute(
        "exec",
        params,
        outside({ signal, output: (_channel, chunk) => Promise.resolve(take(chunk)) }),
      )
    ),
    remote: timed((take) =>
      room.request({ op: "exec", params }, { signal, onOutput: (_channel, chunk) => take(chunk) })
    ),
  }, { rounds });
  const row = (label: string, values: readonly number[]) => [
    label,
    formatSpread(values),
    formatRatio(median(values), median(speeds.plain)),
  ];
  return {
    method:
      `\`head -c ${bytes} /dev/zero\`, every byte counted by the caller. ${rounds} rounds, sides in turns, ` +
      "median (lowest to highest). Memory is the kernel's VmHWM at the end.",
    tables: [
      {
        title: `MB/s for ${bytes / MIB} MiB of output`,
        columns: ["way", "MB/s", "against the plain pipe"],
        rows: [
          row("plain pipe of `Deno.Command`", speeds.plain),
          row("exec, in process", speeds.local),
          row("exec, remote", speeds.remote),
        ],
      },
      {
        title: "Most memory that the processes took",
        columns: ["process", "peak RSS"],
        rows: [
          ["agent", `${(await peakMemoryBytes(room.agent.pid) / MIB).toFixed(0)} MiB`],
          ["relay", `${(await peakMemoryBytes(room.room.relay.pid) / MIB).toFixed(0)} MiB`],
          ["caller, with the benchmark", `${(await peakMemoryBytes(Deno.pid) / MIB).toFixed(0)} MiB`],
        ],
      },
    ],
    goals: [],
    notes: ["Agent, relay and caller share the machine's cores."],
  };
}

async function readPlainly(
  [program = "", ...args]: readonly string[],
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  for await (const chunk of child.stdout) take(chunk);
  await child.status;
}
