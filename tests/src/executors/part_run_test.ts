import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { partitionOf } from "../../../src/parts/partition.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { eventually } from "../../helpers/eventually.ts";
import { isAlive } from "../../helpers/is_alive.ts";
import { openTestHost } from "../../helpers/local_host.ts";
import { NEEDS_BWRAP } from "../host/sandbox/_machine.ts";
import { compareBytes } from "../parts/_lines.ts";
import { addPart, failsWith, readText, runPart } from "./_parts.ts";

/** These run POSIX commands. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

test("part_run makes a part of what a command writes, and tells what it did", async () => {
  await using host = await openTestHost();
  addPart(host, "in.3", "b\na\n");
  const { durationMs, ...result } = await runPart(host, "sort; echo note >&2", {
    input: { parts: ["in.3"] },
  });
  assert.ok(durationMs >= 0);
  assert.deepEqual(result, {
    exitCode: 0,
    signal: null,
    timedOut: false,
    parts: [{ name: "map.3.0", bytes: 4, records: 2 }],
    stderr: { head: "note\n", tail: "", bytes: 5, truncated: false, invalidUtf8: false },
    isolation: "none",
  });
  assert.equal(await readText(host, "map.3.0"), "a\nb\n");
});

test("part_run tells the command where it is in the run", async () => {
  await using host = await openTestHost({
    environment: () => ({ PATH: "/usr/bin:/bin", REMOTE_AGENTS_TOKEN: "secret" }),
  });
  const names = ["RUN", "STAGE", "PARTITION", "PARTITIONS", "ATTEMPT", "REDUCER", "HOST", "TOKEN"];
  const command = `echo ${names.map((name) => `"$REMOTE_AGENTS_${name}"`).join(",")}`;
  await runPart(host, command);
  assert.equal(await readText(host, "map.3.0"), `r_${"a".repeat(20)},map,3,5,1,,builder,\n`);
  await runPart(host, command, { stage: "reduce" });
  assert.equal(await readText(host, "map.3.0"), `r_${"a".repeat(20)},reduce,3,5,1,3,builder,\n`);
});

for (
  const [command, exitCode, signal] of [["echo x; exit 3", 3, null], [
    "echo x; kill -9 $$",
    null,
    "SIGKILL",
  ]] as const
) {
  test(`part_run keeps no part of a command that fails: ${command}`, async () => {
    await using host = await openTestHost();
    addPart(host, "in.0", "");
    for (const as of ["whole", "keyed"] as const) {
      const result = await runPart(host, command, { output: { as } });
      assert.deepEqual([result.exitCode, result.signal, result.parts], [exitCode, signal, []]);
      await failsWith(readText(host, "map.3.0"), "cannot_run", /it is not on this host$/);
    }
    assert.equal(host.spool.taken, 0);
  });
}

test("part_run does not mind a command that reads only the beginning of its input", async () => {
  await using host = await openTestHost();
  const path = `${host.home}/numbers`;
  await Deno.writeTextFile(path, Array.from({ length: 400_000 }, (_, i) => `${i}\n`).join(""));
  const { exitCode } = await runPart(host, "head -n 1", { input: { files: [path, path] } });
  assert.equal(exitCode, 0);
  assert.equal(await readText(host, "map.3.0"), "0\n");
  assert.equal((await runPart(host, "true", { input: { files: [path] } })).exitCode, 0);
});

test("part_run streams files and parts one after the other", async () => {
  await using host = await openTestHost();
  await Deno.writeTextFile(`${host.home}/-a\nb`, "one\n");
  await Deno.writeTextFile(`${host.home}/c`, "two");
  await runPart(host, "cat", { input: { files: ["~/-a\nb", "c", "c"] } });
  assert.equal(await readText(host, "map.3.0"), "one\ntwo\ntwo");
  addPart(host, "in.0", "x");
  await runPart(host, "cat", { input: { parts: ["in.0", "map.3.0", "in.0"] }, output: { name: "map.4" } });
  assert.equal(await readText(host, "map.4.0"), "x\none\ntwo\ntwo\nx");
});

test("part_run sorts and divides output by key, and merges sorted parts", async () => {
  await using host = await openTestHost();
  const words = Array.from({ length: 3_000 }, (_, i) => `w${i % 700}`);
  addPart(host, "in.0", words.join("\n"));
  const map = `awk '{ print $1 "\\t" NR }'`;
  const { parts } = await runPart(host, map, {
    input: { parts: ["in.0"] },
    output: { as: "keyed", reducers: 4 },
  });
  assert.deepEqual(parts.map(({ name }) => name), ["map.3.0", "map.3.1", "map.3.2", "map.3.3"]);
  assert.equal(parts.reduce((sum, { records }) => sum + records, 0), 3_000);
  const lines = words.map((word, i) => ({ word, line: `${word}\t${i + 1}\n` }));
  const sorted = (only: (word: string) => boolean) =>
    lines.filter(({ word }) => only(word)).sort((a, b) => compareBytes(utf8(a.word), utf8(b.word)))
      .map(({ line }) => line).join("");
  for (const [i, { name }] of parts.entries()) {
    assert.equal(await readText(host, name), sorted((word) => partitionOf(utf8(word), 4) === i));
  }
  await runPart(host, "cat", {
    stage: "reduce",
    input: { parts: parts.map(({ name }) => name), merge: "key" },
    output: { name: "out" },
  });
  assert.equal(await readText(host, "out.0"), sorted(() => true));
  await runPart(host, "head -n 1", {
    input: { parts: parts.map(({ name }) => name), merge: "key", as: "groups" },
    output: { name: "out" },
  });
  const first = JSON.parse(await readText(host, "out.0"));
  assert.deepEqual(first, { key: "w0", values: ["1", "701", "1401", "2101", "2801"] });
});

test("part_run gives JSON and takes JSON", async () => {
  await using host = await openTestHost();
  addPart(host, "in.0", '{"n":1}\n{"n":2}\n');
  addPart(host, "in.1", '{"n":3}');
  const input = { parts: ["in.0", "in.1"], items: "json" as const, as: "array" as const };
  const { parts } = await runPart(host, "cat", { input, output: { as: "value" } });
  assert.deepEqual(parts, [{ name: "map.3.0", bytes: 25, records: 1 }]);
  assert.equal(await readText(host, "map.3.0"), '[{"n":1},{"n":2},{"n":3}]');
  await runPart(host, "cat", {
    input: { ...input, parts: ["map.3.0", "in.1"], as: "values" },
    output: { as: "value", name: "v" },
  });
  assert.deepEqual(JSON.parse(await readText(host, "v.0")), [[{ n: 1 }, { n: 2 }, { n: 3 }], { n: 3 }]);
  for (const command of ["echo '{'", "echo '{} {}'", "true"]) {
    await failsWith(
      runPart(host, command, { output: { as: "value", name: "w" } }),
      "cannot_run",
      /did not write one JSON value$/,
    );
  }
  await failsWith(readText(host, "w.0"), "cannot_run", /not on this host/);
  addPart(host, "in.2", "1\nnope\n");
  await failsWith(
    runPart(host, "cat; echo fine", { input: { ...input, parts: ["in.2"] } }),
    "cannot_run",
    /line 2 of the part "in.2" is no JSON$/,
  );
});

test("part_run refuses what does not fit together", async () => {
  await using host = await openTestHost();
  addPart(host, "in.0", "x");
  const wrong: readonly (readonly [Parameters<typeof runPart>[2], RegExp])[] = [
    [{ input: { parts: ["in.0"], files: ["x"] } }, /only one may be$/],
    [{ input: { parts: ["in.0"], as: "groups" } }, /merged by key$/],
    [{ output: { reducers: 2 } }, /only output by key/],
    [{ output: { name: "map.1.2.3.4" } }, /leaves no room/],
    [{ output: { name: "../x" } }, /parameters of "part_run"/],
    [{ input: { parts: ["../../mode.json"] } }, /parameters of "part_run"/],
    [{ run: "r_../../../../etc/passwd00" }, /parameters of "part_run"/],
  ];
  for (const [changes, pattern] of wrong) {
    await failsWith(runPart(host, "cat", changes), "bad_request", pattern);
  }
  await failsWith(
    runPart(host, "cat", { input: { parts: ["in.9"] } }),
    "cannot_run",
    /"in.9": it is not on this host$/,
  );
  await failsWith(runPart(host, "cat", { cwd: "/nowhere" }), "cannot_run", /there is no such folder$/);
});

test("part_run reads files only where the host's rules let it, and never waits for a FIFO", async () => {
  await using host = await openTestHost();
  await new Deno.Command("mkfifo", { args: [`${host.home}/fifo`] }).output();
  const read = (path: string) => runPart(host, "cat", { input: { files: [path] } });
  await failsWith(read(`${host.folder}/agent/state/jobs.db`), "refused", /^Cannot read/);
  await failsWith(read("fifo"), "refused", /fifo/);
  await failsWith(read("missing\n"), "cannot_run", /./);
  assert.equal(host.spool.taken, 0);
});

test("part_run is judged as exec judges the command", async () => {
  await using plan = await openTestHost({ settings: { mode: "plan" } });
  await failsWith(runPart(plan, "make install"), "refused", /plan mode/);
  assert.equal((await runPart(plan, "echo $REMOTE_AGENTS_STAGE")).exitCode, 0);
  assert.equal(await readText(plan, "map.3.0"), "map\n");
  await using edit = await openTestHost();
  await failsWith(runPart(edit, "rm -rf /"), "refused", /./);
  await using disabled = await openTestHost({ settings: { mode: "disabled" } });
  await failsWith(runPart(disabled, "true"), "refused", /mode disabled/);
  assert.equal(disabled.spool.runs, 0);
});

Deno.test({
  name:
    `part_run in plan mode runs isolated, with its variables, and leaves no file behind${NEEDS_BWRAP.why}`,
  ignore: NEEDS_BWRAP.ignore,
  fn: async () => {
    await using host = await openTestHost({ settings: { mode: "plan", sandbox: "auto" } });
    addPart(host, "in.0", "x\n");
    const command =
      `awk 'BEGIN { print ENVIRON["REMOTE_AGENTS_PARTITION"] } { print }'; touch file; ls ${host.folder}/agent/state`;
    const result = await runPart(host, command, { input: { parts: ["in.0"] } });
    assert.deepEqual([result.exitCode === 0, result.isolation], [false, "isolated"]);
    const fine = await runPart(host, `touch /tmp/x; echo $REMOTE_AGENTS_PARTITION; cat`, {
      input: { parts: ["in.0"] },
    });
    assert.deepEqual([fine.exitCode, fine.isolation], [0, "isolated"]);
    assert.equal(await readText(host, "map.3.0"), "3\nx\n");
    await assert.rejects(Deno.stat(`${host.home}/file`), Deno.errors.NotFound);
  },
});

Deno.test({
  name: `a command in edit mode cannot see the parts of others${NEEDS_BWRAP.why}`,
  ignore: NEEDS_BWRAP.ignore,
  fn: async () => {
    await using host = await openTestHost({ settings: { sandbox: "auto" } });
    {
      using use = host.spool.join({ run: `r_${"b".repeat(20)}`, ticket: "b".repeat(32) });
      await using writer = await use.parts.write("in.0");
      await writer.write(utf8("secret"));
      await writer.finish();
    }
    const result = await runPart(
      host,
      `find ${host.folder}/agent/state -type f -exec cat {} + | grep -c secret; true`,
    );
    assert.deepEqual([result.exitCode, result.isolation], [0, "guarded"]);
    assert.equal(await readText(host, "map.3.0"), "0\n");
  },
});

test("part_run refuses output that a background process may still write", async () => {
  await using host = await openTestHost();
  await failsWith(runPart(host, "echo a; sleep 30 & echo $! > pid"), "cannot_run", /background process/);
  const pid = Number(await Deno.readTextFile(`${host.home}/pid`));
  if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
  assert.equal((await runPart(host, "echo a; (sleep 0.01; true) >/dev/null 2>&1 & true")).exitCode, 0);
});

test("part_run ends the command with everything it started at its timeout, on abort and when its run is dropped", async () => {
  await using host = await openTestHost({ endGraceMs: 100 });
  const late = await runPart(host, "echo x; sleep 1000", { timeout_ms: 200 });
  assert.deepEqual([late.timedOut, late.parts], [true, []]);
  for (const way of ["abort", "drop"] as const) {
    const file = `${host.home}/pid-${way}`;
    const controller = new AbortController();
    const key = way === "drop" ? { run: `r_${"d".repeat(20)}`, ticket: "d".repeat(32) } : {};
    const running = runPart(host, `yes & echo $! > ${file}; sleep 1000 & wait`, key, {
      signal: controller.signal,
    })
      .then(() => "done", (error: { code?: string }) => error.code);
    const pid = await eventually(
      "the command has started",
      async () => Number(await Deno.readTextFile(file).catch(() => "")) || false,
    );
    if (way === "abort") controller.abort();
    else await host.spool.drop({ run: `r_${"d".repeat(20)}`, ticket: "d".repeat(32) });
    assert.equal(await running, "cancelled");
    await eventually("its processes are gone", () => !isAlive(pid));
  }
  assert.equal(host.spool.taken, 0);
});

test("part_run streams 240 MiB through a command in bounded memory", async () => {
  await using host = await openTestHost();
  const path = `${host.home}/large`;
  const MIB = 1024 * 1024;
  const hash = createHash("sha256");
  {
    using file = await Deno.open(path, { create: true, write: true });
    const chunk = new Uint8Array(MIB);
    for (let i = 0; i < 240; i++) {
      chunk.fill(i + 11).fill(10, MIB - 1);
      hash.update(chunk);
      await file.write(chunk);
    }
  }
  const before = Deno.memoryUsage().rss;
  let peak = before;
  const timer = setInterval(() => peak = Math.max(peak, Deno.memoryUsage().rss), 20);
  try {
    const { parts } = await runPart(host, "cat", { input: { files: [path] } });
    assert.deepEqual(parts, [{ name: "map.3.0", bytes: 240 * MIB, records: 240 }]);
  } finally {
    clearInterval(timer);
  }
  // Far below what goes through, and above what a collector leaves lying under load.
  assert.ok(peak - before < 160 * MIB, `it took ${Math.round((peak - before) / MIB)} MiB`);
  using use = host.spool.open({ run: `r_${"a".repeat(20)}`, ticket: "a".repeat(32) });
  const copy = createHash("sha256");
  for await (const chunk of use.parts.read("map.3.0")) copy.update(chunk);
  assert.equal(copy.digest("hex"), hash.digest("hex"));
});
