/** Distributed runs over a fleet in memory, in simulated time, against what one machine computes in a line or two. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { OperationError } from "../../../../src/errors.ts";
import type { MapReduceSpec } from "../../../../src/fleet/mapreduce/ports.ts";
import {
  type MapReduceOptions,
  type MapReduceRun,
  startMapReduce,
} from "../../../../src/fleet/mapreduce/run.ts";
import { useFakeClock } from "../../../helpers/fake_clock.ts";
import {
  type Behaviour,
  type Command,
  createSimulatedFleet,
  linesOf,
  type SimulatedFleet,
  textInput,
  toText,
} from "./simulated_fleet.ts";

const RUN = `r_${"a".repeat(20)}`;
const TICKET = "b".repeat(32);
/** Simulated milliseconds after which a run counts as hanging. */
const HANGS_AFTER_MS = 900_000;

/** Adds up the numbers of lines `key<TAB>number` that are sorted by key. */
const sumByKey: Command = (input) => {
  const sums = new Map<string, number>();
  for (const line of linesOf(input)) {
    const [key = "", count] = line.split("\t");
    sums.set(key, (sums.get(key) ?? 0) + Number(count));
  }
  return [...sums].map(([key, sum]) => `${key}\t${sum}\n`).join("");
};
const commands: Record<string, Command> = {
  words: (input) => input.split(/\s+/).filter((word) => word !== "").map((word) => `${word}\t1\n`).join(""),
  sum: sumByKey,
  cat: (input) => input,
  upper: (input) => input.toUpperCase(),
  add: (input) => `${linesOf(input).reduce((sum, line) => sum + Number(line), 0)}\n`,
  lengths: (input) => JSON.stringify((JSON.parse(input) as string[]).map((item) => item.length)),
  flat: (input) => JSON.stringify((JSON.parse(input) as unknown[]).flat()),
};

/** The whole of a result, computed by one machine. */
const oracles: Record<string, (whole: string, partitions: readonly string[]) => string> = {
  words: (whole) => {
    const sums = new Map<string, number>();
    for (const word of whole.match(/\S+/g) ?? []) sums.set(word, (sums.get(word) ?? 0) + 1);
    return [...sums].sort(([a], [b]) => a < b ? -1 : 1).map(([word, sum]) => `${word}\t${sum}\n`).join("");
  },
  sorted: (whole) => (whole.match(/\S+/g) ?? []).sort().map((word) => `${word}\t1\n`).join(""),
  upper: (whole) => whole.toUpperCase(),
  add: (_, partitions) => `${partitions.flatMap(linesOf).reduce((sum, line) => sum + Number(line), 0)}\n`,
};

function specOf(fields: Partial<MapReduceSpec>, texts: readonly string[]): MapReduceSpec {
  return {
    run: RUN,
    ticket: TICKET,
    map: "cat",
    isKeyed: false,
    format: "lines",
    items: "text",
    reducers: 1,
    inputIdentity: "x",
    inputs: texts.map(textInput),
    ...fields,
  };
}

const kinds: Record<string, Partial<MapReduceSpec>> = {
  words: { map: "words", combine: "sum", reduce: "sum", isKeyed: true },
  sorted: { map: "words", isKeyed: true },
  upper: { map: "upper" },
  add: { map: "add", reduce: "add" },
};

/** Lets simulated time pass until something has ended. */
async function pass<T>(clock: ReturnType<typeof useFakeClock>, work: Promise<T>): Promise<T> {
  let hasEnded = false;
  const end = work.finally(() => (hasEnded = true));
  end.catch(() => {});
  const limit = clock.now() + HANGS_AFTER_MS;
  while (!hasEnded) {
    await clock.advance(1_000);
    if (!hasEnded && clock.now() > limit) throw new Error("The run hangs");
  }
  return await end;
}

/** Runs something to its end in simulated time, and checks that nothing is left of it. */
async function withRun<T>(
  fleet: SimulatedFleet,
  spec: MapReduceSpec,
  use: (
    run: MapReduceRun,
    tools: { pass: <V>(work: Promise<V>) => Promise<V>; read: () => Promise<string> },
  ) => Promise<T>,
  options: Partial<MapReduceOptions> & { before?: () => void } = {},
): Promise<T> {
  using clock = useFakeClock();
  options.before?.();
  const { signal } = new AbortController();
  const run = startMapReduce(spec, { ...fleet.ports, now: clock.now }, { signal, ...options });
  const wait = <V>(work: Promise<V>) => pass(clock, work);
  const read = async () => {
    let text = "";
    await wait(run.readResult((bytes) => void (text += toText(bytes)), signal));
    return text;
  };
  try {
    return await use(run, { pass: wait, read });
  } finally {
    await wait(Promise.resolve(run[Symbol.asyncDispose]()));
    assert.equal(fleet.open, 0, "a request is left");
    await clock.advance(0);
  }
}

/** A fleet that does everything at once. */
const prompt: Behaviour = { commands, duration: () => 10 };

for (const [kind, fields] of Object.entries(kinds)) {
  Deno.test(`startMapReduce() gives the result of one machine: ${kind}`, async () => {
    const texts = kind === "add" ? ["1\n2\n", "3\n", "40\n"] : ["b a b\n", "c a\n", "a d\n", "e\n"];
    const fleet = createSimulatedFleet(["h1", "h2", "h3"], prompt);
    await withRun(fleet, specOf({ ...fields, reducers: 3 }, texts), async (run, { pass, read }) => {
      assert.deepEqual(await pass(run.ended), { status: "done" });
      assert.equal(await read(), oracles[kind]?.(texts.join(""), texts));
      assert.deepEqual(await pass(run.drop()), []);
      assert.deepEqual(fleet.parts(), []);
    });
  });
}

Deno.test("startMapReduce() keeps to simulated schedules of failures, losses and delays, and counts each partition once", async () => {
  const schedule = fc.record({
    kind: fc.constantFrom(...Object.keys(kinds)),
    texts: fc.array(
      fc.array(fc.constantFrom("a", "b", "cc", "d", "ee"), { maxLength: 6 }).map((words) =>
        `${words.join(" ")}\n`
      ),
      { maxLength: 14 },
    ),
    hosts: fc.integer({ min: 1, max: 5 }),
    reducers: fc.integer({ min: 1, max: 5 }),
    slots: fc.integer({ min: 1, max: 3 }),
    maxRetries: fc.integer({ min: 0, max: 3 }),
    durations: fc.array(fc.integer({ min: 0, max: 9_000 }), { minLength: 1, maxLength: 20 }),
    failures: fc.array(fc.boolean(), { maxLength: 40 }),
    lostLinks: fc.array(fc.boolean(), { maxLength: 40 }),
    departures: fc.array(
      fc.record({
        at: fc.integer({ min: 1, max: 20_000 }),
        host: fc.nat(4),
        backAfter: fc.option(fc.integer({ min: 0, max: 9_000 })),
      }),
      { maxLength: 5 },
    ),
    lateHosts: fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 2 }),
    areLeavingAtRead: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(schedule, async (given) => {
      const { kind, hosts, slots, maxRetries } = given;
      const texts = kind === "add" ? given.texts.map((text) => `${text.length}\n`) : given.texts;
      const ids = Array.from({ length: hosts }, (_, i) => `h${i}`);
      const failures = [...given.failures];
      const lostLinks = [...given.lostLinks];
      const failed = new Map<string, number>();
      let draws = 0;
      const fleet = createSimulatedFleet(ids, {
        commands,
        duration: () => given.durations[draws++ % given.durations.length] ?? 0,
        exitCode({ stage, partition }) {
          const key = `${stage === "reduce" ? "reduce" : "map"} ${partition}`;
          const count = failed.get(key) ?? 0;
          if (count >= maxRetries || failures.shift() !== true) return 0;
          failed.set(key, count + 1);
          return 3;
        },
        error: ({ op }) => {
          const mayLose = op === "part_read" || op === "part_fetch";
          return mayLose && lostLinks.shift() === true
            ? new OperationError("link_lost", "It broke")
            : undefined;
        },
      });
      const spec = specOf({ ...kinds[kind], reducers: given.reducers, slots, maxRetries }, texts);
      const before = () => {
        for (const { at, host, backAfter } of given.departures) {
          // The first one always stays.
          const id = ids[host];
          if (id === undefined || host === 0) continue;
          setTimeout(() => fleet.leave(id), at);
          if (backAfter !== null) {
            setTimeout(() => fleet.ports.addressOf(id) ?? fleet.join(id), at + backAfter);
          }
        }
        given.lateHosts.forEach((at, i) => setTimeout(() => fleet.join(`late${i}`), at));
      };
      await withRun(fleet, spec, async (run, { pass, read }) => {
        const outcome = await pass(run.ended);
        assert.deepEqual(outcome, { status: "done" });
        if (given.areLeavingAtRead) { for (const id of ids.slice(1)) fleet.leave(id); }
        assert.equal(await read(), oracles[kind]?.(texts.join(""), texts));
        await pass(run.drop());
        assert.deepEqual(fleet.parts(), []);
      }, { before });
      assert.ok(fleet.most.active <= slots, `${fleet.most.active} at once`);
    }),
    { numRuns: 150 },
  );
});
