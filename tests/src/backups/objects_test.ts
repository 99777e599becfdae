import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DamagedObjectError, openObjects, readChecked } from "../../../src/backups/objects.ts";
import { openStampedFile, UnusableFileError } from "../../../src/host/stamped_file.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");
const MAX = 10_000_000;

async function scene() {
  const temporary = await temporaryFolder();
  const objects = openObjects(`${temporary.folder}/objects`);
  const put = async (content: string | Uint8Array<ArrayBuffer>) => {
    const path = `${temporary.folder}/source`;
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await using file = await openStampedFile(path);
    const draft = await objects.draft(file, MAX);
    objects.adopt(draft);
    await objects.discard(draft);
    return draft;
  };
  return {
    objects,
    put,
    folder: `${temporary.folder}/objects`,
    drafts: () => [...Deno.readDirSync(`${temporary.folder}/objects/drafts`)].map(({ name }) => name),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

Deno.test("a content is stored under its hash, once, readable by its owner alone", async () => {
  await using at = await scene();
  const content = new Uint8Array(600_000).fill(7);
  for (let round = 0; round < 2; round++) {
    assert.equal((await at.put(content)).sha256, sha256(content));
    assert.deepEqual(at.objects.list(), [sha256(content)]);
    assert.deepEqual(at.drafts(), []);
  }
  const path = `${at.folder}/${sha256(content).slice(0, 2)}/${sha256(content).slice(2)}`;
  assert.deepEqual(await Deno.readFile(path), content);
  if (Deno.build.os !== "windows") {
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assert.equal(((await Deno.stat(at.folder)).mode ?? 0) & 0o777, 0o700);
  }
  await using file = await at.objects.open(sha256(content));
  let bytes = 0;
  await readChecked(
    file,
    { sha256: sha256(content), size: content.length },
    (chunk) => void (bytes += chunk.length),
  );
  assert.equal(bytes, content.length);
});

Deno.test("check() finds damage, glance() what its size shows, and storing it again repairs it", async () => {
  await using at = await scene();
  const { sha256: hash, size } = await at.put("content");
  const path = `${at.folder}/${hash.slice(0, 2)}/${hash.slice(2)}`;
  assert.deepEqual([await at.objects.check(hash, size), at.objects.glance(hash, size)], ["intact", "intact"]);
  await Deno.writeTextFile(path, "contenT");
  assert.deepEqual([await at.objects.check(hash, size), at.objects.glance(hash, size)], [
    "damaged",
    "intact",
  ]);
  await Deno.writeTextFile(path, "conten");
  assert.deepEqual([await at.objects.check(hash, size), at.objects.glance(hash, size)], [
    "damaged",
    "damaged",
  ]);
  {
    await using file = await at.objects.open(hash);
    await assert.rejects(readChecked(file, { sha256: hash, size }, () => {}), DamagedObjectError);
  }
  await at.put("content");
  assert.equal(await at.objects.check(hash, size), "intact");
  at.objects.remove(hash);
  at.objects.remove(hash);
  assert.deepEqual([await at.objects.check(hash, size), at.objects.glance(hash, size)], [
    "missing",
    "missing",
  ]);
});

Deno.test("a draft that fails leaves nothing, and one that was left goes after an hour", async () => {
  await using at = await scene();
  await at.put("content");
  {
    await using source = await openStampedFile(`${at.folder}/../source`);
    await assert.rejects(at.objects.draft(source, 3), UnusableFileError);
    assert.deepEqual(at.drafts(), []);
    await at.objects.draft(source, MAX);
  }
  assert.equal(at.drafts().length, 1);
  at.objects.removeOldDrafts(Date.now());
  assert.equal(at.drafts().length, 1);
  at.objects.removeOldDrafts(Date.now() + 3_700_000);
  assert.deepEqual(at.drafts(), []);
  assert.deepEqual(at.objects.list(), [sha256("content")]);
});
