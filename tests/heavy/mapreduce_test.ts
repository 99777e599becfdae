/**
 * mapreduce with a relay and agents as real processes: what it makes is what `sort | uniq -c` makes of the same text, whatever fails
 * on the way, and nothing of it is left behind.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isInstalled } from "../bench/ssh_fleet.ts";
import { eventually, note } from "../helpers/eventually.ts";
import { type FleetScene, openFleet } from "../helpers/fleet_scene.ts";
import { isAlive } from "../helpers/is_alive.ts";
import { textOf } from "../helpers/mcp_client.ts";
import {
  ADD_UP,
  callMapReduce,
  COUNT_WORDS,
  countWords,
  createMarks,
  EMIT_WORDS,
  partsIn,
  processesOfRuns,
  readResult,
  writeText,
} from "../helpers/word_count.ts";

const MIB = 1024 ** 2;
const NAMES = ["a", "b", "c", "d"] as const;
const COUNT = { key: true, map_fn: COUNT_WORDS, reduce_fn: ADD_UP };

/** A file of text, and its words counted by other programs. */
async function prepare(scene: FleetScene, { bytes, seed = 1 }: { bytes: number; seed?: number }) {
  const file = join(scene.room.folder, `text-${bytes}-${seed}`);
  await writeText(file, bytes, seed);
  return { file, expected: await countWords(file) };
}

const stateOf = (scene: FleetScene, name: string) => join(scene.home(name), ".remote-agent-test");

/** Checks that a run has left neither processes nor parts, on the machine that began it and on these. */
async function checkNothingLeft(
  scene: FleetScene,
  { run, names }: { run: string | null; names: readonly string[] },
) {
  await eventually("no process of the run is left", async () => (await processesOfRuns(run)).length === 0);
  for (const name of [...names, "assistant"]) {
    await eventually(
      `no part is left at ${name}`,
      async () => (await partsIn(stateOf(scene, name))).length === 0,
    );
  }
}

Deno.test("mapreduce counts words as sort and uniq do", async (t) => {
  await using scene = await openFleet(Object.fromEntries(NAMES.map((name) => [name, {}])));
  const { mcp, room } = scene;
  const big = await prepare(scene, { bytes: 8 * MIB });
  const small = await prepare(scene, { bytes: 2 * MIB, seed: 2 });
  const marks = await createMarks(join(room.folder, "marks"));
  let hasFailed = false;
  const test = async (name: string, body: () => Promise<string | null>) => {
    // What one step leaves would be found by all others.
    if (hasFailed) return;
    hasFailed = !await t.step(name, async () => {
      await marks.clear();
      const startedAt = performance.now();
      const run = await body();
      note(`${name}: ${(performance.now() - startedAt).toFixed(0)} ms`);
      await checkNothingLeft(scene, { run, names: NAMES });
    });
  };

  const variants = [
    { title: "1 reducer, 3 pieces", args: { ...COUNT, combine_fn: ADD_UP, reducers: 1, partitions: 3 } },
    { title: "4 reducers, pieces by size", args: { ...COUNT, combine_fn: ADD_UP } },
    { title: "7 reducers, 40 pieces, no combine", args: { ...COUNT, reducers: 7, partitions: 40 } },
    {
      title: "a line a word, 2 reducers",
      args: { ...COUNT, map_fn: EMIT_WORDS, combine_fn: ADD_UP, reducers: 2 },
    },
    { title: "more reducers than words have first letters", args: { ...COUNT, reducers: 64, partitions: 5 } },
  ];
  for (const { title, args } of variants) {
    await test(`byte for byte: ${title}`, async () => {
      const { structured, text } = await callMapReduce(mcp, { file: big.file, ...args });
      assert.equal(structured.status, "done", text);
      assert.equal(structured.result?.bytes, big.expected.length);
      assert.ok(await readResult(mcp, structured.run) === big.expected, "every byte is the same");
      assert.ok(big.expected.startsWith(structured.result?.text.replace(/\[\.\.\.\]$/, "") ?? "?"));
      return structured.run;
    });
  }

  await test("a piece that fails is tried again on another machine", async () => {
    const fail = `case $REMOTE_AGENTS_PARTITION.$REMOTE_AGENTS_ATTEMPT in [13].0) exit 3; esac`;
    const { structured, text } = await callMapReduce(mcp, {
      file: small.file,
      ...COUNT,
      map_fn: `${marks.set}; ${fail}; ${COUNT_WORDS}`,
      reduce_fn: `${marks.set}; ${fail}; ${ADD_UP}`,
      partitions: 6,
      reducers: 4,
    });
    assert.equal(structured.status, "done", text);
    assert.ok(await readResult(mcp, structured.run) === small.expected, "every byte is the same");
    for (const [stage, count] of [["map", 6], ["reduce", 4]] as const) {
      const attempts = Map.groupBy(await marks.list(stage), ({ partition }) => partition);
      assert.equal(attempts.size, count);
      for (const partition of [1, 3]) {
        const hosts = (attempts.get(partition) ?? []).map(({ host }) => host);
        assert.equal(new Set(hosts).size, 2, `${stage} ${partition} ran at ${hosts}`);
      }
    }
    return structured.run;
  });

  await test("a run that failed says where and why, and a resume does the rest alone", async () => {
    const { structured, text } = await callMapReduce(mcp, {
      file: small.file,
      ...COUNT,
      map_fn: `${marks.set}; if [ $REMOTE_AGENTS_PARTITION = 5 ] && ! ${marks.has("fixed")}; then ` +
        `echo the tape is torn >&2; exit 7; fi; ${COUNT_WORDS}`,
      partitions: 6,
      max_retries: 1,
    });
    assert.equal(structured.status, "failed", text);
    const [failed] = structured.failed;
    assert.deepEqual([structured.failed.length, failed?.stage, failed?.partition], [1, "map", 5]);
    assert.equal(new Set(failed?.attempts.map(({ host }) => host)).size, 2, "on two machines");
    for (const attempt of failed?.attempts ?? []) {
      assert.ok(NAMES.some((name) => name === attempt.host));
      assert.equal(attempt.exitCode, 7);
      assert.match(attempt.problem, /exit code 7: the tape is torn/);
    }
    assert.match(text, /map 5 failed for good/);
    assert.match(text, /mapreduce with resume "r_\w+" does the rest/);

    const before = await marks.list("map");
    await marks.touch("fixed");
    const again = await callMapReduce(mcp, { resume: structured.run });
    assert.equal(again.structured.status, "done", again.text);
    assert.ok(await readResult(mcp, structured.run) === small.expected, "every byte is the same");
    const finishedBefore = new Set(
      before.filter(({ partition }) => partition !== 5).map((mark) => mark.partition),
    );
    const after = (await marks.list("map")).slice().filter(({ attempt }) => attempt >= 1_000);
    assert.deepEqual(
      after.filter(({ partition }) => finishedBefore.has(partition)),
      [],
      "nothing that was finished is done again",
    );
    assert.ok(after.some(({ partition }) => partition === 5));
    return structured.run;
  });

  await test("a machine that takes too long is overtaken by another, and its process is ended", async () => {
    const startedAt = performance.now();
    const { structured, text } = await callMapReduce(mcp, {
      file: small.file,
      ...COUNT,
      map_fn:
        `${marks.set}; [ $REMOTE_AGENTS_PARTITION.$REMOTE_AGENTS_ATTEMPT != 2.0 ] || exec sleep 300; ${COUNT_WORDS}`,
      partitions: 6,
    });
    assert.equal(structured.status, "done", text);
    assert.ok(performance.now() - startedAt < 60_000);
    assert.ok(await readResult(mcp, structured.run) === small.expected, "every byte is the same");
    const [slow, fast, ...more] = (await marks.list("map")).filter(({ partition }) => partition === 2);
    assert.ok(slow !== undefined && fast !== undefined && more.length === 0);
    assert.notEqual(slow.host, fast.host);
    await eventually("the slow process has ended", () => !isAlive(slow.pid));
    return structured.run;
  });

  await test("items as JSON, with keys and without", async () => {
    const data = Array.from({ length: 100 }, (_, i) => ({ city: `city ${i % 7}`, n: i }));
    const read = "const t = await new Response(Deno.stdin.readable).text();";
    const program = async (name: string, code: string) => {
      const path = join(room.folder, `${name}.js`);
      await Deno.writeTextFile(path, `${read}\n${code}`);
      return `${Deno.execPath()} run --no-config --quiet ${path}`;
    };
    const sum = await callMapReduce(mcp, {
      data,
      format: "json",
      map_fn: await program("map", "console.log(JSON.parse(t).reduce((sum, { n }) => sum + n, 0));"),
      reduce_fn: await program("reduce", "console.log(JSON.parse(t).reduce((a, b) => a + b));"),
      partitions: 4,
    });
    assert.equal(sum.structured.result?.text, "4950\n", sum.text);
    const byCity = await callMapReduce(mcp, {
      data,
      format: "json",
      key: true,
      map_fn: await program(
        "keys",
        "for (const { city, n } of JSON.parse(t)) console.log(`${city}\\t${n}`);",
      ),
      reduce_fn: await program(
        "sums",
        "for (const line of t.trim().split('\\n').filter(Boolean)) { const { key, values } = JSON.parse(line); " +
          "console.log(`${key}\\t${values.reduce((a, b) => a + b)}`); }",
      ),
      partitions: 2,
      reducers: 2,
    });
    const sums = Array.from({ length: 7 }, (_, c) => data.reduce((s, { n }) => n % 7 === c ? s + n : s, 0));
    assert.equal(
      byCity.structured.result?.text,
      sums.map((sum, c) => `city ${c}\t${sum}\n`).join(""),
      byCity.text,
    );
    return byCity.structured.run;
  });

  await test("files that lie on the machines, each mapped where it lies", async () => {
    await Promise.all(NAMES.flatMap((name) => [
      Deno.writeTextFile(join(scene.home(name), "one.log"), `of ${name}\n`),
      Deno.writeTextFile(join(scene.home(name), "two.log"), `also of ${name}\n`.repeat(2)),
    ]));
    const { structured, text } = await callMapReduce(mcp, {
      target: "name:a | name:b | name:c",
      glob: "*.log",
      map_fn: `while read -r line; do echo "$line: $REMOTE_AGENTS_HOST"; done`,
      reduce_fn: "LC_ALL=C sort | uniq -c | awk '{$1=$1; print}'",
    });
    const expected = ["a", "b", "c"].map((name) => `2 also of ${name}: ${name}\n`).join("") +
      ["a", "b", "c"].map((name) => `1 of ${name}: ${name}\n`).join("");
    assert.equal(structured.result?.text, expected, text);
    return structured.run;
  });

  await test("a file takes the result, and what was there is backed up", async () => {
    const output = join(scene.home("assistant"), "counts");
    await Deno.writeTextFile(output, "old");
    const { structured, text } = await callMapReduce(mcp, { file: small.file, ...COUNT, output });
    assert.equal(structured.status, "done", text);
    assert.ok(await Deno.readTextFile(output) === small.expected, "every byte is the same");
    assert.equal(structured.result?.path, output);
    const restored = await mcp.call("backup_restore", { id: structured.result?.backupId });
    assert.notEqual(restored.isError, true, textOf(restored));
    assert.equal(await Deno.readTextFile(output), "old");
    return structured.run;
  });

  await test("fleet_cancel ends a run with all its processes, and fleet_get tells where to look", async () => {
    const { structured, text } = await callMapReduce(mcp, {
      file: small.file,
      map_fn: `${marks.set}; exec sleep 300`,
      partitions: 6,
      wait_ms: 0,
    });
    const { run } = structured;
    assert.equal(structured.status, "running", text);
    const uri = `run://${run}`;
    const { resources } = await mcp.client.listResources();
    assert.ok(resources.some((one) => one.uri === uri && one.title === "mapreduce on all"));
    await eventually("commands run", async () => (await marks.list("map")).length >= 4);
    assert.match(textOf(await mcp.call("fleet_get", { run })), /it is one of mapreduce.*resume "r_/s);
    const going = await mcp.client.readResource({ uri });
    assert.match(JSON.stringify(going.contents), /Running \(running\), map 0\/6/);
    const cancelled = await mcp.call("fleet_cancel", { run });
    assert.match(textOf(cancelled), /^Cancelled in /);
    assert.match(JSON.stringify(cancelled.structuredContent), /"status":"cancelled"/);
    for (const { pid } of await marks.list("map")) assert.equal(isAlive(pid), false, "its process has ended");
    const resumed = await mcp.call("mapreduce", { resume: run });
    assert.match(textOf(resumed), /Cannot resume run r_\w+: it was cancelled/);
    return run;
  });

  await test("a server that ends keeps what is finished, and the next one goes on", async () => {
    const next = await scene.assistant();
    await next.waitForAgents(...NAMES);
    const { structured } = await callMapReduce(next, {
      file: small.file,
      ...COUNT,
      map_fn: `${marks.set}; [ $REMOTE_AGENTS_PARTITION != 3 ] || ${
        marks.has("go")
      } || exec sleep 300; ${COUNT_WORDS}`,
      partitions: 4,
      wait_ms: 0,
    });
    const { run } = structured;
    await eventually(
      "three of four pieces are done",
      async () => /map 3\/4/.test((await callMapReduce(next, { resume: run, wait_ms: 0 })).text),
    );
    const before = (await marks.list("map")).length;
    await next[Symbol.asyncDispose]();
    await eventually("no process of the run is left", async () => (await processesOfRuns(run)).length === 0);
    await marks.touch("go");
    const { structured: ended, text } = await callMapReduce(mcp, { resume: run });
    assert.equal(ended.status, "done", text);
    assert.ok(await readResult(mcp, run) === small.expected, "every byte is the same");
    assert.equal((await marks.list("map")).length, before + 1, "one piece alone was left to do");
    return run;
  });

  await test("fleet_cancel of a run that failed removes what was kept of it", async () => {
    const { structured, text } = await callMapReduce(mcp, {
      file: small.file,
      ...COUNT,
      reduce_fn: "exit 9",
      max_retries: 0,
    });
    assert.equal(structured.status, "failed", text);
    const kept = await Promise.all(NAMES.map((name) => partsIn(stateOf(scene, name))));
    assert.ok(kept.flat().length > 0, "what is finished is kept");
    assert.match(textOf(await mcp.call("fleet_cancel", { run: structured.run })), /^Cancelled/);
    return structured.run;
  });
});

Deno.test("mapreduce gives the right answer though agents are killed in the map and in the reduce", async () => {
  const names = [...NAMES, "e"];
  await using scene = await openFleet(Object.fromEntries(names.map((name) => [name, {}])));
  const { mcp, room } = scene;
  const { file, expected } = await prepare(scene, { bytes: 8 * MIB, seed: 3 });
  const marks = await createMarks(join(room.folder, "marks"));
  // What was killed leaves its commands behind, which go on until they are let go.
  const hangAt = (host: string) =>
    `${marks.set}; if [ $REMOTE_AGENTS_HOST = ${host} ]; then until ${
      marks.has("go")
    }; do sleep 0.1; done; fi`;
  const running = callMapReduce(mcp, {
    file,
    ...COUNT,
    map_fn: `${hangAt("e")}; ${COUNT_WORDS}`,
    combine_fn: ADD_UP,
    reduce_fn: `${hangAt("d")}; ${ADD_UP}`,
    partitions: 12,
  });
  try {
    for (const [stage, name] of [["map", "e"], ["reduce", "d"]] as const) {
      await eventually(
        `a ${stage} runs at ${name}`,
        async () => (await marks.list(stage)).some(({ host }) => host === name),
        { timeoutMs: 40_000 },
      );
      scene.agent(name).kill("SIGKILL");
    }
    const { structured, text } = await running;
    assert.equal(structured.status, "done", text);
    assert.ok(await readResult(mcp, structured.run) === expected, "every byte is the same");
    for (const [stage, name] of [["map", "e"], ["reduce", "d"]] as const) {
      const all = await marks.list(stage);
      for (const { partition } of all.filter(({ host }) => host === name)) {
        assert.ok(
          all.some((mark) => mark.partition === partition && mark.host !== name),
          "it ran elsewhere, too",
        );
      }
    }
    await marks.touch("go");
    await checkNothingLeft(scene, { run: structured.run, names: ["a", "b", "c"] });
  } finally {
    await marks.touch("go");
    await running.catch(() => {}); // What it was is reported above.
  }
});

const hasSandbox = await isInstalled("bwrap");

Deno.test({
  name: `mapreduce obeys the mode of every machine${hasSandbox ? "" : " (ignored: no bwrap here)"}`,
  ignore: !hasSandbox,
  async fn() {
    await using scene = await openFleet({
      reader: { mode: "plan" },
      // Without a sandbox it knows commands by their words alone.
      judge: { mode: "plan", env: { REMOTE_AGENTS_SANDBOX: "off" } },
      writer: {},
      closed: { mode: "disabled" },
    });
    const { mcp } = scene;
    const { file, expected } = await prepare(scene, { bytes: MIB / 2, seed: 4 });
    const count = { file, ...COUNT, partitions: 4, reducers: 2 };
    const checkNoTrace = async () => {
      for (const name of ["reader", "judge", "closed"]) {
        await assert.rejects(Deno.stat(join(scene.home(name), "trace")), Deno.errors.NotFound);
      }
    };

    const reading = await callMapReduce(mcp, { ...count, target: "name:reader" });
    assert.equal(reading.structured.status, "done", reading.text);
    assert.ok(await readResult(mcp, reading.structured.run) === expected, "every byte is the same");

    const writing = { ...count, map_fn: `touch ~/trace && ${COUNT_WORDS}` };
    const problems = [
      ["reader", /^exit code 1: touch: /, /failed after 2 retries/],
      ["judge", /touch.*\[refused\]$/, /every host refused it/],
    ] as const;
    for (const [name, problem, reason] of problems) {
      const { structured, text } = await callMapReduce(mcp, { ...writing, target: `name:${name}` });
      assert.equal(structured.status, "failed", text);
      assert.match(structured.failed[0]?.attempts[0]?.problem ?? "", problem, text);
      assert.match(structured.failed[0]?.reason ?? "", reason, text);
      await mcp.call("fleet_cancel", { run: structured.run });
      await checkNothingLeft(scene, { run: structured.run, names: [name] });
    }
    await checkNoTrace();

    // Where some refuse, another takes it; the machine that runs nothing for others is never asked.
    const mixed = await callMapReduce(mcp, writing);
    assert.equal(mixed.structured.status, "done", mixed.text);
    assert.ok(await readResult(mcp, mixed.structured.run) === expected, "every byte is the same");
    await checkNoTrace();
    await Deno.stat(join(scene.home("writer"), "trace"));
    for (const { structured } of [reading, mixed]) {
      await checkNothingLeft(scene, { run: structured.run, names: ["reader", "judge", "writer", "closed"] });
    }
  },
});
