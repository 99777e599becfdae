/**
 * `deno task bench [part ...] [--quick]`: measures, prints tables, and writes docs/BENCHMARKS.md after a full run.
 * Each part is a process of its own.
 */
import { type BenchRun, type Measured, renderDocument, renderPart } from "./document.ts";
import { killTree } from "../../src/host/process_tree.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { isPartName, type PartName, PARTS } from "./parts.ts";
import { PartReport } from "./report.ts";

const USAGE = `Usage: deno task bench [--quick] [part ...]
Parts: ${Object.keys(PARTS).join(", ")}
--quick takes few and short rounds. docs/BENCHMARKS.md is written after a full run without it.
`;
const DOCUMENT = new URL("../../docs/BENCHMARKS.md", import.meta.url);

async function main(words: readonly string[]): Promise<number> {
  const flags = words.filter((word) => word.startsWith("-"));
  const names = words.filter((word) => !word.startsWith("-"));
  if (!names.every(isPartName) || flags.some((flag) => flag !== "--quick")) {
    print(USAGE);
    return 2;
  }
  const quick = flags.length > 0;
  const chosen = names.length === 0 ? Object.keys(PARTS).filter(isPartName) : names;
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => stop.abort(new Error(`Stopped by ${signal}`)));
  }
  const parts: Measured[] = [];
  for (const name of chosen) {
    const part = await runPart(name, { quick, signal: stop.signal });
    print(`${renderPart(part)}\n\n`);
    parts.push(part);
  }
  if (quick || names.length > 0) return 0;
  const run: BenchRun = { date: new Date(), machine: await describeMachine(), parts };
  await Deno.writeTextFile(DOCUMENT, renderDocument(run));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", decodeURIComponent(DOCUMENT.pathname)],
    stdin: "null",
  }).spawn().status;
  if (!success) throw new Error("Cannot format docs/BENCHMARKS.md");
  print("Wrote docs/BENCHMARKS.md\n");
  return 0;
}

async function runPart(
  name: PartName,
  { quick, signal }: { readonly quick: boolean; readonly signal: AbortSignal },
): Promise<Measured> {
  signal.throwIfAborted();
  const before = loadAverage();
  const startedAt = performance.now();
  const { pathname } = new URL("./part_main.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", decodeURIComponent(pathname), name, ...(quick ? ["--quick"] : [])],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  // With everything it started: a part that is ended by a signal cannot do it itself.
  const end = () => void killTree(child.pid);
  signal.addEventListener("abort", end, { once: true });
  const [output, { success }] = await Promise.all([new Response(child.stdout).text(), child.status]);
  signal.removeEventListener("abort", end);
  signal.throwIfAborted();
  if (!success) throw new Error(`Cannot measure "${name}": its process failed`);
  return {
    title: PARTS[name].title,
    report: PartReport.parse(JSON.parse(output)),
    load: [before, loadAverage()],
    seconds: (performance.now() - startedAt) / 1000,
  };
}

function print(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
