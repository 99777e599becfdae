/**
 * `deno task word-count [MiB]`: counts the words of much text on four agents, of which one is killed in the map and one in the reduce,
 * and then with a line for every word, so that hosts sort more than they hold in memory. Checks every byte and every process's memory.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { eventually } from "../helpers/eventually.ts";
import { type FleetScene, openFleet } from "../helpers/fleet_scene.ts";
import { peakMemoryBytes } from "../helpers/memory.ts";
import {
  ADD_UP,
  callMapReduce,
  COUNT_WORDS,
  createMarks,
  EMIT_WORDS,
  ORACLE,
  partsIn,
  quote,
  shell,
  writeText,
} from "../helpers/word_count.ts";

const MIB = 1024 ** 2;
const MAX_MEMORY_BYTES = 400 * MIB;
const LOOK_MS = 50_000;
const size = Number(Deno.args[0] ?? 200);

const encoder = new TextEncoder();
const print = (line: string) => void Deno.stdout.writeSync(encoder.encode(`${line}\n`));

await using scene = await openFleet({ a: {}, b: {}, c: {}, d: {} });
const { mcp, room } = scene;
const file = join(room.folder, "text");
const right = join(room.folder, "right");
const output = join(scene.home("assistant"), "counts");
await writeText(file, size * MIB);
const oneCoreMs = await timed(() => shell(`{ ${ORACLE}; } < ${quote(file)} > ${quote(right)}`));
print(`${seconds(oneCoreMs)}  sort | uniq -c over ${size} MiB`);

const marks = await createMarks(join(room.folder, "marks"));
const killed = new Map<string, number>();
const count = { file, key: true, map_fn: COUNT_WORDS, reduce_fn: ADD_UP, output };

const withKills = await timed(async () => {
  const { structured: { run } } = await callMapReduce(mcp, {
    ...count,
    reduce_fn:
      `${marks.set}; if [ $REMOTE_AGENTS_HOST = c ]; then until ${
        marks.has("go")
      }; do sleep 0.1; done; fi; ` +
      ADD_UP,
    wait_ms: 0,
  });
  await eventually("a quarter is mapped", async () => {
    const { structured: { progress }, text } = await callMapReduce(mcp, { resume: run, wait_ms: 0 });
    assert.match(text, /^Running/);
    return progress !== undefined && progress.done * 4 >= progress.total;
  }, { timeoutMs: 120_000 });
  await kill("d");
  await eventually(
    "a reduce runs at c",
    async () => (await marks.list("reduce")).some(({ host }) => host === "c"),
    {
      timeoutMs: 300_000,
    },
  );
  await kill("c");
  await untilDone(run);
  await marks.touch("go");
});
await check("agents killed in map and reduce", withKills);

await scene.join("e");
await scene.join("f");
await mcp.waitForAgents("a", "b", "e", "f");
const target = "name:a | name:b | name:e | name:f";
const cases = [
  ["counted in the map", count],
  ["a line a word, with combine", { ...count, map_fn: EMIT_WORDS, combine_fn: ADD_UP }],
  ["a line a word, all of them to the reduces", { ...count, map_fn: EMIT_WORDS, reducers: 4 }],
] as const;
for (const [name, args] of cases) {
  const ms = await timed(async () => {
    const { structured: { run } } = await callMapReduce(mcp, { ...args, target, wait_ms: 0 });
    await untilDone(run);
  });
  await check(name, ms);
}

const alive = ["a", "b", "e", "f"];
const peaks = new Map([
  ["coordinator", await peakMemoryBytes(mcp.pid)],
  ["relay", await peakMemoryBytes(room.relay.pid)],
  ...await Promise.all(
    alive.map(async (name) => [name, await peakMemoryBytes(scene.agent(name).pid)] as const),
  ),
  ...killed,
]);
for (const [name, bytes] of peaks) print(`${(bytes / MIB).toFixed(0).padStart(6)} MiB  peak of ${name}`);
for (const [name, bytes] of peaks) assert.ok(bytes < MAX_MEMORY_BYTES, `${name} took ${bytes} bytes`);
for (const name of [...alive, "assistant"]) {
  await eventually(
    `no part is left at ${name}`,
    async () => (await partsIn(stateOf(scene, name))).length === 0,
  );
}

async function kill(name: string): Promise<void> {
  killed.set(`${name}, until it was killed`, await peakMemoryBytes(scene.agent(name).pid));
  scene.agent(name).kill("SIGKILL");
}

async function untilDone(run: string | null): Promise<void> {
  for (;;) {
    const { structured: { status }, text } = await callMapReduce(mcp, { resume: run, wait_ms: LOOK_MS });
    if (status === "running") continue;
    assert.equal(status, "done", text);
    return;
  }
}

/** Compares the result byte for byte, and tells how long it took. */
async function check(name: string, ms: number): Promise<void> {
  await shell(`cmp ${quote(right)} ${quote(output)}`);
  await Deno.remove(output);
  print(`${seconds(ms)}  ${name}: byte for byte the same`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(7)} s`;
}

function stateOf({ home }: FleetScene, name: string): string {
  return join(home(name), ".remote-agent-test");
}
