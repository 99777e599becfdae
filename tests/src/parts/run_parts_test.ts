import assert from "node:assert/strict";
import { stampOf } from "../../../src/parts/part_content.ts";
import { PART_LIMITS } from "../../../src/parts/rules.ts";
import { EMPTY, utf8 } from "../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { keyOf, openTestSpool, readPart, writePart } from "./_spool.ts";

Deno.test("write() makes a part whole or not at all, and in the place of another", async () => {
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  const { parts } = use;
  await writePart(parts, "map.1", "old\n");
  {
    await using writer = await parts.write("map.1");
    await writer.write(utf8("half"));
    assert.equal(await readPart(parts, "map.1"), "old\n");
  }
  assert.equal(await readPart(parts, "map.1"), "old\n");
  await writePart(parts, "map.1", "new\nlast");
  assert.deepEqual(parts.info("map.1"), { name: "map.1", bytes: 8, records: 2 });
  assert.equal(opened.spool.taken, 8);
  assert.equal(await readPart(parts, "map.1", 4), "last");
  await parts.remove("map.1");
  assert.equal(parts.info("map.1"), undefined);
  assert.equal(opened.spool.taken, 0);
  assert.throws(
    () => parts.read("map.1"),
    /^OperationError: Cannot read the part "map.1": it is not on this host$/,
  );
});

Deno.test("a part that somebody reads may be replaced and removed meanwhile", async () => {
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  const content = "x".repeat(300_000);
  await writePart(use.parts, "map.1", content);
  let text = "";
  for await (const chunk of use.parts.read("map.1")) {
    if (text === "") await writePart(use.parts, "map.1", "other");
    if (text === "") await use.parts.remove("map.1");
    text += new TextDecoder().decode(chunk);
  }
  assert.equal(text, content);
});

Deno.test("files and folders of parts are for the owner alone", async () => {
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  await writePart(use.parts, "map.1", "x");
  const modes: string[] = [];
  const look = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const { mode } = await Deno.stat(`${folder}/${name}`);
      modes.push(`${isDirectory ? "folder" : "file"} ${((mode ?? 0) & 0o777).toString(8)}`);
      if (isDirectory) await look(`${folder}/${name}`);
    }
  };
  await look(opened.folder);
  assert.deepEqual([...new Set(modes)].sort(), ["file 600", "folder 700"]);
});

Deno.test("addRange() reads a range of a file that stays where it is, as long as it is the same", async () => {
  await using temporary = await temporaryFolder();
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  const { parts } = use;
  const path = `${temporary.folder}/data`;
  await Deno.writeTextFile(path, "0123456789");
  await parts.addRange("in.0", { path, start: 2, end: 5 });
  await parts.addRange("in.1", { path, start: 5, end: 5 });
  assert.deepEqual([
    await readPart(parts, "in.0"),
    await readPart(parts, "in.0", 1),
    await readPart(parts, "in.1"),
  ], [
    "234",
    "34",
    "",
  ]);
  assert.equal(opened.spool.taken, 0);
  await assert.rejects(parts.addRange("in.2", { path, start: 5, end: 11 }), /the file has 10$/);
  for (const change of ["grown", "replaced", "removed"] as const) {
    await Deno.writeTextFile(path, "0123456789");
    await parts.addRange("in.0", { path, start: 2, end: 5 });
    if (change === "grown") await Deno.writeTextFile(path, "!", { append: true });
    if (change !== "grown") await Deno.remove(path);
    if (change === "replaced") {
      await Deno.writeTextFile(path, "9876543210");
      await Deno.utime(path, 1, 1);
    }
    await assert.rejects(readPart(parts, "in.0"), /^OperationError: Cannot read the part: /, change);
  }
});

Deno.test("a range whose file changes while it is read fails at its end", async () => {
  await using temporary = await temporaryFolder();
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  const path = `${temporary.folder}/data`;
  await Deno.writeTextFile(path, "x".repeat(300_000));
  await use.parts.addRange("in.0", { path, start: 0, end: 300_000 });
  await assert.rejects(async () => {
    for await (const _ of use.parts.read("in.0")) await Deno.writeTextFile(path, "!", { append: true });
  }, /the file was changed since the run began/);
});

Deno.test("addBytes() keeps a part in memory", async () => {
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  assert.deepEqual(use.parts.addBytes("in.0", utf8("a\nb")), { name: "in.0", bytes: 3, records: 2 });
  assert.equal(await readPart(use.parts, "in.0", 1), "\nb");
  assert.equal(opened.spool.taken, 0);
});

Deno.test("a run has a highest number of parts", async () => {
  await using opened = await openTestSpool({ limits: { ...PART_LIMITS, maxPartsOfRun: 2 } });
  using use = opened.spool.join(keyOf("a"));
  await writePart(use.parts, "map.1", "a");
  use.parts.addBytes("map.2", utf8("b"));
  await assert.rejects(use.parts.write("map.3"), /the run has 2 on this host, the limit$/);
  assert.throws(() => use.parts.addBytes("map.3", utf8("c")), /the limit$/);
  await writePart(use.parts, "map.1", "again");
});

Deno.test("parts of all runs have a highest number, also empty ones, and dropping a run makes room", async () => {
  await using opened = await openTestSpool({ limits: { ...PART_LIMITS, maxParts: 3 } });
  const { spool } = opened;
  using use = spool.join(keyOf("a"));
  use.parts.addBytes("map.1", EMPTY);
  use.parts.addBytes("map.1", EMPTY);
  await writePart(use.parts, "map.2", "b");
  {
    using other = spool.join(keyOf("b"));
    other.parts.addBytes("map.1", EMPTY);
    assert.throws(() => other.parts.addBytes("map.2", EMPTY), /this host keeps 3 of all runs, its limit$/);
    await assert.rejects(use.parts.write("map.3"), /its limit$/);
    await use.parts.remove("map.2");
    other.parts.addBytes("map.2", EMPTY);
  }
  await spool.drop(keyOf("b"));
  use.parts.addBytes("map.3", EMPTY);
  use.parts.addBytes("map.4", EMPTY);
  assert.throws(() => use.parts.addBytes("map.5", EMPTY), /its limit$/);
});

Deno.test("a part that comes after its run was forgotten takes nothing", async () => {
  await using opened = await openTestSpool();
  const use = opened.spool.join(keyOf("a"));
  const writer = await use.parts.write("map.1");
  await writer.write(utf8("late"));
  use.parts.addBytes("map.2", EMPTY);
  await opened.spool.drop(keyOf("a"));
  assert.throws(() => use.parts.addBytes("map.3", EMPTY), /the run was dropped$/);
  await assert.rejects(writer.finish(), /the run was dropped$/);
  await writer[Symbol.asyncDispose]();
  assert.equal(opened.spool.taken, 0);
  use[Symbol.dispose]();
});

Deno.test("addRange() takes no other state of a file than the one that was divided", async () => {
  await using temporary = await temporaryFolder();
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  const path = `${temporary.folder}/data`;
  await Deno.writeTextFile(path, "0123456789");
  const stamp = await stampOf(path);
  const add = () => use.parts.addRange("in.0", { path, start: 2, end: 5 }, { stamp });
  await add();
  assert.equal(await readPart(use.parts, "in.0"), "234");
  await Deno.writeTextFile(`${path}.new`, "secrets of another file");
  await Deno.rename(`${path}.new`, path);
  await assert.rejects(add(), /the file was changed since the run began$/);
  if (Deno.build.os === "windows") return;
  await Deno.rename(path, `${path}.old`);
  await Deno.symlink(`${path}.old`, path);
  await assert.rejects(add(), /the file was changed since the run began$/);
});
