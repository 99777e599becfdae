import assert from "node:assert/strict";
import { openBackups } from "../../../src/backups/store.ts";
import { createFileReplacer, type NewFile } from "../../../src/executors/file_replacer.ts";
import type { PathGuard } from "../../../src/executors/path_guard.ts";
import { createWriteFile, newFileOf } from "../../../src/executors/write_file.ts";
import { callContext } from "../../helpers/call_context.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { fails, fileOperations, namesIn, sha256 } from "./_file_operations.ts";

const fileOf = (text: string): NewFile => newFileOf(new TextEncoder().encode(text));
const request = (path: string, changes: { isDryRun?: boolean; createParents?: boolean } = {}) =>
  ({ path, operation: "write_file", createParents: false, ...changes }) as const;

Deno.test("a file that another program changes after it was read is not replaced, and the change stays", async () => {
  await using host = await fileOperations();
  const replaceFile = createFileReplacer(host);
  const path = `${host.folder}/a`;
  await Deno.writeTextFile(path, "one");
  const replacing = replaceFile(request(path), callContext(), async () => {
    await Deno.writeTextFile(path, "somebody else's");
    return fileOf("two");
  });
  const error = await fails(replacing, "cannot_run", /another program changed it.*it is as it was/);
  assert.match(error.remedy ?? "", /Read it again/);
  assert.equal(await Deno.readTextFile(path), "somebody else's");
  assert.deepEqual(namesIn(host.folder), ["a"]);
});

Deno.test("a file that takes the place of the allowed one is neither read nor replaced", async () => {
  let swap = async () => {};
  let calls = 0;
  const change = (guard: PathGuard): PathGuard => ({
    ...guard,
    writeTarget: async (path, mode) => {
      const target = await guard.writeTarget(path, mode);
      if (++calls % 2 === 0) await swap();
      return target;
    },
  });
  await using host = await fileOperations({ change });
  const replaceFile = createFileReplacer(host);
  const path = `${host.folder}/a`;
  await Deno.writeTextFile(path, "allowed");
  await Deno.writeTextFile(`${host.folder}/closed`, "closed");
  swap = async () => {
    await Deno.remove(path);
    await Deno.link(`${host.folder}/closed`, path);
  };
  const make = () => assert.fail("it was read");
  await fails(replaceFile(request(path), callContext(), make), "cannot_run", /another program replaced it/);
  swap = async () => {
    await Deno.remove(path);
    await Deno.symlink("closed", path);
  };
  await fails(replaceFile(request(path), callContext(), make), "cannot_run", /link/);
  assert.equal(await Deno.readTextFile(`${host.folder}/closed`), "closed");
  assert.equal((await host.backupList({}, callContext())).backups.length, 0);
});

Deno.test("a path that leads elsewhere once it has been waited for is not written", async () => {
  let calls = 0;
  const change = (guard: PathGuard): PathGuard => ({
    ...guard,
    writeTarget: (path, mode) => guard.writeTarget(calls++ === 0 ? path : `${path}2`, mode),
  });
  await using host = await fileOperations({ change });
  const replacing = createFileReplacer(host)(request("~/a"), callContext(), () => fileOf("x"));
  await fails(replacing, "cannot_run", /leads elsewhere/);
  assert.deepEqual(namesIn(host.folder), []);
});

Deno.test("a dry run changes nothing and makes no folder", async () => {
  await using host = await fileOperations();
  const replaceFile = createFileReplacer(host);
  const dry = request("~/d/a", { isDryRun: true, createParents: true });
  const result = await replaceFile(dry, callContext(), () => fileOf("x"));
  assert.deepEqual([result.created, result.changed, result.sha256], [true, true, sha256("x")]);
  assert.deepEqual(namesIn(host.folder), []);
});

Deno.test("a file that is too large to be backed up is not replaced", async () => {
  await using host = await fileOperations({ limits: { perPath: 5, totalBytes: 1e6, fileBytes: 10 } });
  await Deno.writeTextFile(`${host.folder}/a`, "x".repeat(11));
  const writing = host.writeFile({ path: "~/a", content: "y" }, callContext());
  await fails(writing, "too_large", /has 11 bytes, more than the 10/);
  assert.equal(await Deno.readTextFile(`${host.folder}/a`), "x".repeat(11));
});

Deno.test("a failure leaves the lock free", async () => {
  await using host = await fileOperations();
  const replaceFile = createFileReplacer(host);
  for (let round = 0; round < 3; round++) {
    const broken = () => Promise.reject(new Error("it broke"));
    await assert.rejects(replaceFile(request("~/a"), callContext(), broken), /^Error: it broke$/);
  }
  await replaceFile(request("~/a"), callContext(), () => fileOf("x"));
});

Deno.test({
  name: "a file is not replaced when its backup finds no room",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 || !canMount(),
  fn: async () => {
    await using host = await fileOperations();
    await using temporary = await temporaryFolder();
    const disk = `${temporary.folder}/disk`;
    await Deno.mkdir(disk);
    await run("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk]);
    try {
      using backups = openBackups(disk);
      const write = createWriteFile(createFileReplacer({ guard: host.guard, backups }));
      const path = `${host.folder}/a`;
      await Deno.writeTextFile(path, "x".repeat(600_000));
      const error = await fails(
        write({ path, content: "y" }, callContext()),
        "cannot_run",
        /the disk is full/,
      );
      assert.match(error.message, /^Cannot back ".*" up, and so did not replace it/);
      assert.equal((await Deno.stat(path)).size, 600_000);
      assert.deepEqual(namesIn(`${disk}/backups/objects/drafts`), []);
      assert.deepEqual(await backups.list({ limit: 5 }), []);
    } finally {
      await run("umount", [disk]);
    }
  },
});

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
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
