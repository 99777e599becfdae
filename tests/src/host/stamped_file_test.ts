import assert from "node:assert/strict";
import {
  codeOf,
  hashFile,
  isSameStamp,
  openStampedFile,
  stampAt,
  UnusableFileError,
} from "../../../src/host/stamped_file.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const isPosix = Deno.build.os !== "windows";

Deno.test("openStampedFile() reads and hashes a file in chunks, from its beginning each time", async () => {
  await using temporary = await temporaryFolder();
  const path = `${temporary.folder}/a`;
  const content = new Uint8Array(700_000).map((_, at) => at % 251);
  await Deno.writeFile(path, content);
  await using file = await openStampedFile(path);
  assert.equal(file.size, content.length);
  for (let round = 0; round < 2; round++) {
    const parts: Uint8Array[] = [];
    await file.read(content.length, (chunk) => void parts.push(chunk.slice()));
    assert.ok(parts.length > 1);
    assert.deepEqual(await new Blob(parts.map((part) => part.slice())).bytes(), content);
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
  assert.equal(await hashFile(file, content.length), digest);
  await assert.rejects(hashFile(file, content.length - 1), UnusableFileError);
});

Deno.test({
  name: "openStampedFile() follows no link and waits for no FIFO",
  ignore: !isPosix,
  fn: async () => {
    await using temporary = await temporaryFolder();
    const { folder } = temporary;
    await Deno.writeTextFile(`${folder}/a`, "");
    await Deno.symlink("a", `${folder}/link`);
    await new Deno.Command("mkfifo", { args: [`${folder}/fifo`] }).output();
    await assert.rejects(openStampedFile(`${folder}/link`), (error) => codeOf(error) === "ELOOP");
    for (const path of [`${folder}/fifo`, folder, "/dev/null"]) {
      await assert.rejects(openStampedFile(path), /not a regular file/);
    }
  },
});

const changes: readonly [string, (path: string) => Promise<void>][] = [
  ["written in place", (path) => Deno.writeTextFile(path, "x")],
  ["given another mode", (path) => Deno.chmod(path, 0o600)],
  ["given another time", (path) => Deno.utime(path, 5, 5)],
  ["replaced by its like", async (path) => {
    await Deno.writeTextFile(`${path}2`, "1");
    await Deno.rename(`${path}2`, path);
  }],
];
for (const [what, change] of changes) {
  Deno.test({
    name: `the stamp of a file differs when it is ${what}`,
    ignore: !isPosix,
    fn: async () => {
      await using temporary = await temporaryFolder();
      const path = `${temporary.folder}/a`;
      await Deno.writeTextFile(path, "1", { mode: 0o644 });
      await Deno.utime(path, 1, 1);
      await using file = await openStampedFile(path);
      const present = await stampAt(path);
      assert.ok(present !== undefined && isSameStamp(present, file.stamp));
      await change(path);
      const after = await stampAt(path);
      assert.ok(after !== undefined && !isSameStamp(after, file.stamp));
      await Deno.remove(path);
      assert.equal(await stampAt(path), undefined);
    },
  });
}
