import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { PART_LIMITS } from "../../../src/parts/rules.ts";
import { openSpool } from "../../../src/parts/spool.ts";
import { eventually } from "../../helpers/eventually.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { namesIn } from "./_lines.ts";
import { keyOf, openTestSpool, readPart, writePart } from "./_spool.ts";

function codeAndText(work: () => unknown): string {
  try {
    work();
    return "allowed";
  } catch (error) {
    const { code, message } = OperationError.from(error);
    return `${code}: ${message}`;
  }
}

Deno.test("a run opens to its ticket alone, and nobody learns which runs there are", async () => {
  await using opened = await openTestSpool();
  const { spool } = opened;
  {
    using use = spool.join(keyOf("a"));
    await writePart(use.parts, "map.1", "secret");
  }
  const refusal = "refused: Cannot use the run's parts: there is no such run here for this ticket";
  assert.equal(codeAndText(() => spool.join(keyOf("a", "b"))), refusal);
  assert.equal(codeAndText(() => spool.open(keyOf("a", "b"))), refusal);
  assert.equal(codeAndText(() => spool.open(keyOf("b"))), refusal);
  await assert.rejects(spool.drop(keyOf("a", "b")), { message: refusal.slice("refused: ".length) });
  await assert.rejects(spool.drop(keyOf("b")), { message: refusal.slice("refused: ".length) });
  {
    // Another's own run shows nothing of it.
    using use = spool.join(keyOf("b"));
    assert.equal(use.parts.info("map.1"), undefined);
  }
  using use = spool.open(keyOf("a"));
  assert.equal(await readPart(use.parts, "map.1"), "secret");
});

Deno.test("drop() ends what runs, frees everything, and a late request does not begin the run anew", async () => {
  await using opened = await openTestSpool();
  const { spool, folder } = opened;
  const use = spool.join(keyOf("a"), new AbortController().signal);
  await writePart(use.parts, "map.1", "12345");
  const writer = await use.parts.write("map.2");
  await writer.write(new Uint8Array(7));
  use.signal.addEventListener("abort", () => {
    void writer[Symbol.asyncDispose]().then(() => use[Symbol.dispose]());
  });
  assert.equal(await spool.drop(keyOf("a")), 5);
  assert.ok(use.signal.reason instanceof OperationError && use.signal.reason.code === "cancelled");
  assert.deepEqual([spool.taken, spool.runs], [0, 0]);
  const [own] = (await namesIn(folder)).filter((name) => name !== "owners");
  assert.deepEqual(await namesIn(`${folder}/${own}`), []);
  assert.match(codeAndText(() => spool.join(keyOf("a"))), /^refused/);
  assert.equal(await spool.drop(keyOf("a")), 0);
  await assert.rejects(spool.drop(keyOf("a", "b")), /no such run here/);
});

Deno.test("a writer that outlives its run keeps nothing", async () => {
  await using opened = await openTestSpool();
  const use = opened.spool.join(keyOf("a"));
  use.parts.addBytes("in.0", new Uint8Array(1));
  await using writer = await use.parts.write("map.1");
  await writer.write(new Uint8Array(3));
  use[Symbol.dispose]();
  await opened.spool.drop(keyOf("a"));
  await assert.rejects(writer.finish(), /the run was dropped/);
  await assert.rejects(use.parts.write("map.2"), /the run was dropped/);
});

Deno.test("the bytes of all runs have a limit, and the disk is never filled", async () => {
  let availableBytes = 1_000;
  await using opened = await openTestSpool({
    limits: { ...PART_LIMITS, totalBytes: 400, freeBytes: 700, freeShare: 0.05 },
    askDisk: () => Promise.resolve({ totalBytes: 10_000, availableBytes }),
  });
  using use = opened.spool.join(keyOf("a"));
  await writePart(use.parts, "map.1", "x".repeat(290));
  availableBytes -= 290;
  await assert.rejects(
    writePart(use.parts, "map.2", "x".repeat(20)),
    /the disk of this host would be too full$/,
  );
  availableBytes = 100_000;
  await writePart(use.parts, "map.2", "x".repeat(100));
  await assert.rejects(
    writePart(use.parts, "map.3", "x".repeat(20)),
    /parts take 390 bytes of this host, and their limit is 400$/,
  );
  assert.equal(opened.spool.taken, 390);
  await use.parts.remove("map.1");
  await writePart(use.parts, "map.3", "x".repeat(20));
});

Deno.test("runs have a highest number, and make room when they are a day old", async () => {
  let now = 1_000;
  await using opened = await openTestSpool({
    limits: { ...PART_LIMITS, maxRuns: 2, keepMs: 500 },
    now: () => now,
  });
  const { spool } = opened;
  const held = spool.join(keyOf("a"));
  {
    using use = spool.join(keyOf("b"));
    await writePart(use.parts, "map.1", "b");
  }
  assert.match(codeAndText(() => spool.join(keyOf("c"))), /^busy: .* parts of 2, its limit$/);
  now += 501;
  spool.join(keyOf("c"))[Symbol.dispose]();
  {
    using again = spool.open(keyOf("a"));
    assert.equal(again.parts, held.parts);
  }
  assert.match(codeAndText(() => spool.open(keyOf("b"))), /^refused/);
  await eventually("freed bytes", () => spool.taken === 0);
  held[Symbol.dispose]();
});

Deno.test("a run that was forgotten may begin again, unlike one that was dropped", async () => {
  let now = 0;
  await using opened = await openTestSpool({
    limits: { ...PART_LIMITS, maxRuns: 1, keepMs: 10 },
    now: () => now,
  });
  opened.spool.join(keyOf("a"))[Symbol.dispose]();
  now = 11;
  opened.spool.join(keyOf("b"))[Symbol.dispose]();
  now = 22;
  opened.spool.join(keyOf("a"))[Symbol.dispose]();
});

Deno.test("openSpool() removes what dead processes left, and nothing of living ones", async () => {
  await using temporary = await temporaryFolder();
  const folder = `${temporary.folder}/parts`;
  await Deno.mkdir(`${folder}/dead/r_x`, { recursive: true });
  await Deno.writeTextFile(`${folder}/dead/r_x/part-map.1`, "left");
  await using living = openSpool({ folder });
  using use = living.join(keyOf("a"));
  await writePart(use.parts, "map.1", "alive");
  await eventually("a swept folder", async () => !(await namesIn(folder)).includes("dead"));
  await Deno.mkdir(`${folder}/dead`);
  {
    await using other = openSpool({ folder, sweepsAtStart: true });
    await eventually("a swept folder", async () => !(await namesIn(folder)).includes("dead"));
    assert.equal(other.runs, 0);
  }
  assert.equal(await readPart(use.parts, "map.1"), "alive");
});

Deno.test("openSpool() makes nothing before it is used, and leaves no part behind", async () => {
  await using temporary = await temporaryFolder();
  const folder = `${temporary.folder}/parts`;
  {
    await using spool = openSpool({ folder, sweepsAtStart: true });
    using use = spool.join(keyOf("a"));
    use.parts.addBytes("in.0", new Uint8Array(3));
  }
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  {
    await using spool = openSpool({ folder });
    using use = spool.join(keyOf("a"));
    await writePart(use.parts, "map.1", "x");
    use[Symbol.dispose]();
  }
  assert.deepEqual([await namesIn(folder), await namesIn(`${folder}/owners`)], [["owners"], []]);
});

Deno.test("a run without a part keeps no place", async () => {
  await using opened = await openTestSpool({ limits: { ...PART_LIMITS, maxRuns: 1 } });
  const { spool, folder } = opened;
  {
    using use = spool.join(keyOf("a"));
    await using writer = await use.parts.write("map.1");
    await writer.write(new Uint8Array(3));
  }
  assert.deepEqual([spool.runs, spool.taken], [0, 0]);
  using use = spool.join(keyOf("b"));
  await writePart(use.parts, "map.1", "b");
  const [own = ""] = (await namesIn(folder)).filter((name) => name !== "owners");
  await eventually(
    "the first one's folder is gone",
    async () => (await namesIn(`${folder}/${own}`)).length === 1,
  );
});

Deno.test("drop() does not wait for who only keeps the run", async () => {
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  await writePart(use.parts, "map.1", "12345");
  const startedAt = performance.now();
  assert.equal(await opened.spool.drop(keyOf("a")), 5);
  assert.ok(performance.now() - startedAt < 4_000);
  assert.ok(use.signal.aborted);
});
