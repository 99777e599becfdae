/**
 * Counting words: a distributed run on agents of this machine against `sort | uniq -c` on one processor and against GNU parallel.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openRoom } from "../../helpers/room.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import {
  ADD_UP,
  callMapReduce,
  COUNT_WORDS,
  ORACLE,
  quote,
  shell,
  writeText,
} from "../../helpers/word_count.ts";
import type { PartOptions, PartReport } from "../report.ts";
import { measureInRounds } from "../rounds.ts";
import { isInstalled } from "../ssh_fleet.ts";
import { formatRatio, formatSpread, median } from "../statistics.ts";

const MIB = 1024 ** 2;
const AGENTS = ["web-1", "web-2", "web-3", "web-4"];
const OURS = "ours, 4 agents, 4 at once";
/** What parallel gives to one map. */
const BLOCK = "8M";

/** Measures the word count. */
export async function measureWordCount({ quick }: PartOptions): Promise<PartReport> {
  const size = quick ? 32 : 200;
  const rounds = quick ? 1 : 3;
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const file = join(folder, "text");
  await writeText(file, size * MIB);
  const right = join(folder, "right");
  const output = join(folder, "output");
  await shell(`{ ${ORACLE}; } < ${quote(file)} > ${quote(right)}`);
  const check = () => shell(`cmp ${quote(right)} ${quote(output)}`);

  await using room = await openRoom();
  await Promise.all(AGENTS.map((name) => room.agent(name)));
  const session = await room.mcp({ mode: "edit" });
  await session.waitForAgents(...AGENTS);

  const ours = (more: Readonly<Record<string, unknown>>) => async () => {
    const { text, structured } = await callMapReduce(session, {
      file,
      key: true,
      map_fn: COUNT_WORDS,
      reduce_fn: ADD_UP,
      output,
      ...more,
    });
    assert.equal(structured.status, "done", text);
  };
  const oneCore = await isInstalled("taskset") ? "taskset -c 0 " : "";
  const uniq = `${oneCore}sh -c ${quote(ORACLE)} < ${quote(file)} > ${quote(output)}`;
  const parallel = (jobs: number, from: string) =>
    `LC_ALL=C parallel --will-cite ${from} --block ${BLOCK} -j ${jobs} ${quote(COUNT_WORDS)} | ` +
    `LC_ALL=C sort | ${ADD_UP} > ${quote(output)}`;
  const pipe = (jobs: number) => `cat ${quote(file)} | ${parallel(jobs, "--pipe")}`;
  const ways: Record<string, () => Promise<unknown>> = {
    [OURS]: ours({ slots: 1 }),
    "ours, 4 agents, 8 at once (the default)": ours({}),
    "sort and uniq -c, one processor": () => shell(uniq),
  };
  const missing: string[] = [];
  if (await isInstalled("parallel")) {
    ways["GNU parallel --pipe, 4 at once"] = () => shell(pipe(4));
    ways["GNU parallel --pipepart, 4 at once"] = () => shell(parallel(4, `--pipepart -a ${quote(file)}`));
  } else missing.push("GNU parallel is not installed (Debian package parallel)");
  const sides = Object.fromEntries(
    Object.entries(ways).map(([name, run]) => [name, async () => {
      await Deno.remove(output).catch(() => {}); // There is none before the first.
      const startedAt = performance.now();
      await run();
      const ms = performance.now() - startedAt;
      await check();
      return ms;
    }]),
  );
  const times = await measureInRounds(sides, { rounds });
  const base = median(times[OURS] ?? []);
  const goals = Object.keys(ways).filter((name) => name.includes("--pipe,")).map((name) => {
    const other = median(times[name] ?? []);
    return {
      goal: `Word count no slower than ${name}`,
      measured: `${formatRatio(other, base)} (${base.toFixed(0)} against ${other.toFixed(0)} ms)`,
      isMet: base <= other,
      why:
        "All agents share this machine's processors, and its text travels encrypted through the relay to them and is written to their " +
        "disks, while parallel hands it over through pipes.",
    };
  });
  return {
    method:
      `${size} MiB of generated text (50 000 words, frequencies by Zipf's law) in a file. Ours: a relay, 4 ` +
      "`remote-agent run` processes without a sandbox and a `remote-agent mcp`, one call of `mapreduce` with keys and a file as " +
      "output, with as many maps at once as GNU parallel and with the default of two an agent, which is meant for machines of their own. " +
      "GNU parallel runs the same map, then sort and the same reduce. The results are compared byte for byte. " +
      `${rounds} rounds, in turns; median (lowest to highest).`,
    tables: [{
      title: `Milliseconds to count the words of ${size} MiB`,
      columns: ["way", "time", "MiB/s", "against ours"],
      rows: Object.keys(ways).map((name) => {
        const ms = median(times[name] ?? []);
        return [name, formatSpread(times[name] ?? []), (size * 1000 / ms).toFixed(0), formatRatio(ms, base)];
      }),
    }],
    goals,
    notes: missing.map((name) => `Left out: ${name}.`),
  };
}

if (import.meta.main) {
  const { tables, goals, notes } = await measureWordCount({ quick: Deno.args.includes("--quick") });
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify({ tables, goals, notes }, null, 1)}\n`));
}
