import assert from "node:assert/strict";
import { join } from "node:path";
import { kindOf, NotRegularError, openRegularFile } from "../../../src/host/open_file.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const ignore = Deno.build.os === "windows";

Deno.test("openRegularFile() opens a file for reading, at its beginning", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "-name\nwith line");
  await Deno.writeTextFile(path, "hello");
  using file = await openRegularFile(path);
  const bytes = new Uint8Array(9);
  assert.equal(await file.read(bytes), 5);
  assert.equal((await file.stat()).ino, (await Deno.stat(path)).ino);
  await assert.rejects(file.write(bytes));
});

Deno.test({
  name: "openRegularFile() refuses what is no regular file, at once",
  ignore,
  fn: async () => {
    await using temporary = await temporaryFolder();
    const at = (name: string) => join(temporary.folder, name);
    assert.ok((await new Deno.Command("mkfifo", { args: [at("fifo")] }).output()).success);
    await Deno.writeTextFile(at("file"), "x");
    await Deno.symlink("file", at("link"));
    for (
      const [path, kind] of [[at("fifo"), "fifo"], [at("link"), "link"], ["/dev/null", "character device"], [
        temporary.folder,
        "folder",
      ]] as const
    ) {
      await assert.rejects(
        openRegularFile(path),
        (error) => error instanceof NotRegularError && error.kind === kind,
        path,
      );
    }
    await assert.rejects(openRegularFile(at("missing")), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "openRegularFile() never waits and never follows, however files are swapped",
  ignore,
  fn: async () => {
    await using temporary = await temporaryFolder();
    const at = (name: string) => join(temporary.folder, name);
    assert.ok((await new Deno.Command("mkfifo", { args: [at("fifo")] }).output()).success);
    await Deno.writeTextFile(at("file"), "good");
    await Deno.writeTextFile(at("other"), "evil");
    await Deno.symlink("other", at("link"));
    let isOver = false;
    // Another program that puts one after the other in the file's place.
    const swapper = (async () => {
      for (let turn = 0; !isOver; turn++) {
        await Deno.remove(at("x")).catch(() => {});
        if (turn % 3 === 0) await Deno.link(at("fifo"), at("x"));
        else if (turn % 3 === 1) await Deno.symlink("other", at("x"));
        else await Deno.link(at("file"), at("x"));
      }
    })();
    try {
      for (let turn = 0; turn < 300; turn++) {
        try {
          using file = await openRegularFile(at("x"));
          const bytes = new Uint8Array(9);
          assert.equal(new TextDecoder().decode(bytes.subarray(0, await file.read(bytes) ?? 0)), "good");
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
        }
      }
    } finally {
      isOver = true;
      await swapper;
    }
  },
});

Deno.test("kindOf() names every kind", async () => {
  const nothing = await Deno.stat(".").then((info) => ({ ...info, isDirectory: false }));
  const kinds = {
    isFile: "file",
    isDirectory: "folder",
    isSymlink: "link",
    isFifo: "fifo",
    isSocket: "socket",
    isCharDevice: "character device",
    isBlockDevice: "block device",
  };
  for (const [key, kind] of Object.entries(kinds)) assert.equal(kindOf({ ...nothing, [key]: true }), kind);
  assert.equal(kindOf(nothing), "unknown");
});
