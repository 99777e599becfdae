/**
 * `deno task scale [--hosts 1000] [--processes 4]`: runs a large fleet on this machine and prints how long each phase took.
 */
import { parseArgs } from "node:util";
import { FIGURES, runScale } from "./run_scale.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    hosts: { type: "string", default: "1000" },
    processes: { type: "string", default: "4" },
  },
});

const encoder = new TextEncoder();
const print = (line: string) => void Deno.stdout.writeSync(encoder.encode(`${line}\n`));

const hosts = Number(values.hosts);
const processes = Number(values.processes);
print(`${hosts} hosts in ${processes} processes, one relay, one coordinator; milliseconds`);
await runScale({
  hosts,
  processes,
  onFigure: (name, ms) => print(`${ms.toFixed(0).padStart(8)}  ${FIGURES[name]}`),
});
print(`every host was accounted for in every phase`);
