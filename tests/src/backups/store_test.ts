import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type BackupsOptions, openBackups } from "../../../src/backups/store.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");
const REASON = { operation: "write_file", caller: { id: "bcdefghij0123456789a", name: "ada" } };
const LIMITS = { perPath: 50, totalBytes: 1e9, fileBytes: 1e9 };

async function scene(options: BackupsOptions = {}) {
  const temporary = await temporaryFolder();
  const { folder } = temporary;
  const backups = openBackups(folder, options);
  const save = async (name: string, content: string, to = backups) => {
    await Deno.writeTextFile(`${folder}/${name}`, content);
    return (await to.save(`${folder}/${name}`, REASON)).backup;
  };
  const objects = () =>
    [...Deno.readDirSync(`${folder}/backups/objects`)].filter(({ name }) => name.length === 2).flatMap((
      { name },
    ) => [...Deno.readDirSync(`${folder}/backups/objects/${name}`)].map((rest) => name + rest.name)).sort();
  const contents = async () =>
    (await backups.list({ limit: 1000 })).map(({ sha256, content }) => `${sha256} ${content}`);
  return {
    folder,
    backups,
    save,
    objects,
    contents,
    [Symbol.asyncDispose]: async () => {
      backups[Symbol.dispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

Deno.test("save() keeps a copy that does not change with the file, and knows all about it", async () => {
  await using at = await scene({ now: () => 123 });
  const { id } = await at.save("a", "one");
  await Deno.writeTextFile(`${at.folder}/a`, "two");
  const { mode, uid, gid } = await Deno.stat(`${at.folder}/a`);
  const backup = at.backups.get(id);
  assert.deepEqual(backup, {
    id: 1,
    seq: 1,
    path: `${at.folder}/a`,
    time: 123,
    operation: "write_file",
    callerId: REASON.caller.id,
    callerName: "ada",
    sha256: sha256("one"),
    size: 3,
    mode,
    uid,
    gid,
  });
  await using opened = await at.backups.open(backup);
  let text = "";
  await opened.read((chunk) => void (text += new TextDecoder().decode(chunk)));
  assert.equal(text, "one");
});

Deno.test("files of the same name in different folders share no versions and push none of each other out", async () => {
  await using at = await scene({ limits: { ...LIMITS, perPath: 2 } });
  for (const folder of ["x", "y"]) await Deno.mkdir(`${at.folder}/${folder}`);
  const first = await at.save("x/a.txt", "x");
  for (let version = 0; version < 5; version++) await at.save("y/a.txt", `y${version}`);
  assert.ok(at.backups.get(first.id));
  const of = async (path: string) =>
    (await at.backups.list({ path, limit: 100 })).map(({ sha256 }) => sha256);
  assert.deepEqual(await of(`${at.folder}/x/a.txt`), [sha256("x")]);
  assert.deepEqual(await of(`${at.folder}/y/a.txt`), [sha256("y4"), sha256("y3")]);
});

Deno.test("equal contents are stored once, and go with the last version that has them", async () => {
  await using at = await scene({ limits: { ...LIMITS, perPath: 1 } });
  await at.save("a", "same");
  await at.save("b", "same");
  assert.deepEqual(at.objects(), [sha256("same")]);
  await at.save("a", "other");
  assert.deepEqual(at.objects(), [sha256("other"), sha256("same")].sort());
  await at.save("b", "third");
  assert.deepEqual(at.objects(), [sha256("other"), sha256("third")].sort());
});

Deno.test("versions over the total size go, the oldest first, but never the one that was just made", async () => {
  await using at = await scene({ limits: { ...LIMITS, totalBytes: 250 } });
  const contents = ["a", "b", "c"].map((letter) => letter.repeat(100));
  for (const [name, content] of contents.entries()) await at.save(String(name), content);
  assert.deepEqual(await at.contents(), [
    `${sha256("c".repeat(100))} intact`,
    `${sha256("b".repeat(100))} intact`,
  ]);
  await at.save("large", "x".repeat(1000));
  assert.deepEqual(await at.contents(), [`${sha256("x".repeat(1000))} intact`]);
  assert.deepEqual(at.objects(), [sha256("x".repeat(1000))]);
});

Deno.test("repeated attempts to replace the same file push no other version out", async () => {
  let now = 0;
  await using at = await scene({ limits: { ...LIMITS, perPath: 3 }, now: () => now });
  await at.save("a", "1");
  await at.save("a", "2");
  const { id } = await at.save("a", "3");
  await at.save("b", "x");
  for (now = 1; now < 10; now++) assert.equal((await at.save("a", "3")).id, id);
  const versions = await at.backups.list({ path: `${at.folder}/a`, limit: 10 });
  assert.deepEqual(versions.map(({ sha256 }) => sha256), ["3", "2", "1"].map(sha256));
  assert.deepEqual([versions[0]?.time, (await at.backups.list({ limit: 1 }))[0]?.id], [9, id]);
  await at.save("a", "1");
  assert.equal((await at.backups.list({ path: `${at.folder}/a`, limit: 10 })).length, 3);
});

Deno.test("an id is never given again", async () => {
  await using at = await scene({ limits: { ...LIMITS, perPath: 1 } });
  const ids = [];
  for (let version = 0; version < 4; version++) ids.push((await at.save("a", String(version))).id);
  assert.deepEqual(ids, [1, 2, 3, 4]);
});

Deno.test("save() refuses a file over the limit", async () => {
  await using at = await scene({ limits: { ...LIMITS, fileBytes: 3 } });
  await at.save("a", "123");
  await assert.rejects(at.save("a", "1234"), { code: "too_large" });
  assert.equal((await at.contents()).length, 1);
});

Deno.test("several users of one store save and prune at once, and every version keeps its content", async () => {
  await using at = await scene({ limits: { ...LIMITS, perPath: 2, totalBytes: 40 } });
  using other = openBackups(at.folder, { limits: { ...LIMITS, perPath: 2, totalBytes: 40 } });
  const users = [at.backups, other];
  await Promise.all(users.flatMap((user, at1) =>
    Array.from({ length: 4 }, async (_, at2) => {
      // Few contents in many files, so that what one removes is what another stores.
      for (let round = 0; round < 12; round++) {
        await at.save(`${at1}-${at2}`, `content ${(round + at2) % 5}`, user);
      }
    })
  ));
  const contents = await at.contents();
  assert.ok(contents.length > 0 && contents.every((line) => line.endsWith(" intact")), contents.join("\n"));
  assert.deepEqual(at.objects(), [...new Set(contents.map((line) => line.split(" ")[0] ?? ""))].sort());
});

Deno.test("opening removes what a killed process left: drafts of long ago, contents without a name", async () => {
  await using at = await scene();
  await at.save("a", "one");
  const draft = `${at.folder}/.remote-agents-${"0123456789abcdef".repeat(2)}.draft`;
  const important = `${at.folder}/important`;
  for (const path of [draft, important]) {
    at.backups.drafts.begin(path);
    await Deno.writeTextFile(path, "half");
  }
  const stray = sha256("stray");
  await Deno.mkdir(`${at.folder}/backups/objects/${stray.slice(0, 2)}`, { recursive: true });
  await Deno.writeTextFile(`${at.folder}/backups/objects/${stray.slice(0, 2)}/${stray.slice(2)}`, "stray");
  openBackups(at.folder, { now: () => Date.now() + 60_000 })[Symbol.dispose]();
  assert.ok((await Deno.stat(draft)).isFile, "another process may still write it");
  openBackups(at.folder, { now: () => Date.now() + 25 * 3_600_000 })[Symbol.dispose]();
  await assert.rejects(Deno.stat(draft), Deno.errors.NotFound);
  assert.ok((await Deno.stat(important)).isFile, "only what has the name of a draft is removed");
  assert.deepEqual(at.objects(), [sha256("one")]);
  assert.deepEqual(await at.contents(), [`${sha256("one")} intact`]);
});

Deno.test("list() tells damaged from intact contents", async () => {
  await using at = await scene();
  await at.save("a", "one");
  await at.save("a", "two");
  const hash = sha256("one");
  await Deno.writeTextFile(`${at.folder}/backups/objects/${hash.slice(0, 2)}/${hash.slice(2)}`, "0ne");
  assert.deepEqual(await at.contents(), [`${sha256("two")} intact`, `${hash} damaged`]);
});
