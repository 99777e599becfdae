import assert from "node:assert/strict";
import type { FileHandle } from "node:fs/promises";
import { atomicWrite, FileChangedError, isDraftName, OwnerError } from "../../../src/host/atomic_write.ts";
import { FolderMovedError } from "../../../src/host/pinned_folder.ts";
import { stampAt } from "../../../src/host/stamped_file.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const isPosix = Deno.build.os !== "windows";

async function scene() {
  const temporary = await temporaryFolder();
  const folder = await Deno.realPath(temporary.folder);
  return {
    folder,
    path: `${folder}/a`,
    names: () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

const text = (value: string) => async (file: FileHandle) => {
  await file.writeFile(value);
};

Deno.test("atomicWrite() makes a file and replaces it, and leaves no draft and no entry in the log", async () => {
  await using at = await scene();
  const log: string[] = [];
  const drafts = {
    begin: (path: string) => void log.push(`begin ${path}`),
    end: (path: string) => void log.push(`end ${path}`),
  };
  await atomicWrite(at.path, text("one"), { replaces: undefined, drafts });
  await atomicWrite(at.path, text("two"), { replaces: await stampAt(at.path), drafts });
  assert.equal(await Deno.readTextFile(at.path), "two");
  assert.deepEqual(at.names(), ["a"]);
  assert.deepEqual(log.map((line) => line.split(" ")[0]), ["begin", "end", "begin", "end"]);
  const drafted = (log[0] ?? "").slice("begin ".length);
  assert.ok(drafted.startsWith(`${at.folder}/`) && isDraftName(drafted.slice(at.folder.length + 1)));
  assert.equal(log[1], `end ${drafted}`);
});

Deno.test({
  name: "the draft of what replaces a file is closed to others while it is written",
  ignore: !isPosix,
  fn: async () => {
    await using at = await scene();
    await Deno.writeTextFile(at.path, "one", { mode: 0o666 });
    let seen = 0;
    await atomicWrite(at.path, async (file) => {
      seen = (await file.stat()).mode & 0o777;
      await file.writeFile("two");
    }, { replaces: await stampAt(at.path), mode: 0o644 });
    assert.equal(seen, 0o600);
    assert.equal(((await Deno.stat(at.path)).mode ?? 0) & 0o777, 0o644);
  },
});

const failures: readonly [string, (path: string) => Promise<void>, new () => Error][] = [
  ["changed", (path) => Deno.writeTextFile(path, "another", { append: true }), FileChangedError],
  ["touched", (path) => Deno.utime(path, 1, 1), FileChangedError],
  ["removed", (path) => Deno.remove(path), FileChangedError],
  ["replaced", async (path) => {
    await Deno.writeTextFile(`${path}2`, "one");
    await Deno.rename(`${path}2`, path);
  }, FileChangedError],
  ["made a link", async (path) => {
    await Deno.rename(path, `${path}2`);
    await Deno.symlink(`${path}2`, path);
  }, FileChangedError],
];
for (const [what, change, error] of failures) {
  Deno.test(`atomicWrite() does not replace a file that is ${what} while the new one is written`, async () => {
    await using at = await scene();
    await Deno.writeTextFile(at.path, "one");
    const replaces = await stampAt(at.path);
    const write = async (file: FileHandle) => {
      await file.writeFile("two");
      await change(at.path);
    };
    await assert.rejects(atomicWrite(at.path, write, { replaces }), error);
    const content = await Deno.readTextFile(at.path).catch(() => undefined);
    assert.notEqual(content, "two");
    assert.deepEqual(at.names().filter(isDraftName), []);
  });
}

Deno.test("atomicWrite() does not replace what comes to be where nothing was", async () => {
  await using at = await scene();
  const write = async (file: FileHandle) => {
    await file.writeFile("mine");
    await Deno.writeTextFile(at.path, "theirs");
  };
  await assert.rejects(atomicWrite(at.path, write, { replaces: undefined }), FileChangedError);
  assert.equal(await Deno.readTextFile(at.path), "theirs");
  assert.deepEqual(at.names(), ["a"]);
});

Deno.test("atomicWrite() whose content fails, or that is cancelled, leaves the old file", async () => {
  await using at = await scene();
  await Deno.writeTextFile(at.path, "one");
  const replaces = await stampAt(at.path);
  const broken = async (file: FileHandle) => {
    await file.writeFile("half");
    throw new Error("the content broke off");
  };
  await assert.rejects(atomicWrite(at.path, broken, { replaces }), /broke off/);
  const signal = AbortSignal.abort(new Error("cancelled"));
  await assert.rejects(atomicWrite(at.path, text("two"), { replaces, signal }), /cancelled/);
  assert.equal(await Deno.readTextFile(at.path), "one");
  assert.deepEqual(at.names(), ["a"]);
});

Deno.test({
  name: "atomicWrite() does not follow a folder that was swapped for a link before or while it writes",
  ignore: !isPosix,
  fn: async () => {
    await using at = await scene();
    await Deno.mkdir(`${at.folder}/d`);
    await Deno.mkdir(`${at.folder}/victim`);
    const swap = async () => {
      await Deno.rename(`${at.folder}/d`, `${at.folder}/moved`);
      await Deno.symlink("victim", `${at.folder}/d`);
    };
    const write = async (file: FileHandle) => {
      await file.writeFile("x");
      await swap();
    };
    const writing = atomicWrite(`${at.folder}/d/a`, write, { replaces: undefined });
    if (Deno.build.os === "linux") {
      await writing;
      assert.equal(await Deno.readTextFile(`${at.folder}/moved/a`), "x", "it is where it was allowed");
    } else {
      await writing.catch(() => {});
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${at.folder}/victim`)), []);
    const late = atomicWrite(`${at.folder}/d/b`, text("x"), { replaces: undefined });
    await assert.rejects(
      late,
      (error) => error instanceof FolderMovedError || /ELOOP|ENOTDIR/.test(String(error)),
    );
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${at.folder}/victim`)), []);
  },
});

Deno.test({
  name: "atomicWrite() refuses to take a file over from another owner",
  ignore: !isPosix || Deno.uid() === 0,
  fn: async () => {
    await using at = await scene();
    await Deno.writeTextFile(at.path, "one");
    const options = { replaces: await stampAt(at.path), owner: { uid: 0, gid: 0 } };
    await assert.rejects(atomicWrite(at.path, text("two"), options), OwnerError);
    assert.equal(await Deno.readTextFile(at.path), "one");
    assert.deepEqual(at.names(), ["a"]);
  },
});

Deno.test({
  name: "atomicWrite() says what the system said of a full disk and of a read-only one, and leaves no draft",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 || !canMount(),
  fn: async () => {
    await using at = await scene();
    const disk = `${at.folder}/disk`;
    await Deno.mkdir(disk);
    await mount(["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
    try {
      await Deno.writeTextFile(`${disk}/a`, "one");
      const replaces = await stampAt(`${disk}/a`);
      const large = text("x".repeat(1_000_000));
      await assert.rejects(atomicWrite(`${disk}/a`, large, { replaces }), { code: "ENOSPC" });
      assert.deepEqual((await Array.fromAsync(Deno.readDir(disk))).map(({ name }) => name), ["a"]);
      await mount(["-o", "remount,ro", disk]);
      await assert.rejects(atomicWrite(`${disk}/a`, text("two"), { replaces }), { code: "EROFS" });
      assert.equal(await Deno.readTextFile(`${disk}/a`), "one");
    } finally {
      assert.ok((await new Deno.Command("umount", { args: [disk] }).output()).success);
    }
  },
});

async function mount(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("mount", { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** Whether this process may mount at all. */
function canMount(): boolean {
  const folder = Deno.makeTempDirSync();
  try {
    if (!new Deno.Command("mount", { args: ["-t", "tmpfs", "tmpfs", folder] }).outputSync().success) {
      return false;
    }
    return new Deno.Command("umount", { args: [folder] }).outputSync().success;
  } catch {
    // There is no such program.
    return false;
  } finally {
    Deno.removeSync(folder);
  }
}
