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
    isResultLost: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(schedule, async (given) => {
      const { kind, hosts, slots, maxRetries } = given;
      const texts = kind === "add" ? given.texts.map((text) => `${text.length}\n`) : given.texts;
      const ids = Array.from({ length: hosts }, (_, i) => `h${i}`);
      const failures = [...given.failures];
      const lostLinks = [...given.lostLinks];
      const failed = new Map<string, number>();
      let lostRuns = 0;
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
        error({ op }) {
          // No partition may lose its host more than ten times.
          if (op === "part_drop" || (op === "part_run" && lostRuns >= 9) || lostLinks.shift() !== true) {
            return undefined;
          }
          if (op === "part_run") lostRuns++;
          return new OperationError("link_lost", "It broke");
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
        if (given.isResultLost) {
          for (const name of fleet.parts()) {
            if (name.startsWith("out.")) { for (const id of ids) fleet.lose(id, name); }
          }
        }
        assert.equal(await read(), oracles[kind]?.(texts.join(""), texts));
        await pass(run.drop());
        assert.deepEqual(fleet.parts(), []);
      }, { before });
      assert.ok(fleet.most.active <= slots, `${fleet.most.active} at once`);
    }),
    { numRuns: 150 },
  );
});

Deno.test("startMapReduce() fails with the partitions that failed too often, and with no other", async () => {
  const schedule = fc.record({
    doomed: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 3 }),
    hosts: fc.integer({ min: 1, max: 4 }),
    maxRetries: fc.integer({ min: 0, max: 2 }),
    durations: fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 9 }),
    isInReduce: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(schedule, async ({ doomed, hosts, maxRetries, durations, isInReduce }) => {
      let draws = 0;
      const attempts = new Map<number, { host: string; attempt: number }[]>();
      const stageOfDoom = isInReduce ? "reduce" : "map";
      const fleet = createSimulatedFleet(Array.from({ length: hosts }, (_, i) => `h${i}`), {
        commands,
        duration: () => durations[draws++ % durations.length] ?? 0,
        exitCode({ stage, partition, host, attempt }) {
          if (stage !== stageOfDoom || !doomed.includes(partition)) return 0;
          attempts.set(partition, [...attempts.get(partition) ?? [], { host, attempt }]);
          return 3;
        },
      });
      const texts = Array.from({ length: 10 }, (_, i) => `a${i} b\n`);
      const spec = specOf({ ...kinds["words"], reducers: 10, maxRetries }, texts);
      await withRun(fleet, spec, async (run, { pass }) => {
        const outcome = await pass(run.ended);
        assert.ok(outcome.status === "failed" && outcome.failed.length > 0);
        for (const failed of outcome.failed) {
          assert.equal(failed.stage, stageOfDoom);
          assert.ok(doomed.includes(failed.partition));
          assert.deepEqual(
            failed.attempts.map(({ host, attempt, exitCode, stderr }) => ({
              host,
              attempt,
              exitCode,
              stderr,
            })),
            attempts.get(failed.partition)?.map((one) => ({
              ...one,
              exitCode: 3,
              stderr: `bad ${failed.partition}`,
            })),
          );
          assert.ok(failed.attempts.length > maxRetries);
          const different = new Set(failed.attempts.map(({ host }) => host)).size;
          assert.equal(different, Math.min(hosts, failed.attempts.length));
        }
        await assert.rejects(
          run.readResult(() => {}, new AbortController().signal),
          /Cannot give the result/,
        );
        assert.ok(fleet.parts().length > 0, "what succeeded is kept");
      });
    }),
    { numRuns: 60 },
  );
});

Deno.test("startMapReduce() resumes: what is there is not done again, what is gone is", async () => {
  const texts = ["a b\n", "b c\n", "c d\n", "e\n", "a\n"];
  let isBroken = true;
  const fleet = createSimulatedFleet(["h1", "h2", "h3"], {
    commands,
    duration: () => 10,
    exitCode: ({ stage, partition }) => isBroken && stage === "reduce" && partition === 1 ? 1 : 0,
  });
  const spec = specOf({ ...kinds["words"], reducers: 2 }, texts);
  const kept = await withRun(fleet, spec, async (run, { pass }) => {
    assert.equal((await pass(run.ended)).status, "failed");
    return JSON.parse(JSON.stringify(run.snapshot()));
  });
  assert.equal(kept.maps.length, 5);
  const [lost] = kept.maps;
  for (const name of fleet.parts()) {
    if (name.startsWith(`map.${lost.partition}.`)) {
      for (const host of ["h1", "h2", "h3"]) fleet.lose(host, name);
    }
  }
  isBroken = false;
  fleet.log.length = 0;
  await withRun(fleet, spec, async (run, { pass, read }) => {
    assert.deepEqual(await pass(run.ended), { status: "done" });
    assert.equal(await read(), oracles["words"]?.(texts.join(""), texts));
    assert.equal(run.snapshot().times, 1);
  }, { resume: kept });
  const maps = fleet.log.flatMap(({ op, params }) => {
    const { stage, partition, attempt } = Object(params);
    return op === "part_run" && stage === "map" ? [{ partition, isNew: attempt >= 1_000 }] : [];
  });
  assert.ok(maps.every(({ isNew }) => isNew));
  assert.ok(maps.every(({ partition }) => partition === lost.partition), JSON.stringify(maps));
});

Deno.test("startMapReduce() ends everything and removes the parts when it is cancelled", async () => {
  const fleet = createSimulatedFleet(["h1", "h2"], {
    commands,
    duration: ({ op }) => op === "part_run" ? 5_000 : 10,
  });
  const controller = new AbortController();
  const spec = specOf({ ...kinds["words"], reducers: 2 }, ["a\n", "b\n", "c\n", "d\n", "e\n", "f\n"]);
  await withRun(fleet, spec, async (run, { pass }) => {
    assert.deepEqual(await pass(run.ended), { status: "cancelled" });
    assert.deepEqual(fleet.parts(), []);
    await assert.rejects(run.readResult(() => {}, new AbortController().signal), /was cancelled/);
  }, { signal: controller.signal, before: () => setTimeout(() => controller.abort(), 7_000) });
});

Deno.test("startMapReduce() does nothing if it is cancelled before it begins", async () => {
  const fleet = createSimulatedFleet(["h1"], prompt);
  await withRun(fleet, specOf({}, ["a\n"]), async (run, { pass }) => {
    assert.deepEqual(await pass(run.ended), { status: "cancelled" });
  }, { signal: AbortSignal.abort() });
  assert.deepEqual(fleet.log, []);
});

Deno.test("startMapReduce() maps files where they lie", async () => {
  const files = { h1: { "/a": "x y\n", "/b": "y\n" }, h2: { "/a": "z x\n" } };
  const fleet = createSimulatedFleet(["h1", "h2", "h3"], prompt, files);
  const inputs = [
    { type: "files", host: "h1", paths: ["/a", "/b"], bytes: 6 },
    { type: "files", host: "h2", paths: ["/a"], bytes: 4 },
  ] as const;
  await withRun(fleet, specOf({ ...kinds["words"], inputs }, []), async (run, { pass, read }) => {
    assert.deepEqual(await pass(run.ended), { status: "done" });
    assert.equal(await read(), "x\t2\ny\t2\nz\t1\n");
  });
  const fetched = fleet.log.filter(({ op, params }) =>
    op === "part_fetch" && Object(params).from === "coordinator"
  );
  assert.deepEqual(fetched, []);
});

Deno.test("startMapReduce() takes ranges of a file of the coordinator", async () => {
  const fleet = createSimulatedFleet(["h1", "h2"], prompt, { coordinator: { "/in": "ab\ncd\nef\n" } });
  const inputs = [[0, 3], [3, 9]].map(([start = 0, end = 0]) => ({
    type: "range" as const,
    path: "/in",
    start,
    end,
  }));
  await withRun(fleet, specOf({ map: "upper", inputs }, []), async (run, { pass, read }) => {
    assert.deepEqual(await pass(run.ended), { status: "done" });
    assert.equal(await read(), "AB\nCD\nEF\n");
  });
});

for (
  const { what, fields, expected } of [
    { what: "reduced", fields: { reduce: "flat" }, expected: "[1,2,3]\n" },
    { what: "as values of their own", fields: {}, expected: "[1,2]\n[3]\n" },
  ]
) {
  Deno.test(`startMapReduce() gives JSON results, ${what}`, async () => {
    const fleet = createSimulatedFleet(["h1", "h2"], prompt);
    const spec = specOf({ map: "lengths", format: "json", items: "json", ...fields }, [
      '"a"\n"bb"\n',
      '"ccc"\n',
    ]);
    await withRun(fleet, spec, async (run, { pass, read }) => {
      assert.deepEqual(await pass(run.ended), { status: "done" });
      assert.equal(await read(), expected);
    });
  });
}

Deno.test("startMapReduce() tells how far it is, and where", async () => {
  const fleet = createSimulatedFleet(["h1"], prompt);
  const told: string[] = [];
  const onProgress: MapReduceOptions["onProgress"] = ({ stage, done, total, host }) =>
    void told.push(`${stage} ${done}/${total} ${host}`);
  await withRun(fleet, specOf({ map: "add", reduce: "add" }, ["1\n", "2\n"]), async (run, { pass }) => {
    await pass(run.ended);
    assert.deepEqual(run.progress, { stage: "reduce", done: 1, total: 1 });
  }, { onProgress });
  assert.deepEqual(told, ["map 1/2 h1", "reduce 0/1 h1", "reduce 1/1 h1"]);
});

Deno.test("startMapReduce() reads on from the same place when a host leaves while its result is read", async () => {
  const texts = Array.from({ length: 4 }, (_, i) => `${"abcdefgh".repeat(5)}${i}\n`);
  const fleet = createSimulatedFleet(["h1", "h2", "h3"], prompt);
  await withRun(fleet, specOf({ map: "upper", reduce: "cat" }, texts), async (run, { pass }) => {
    await pass(run.ended);
    const [{ host } = { host: "" }] = run.snapshot().reduces;
    let text = "";
    await pass(run.readResult((bytes) => {
      text += toText(bytes);
      if (text.length > 30) fleet.leave(host);
    }, new AbortController().signal));
    assert.equal(text, texts.join("").toUpperCase());
  });
});

Deno.test("readResult() says so if what is done again comes out differently", async () => {
  let times = 0;
  const behaviour: Behaviour = {
    ...prompt,
    commands: { ...commands, moody: (input) => `${times++}${input}` },
  };
  const moody = createSimulatedFleet(["h1", "h2"], behaviour);
  await withRun(moody, specOf({ map: "upper", reduce: "moody" }, ["a".repeat(99)]), async (run, { pass }) => {
    await pass(run.ended);
    const [{ host } = { host: "" }] = run.snapshot().reduces;
    const reading = run.readResult(() => moody.leave(host), new AbortController().signal);
    await assert.rejects(pass(reading), /had to be done again, and its output is another one now/);
  });
});

Deno.test("readResult() ends when whoever reads fails or wants no more", async () => {
  const fleet = createSimulatedFleet(["h1", "h2"], prompt);
  const texts = ["a b c d e f g\n", "a b c x y z\n"];
  await withRun(fleet, specOf({ ...kinds["words"], reducers: 4 }, texts), async (run, { pass, read }) => {
    await pass(run.ended);
    const failing = run.readResult(() => {
      throw new Error("The disk is full");
    }, new AbortController().signal);
    await assert.rejects(pass(failing), /The disk is full/);
    const controller = new AbortController();
    const stopped = run.readResult(() => controller.abort(new Error("Enough")), controller.signal);
    await pass(stopped.catch(() => {}));
    assert.equal(await read(), oracles["words"]?.(texts.join(""), texts));
  });
});
