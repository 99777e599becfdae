import assert from "node:assert/strict";
import type { PathGuard } from "../../../src/executors/path_guard.ts";
import { createRemoveFile } from "../../../src/executors/remove_file.ts";
import { callContext } from "../../helpers/call_context.ts";
import { fails, fileOperations, namesIn, sha256 } from "./_file_operations.ts";

const isWindows = Deno.build.os === "windows";

/** Needs links, modes and FIFOs. */
function posixTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: isWindows, fn });
}

Deno.test("remove_file removes a file, keeps it, and backup_restore brings it back as it was", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a.txt`;
  const content = Uint8Array.of(0, 255, 10, 128);
  await Deno.writeFile(path, content, { mode: 0o640 });
  await Deno.chmod(path, 0o640);
  const removed = await host.removeFile({ path: "~/a.txt" }, callContext());
  assert.deepEqual(removed, {
    path,
    removed: true,
    bytes: 4,
    previousSha256: sha256(content),
    backupId: 1,
    linkTarget: null,
  });
  assert.deepEqual(namesIn(host.folder), []);
  const [entry] = (await host.backupList({ path }, callContext())).backups;
  assert.deepEqual([entry?.id, entry?.operation, entry?.content], [1, "remove_file", "intact"]);
  const restored = await host.backupRestore({ id: 1, expected_sha256: null }, callContext());
  assert.deepEqual([restored.created, restored.path, restored.sha256], [true, path, sha256(content)]);
  assert.deepEqual(await Deno.readFile(path), content);
  if (!isWindows) assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o640);
});

Deno.test("remove_file removes only what is expected", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  await Deno.writeTextFile(path, "one");
  const remove = (expected_sha256: string | null) =>
    host.removeFile({ path, expected_sha256 }, callContext());
  const error = await fails(remove(sha256("other")), "cannot_run", new RegExp(`"${sha256("one")}" now`));
  assert.match(error.remedy ?? "", /read it again/);
  await fails(remove(""), "cannot_run", /there must be no file/);
  await fails(remove(null), "cannot_run", /there must be no file/);
  assert.equal(await Deno.readTextFile(path), "one");
  assert.deepEqual((await host.backupList({}, callContext())).backups, []);
  assert.equal((await remove(sha256("one").toUpperCase())).removed, true);
  await fails(remove(sha256("one")), "cannot_run", /there is no such file, "\w+" was expected/);
});

Deno.test("remove_file of nothing is an error, unless nothing is expected", async () => {
  await using host = await fileOperations();
  for (const path of ["~/a", "~/no/such/folder/a"]) {
    const error = await fails(
      host.removeFile({ path }, callContext()),
      "cannot_run",
      /^Cannot remove ".*a": there is no such file$/,
    );
    assert.match(error.remedy ?? "", /list_dir/);
    for (const expected_sha256 of ["", null]) {
      const result = await host.removeFile({ path, expected_sha256 }, callContext());
      assert.deepEqual([result.removed, result.bytes, result.previousSha256, result.backupId], [
        false,
        0,
        null,
        null,
      ]);
    }
  }
  assert.deepEqual(namesIn(host.folder), []);
});

Deno.test("of many removals at once exactly one is done", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  await Deno.writeTextFile(path, "x");
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => host.removeFile({ path }, callContext())),
  );
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
});

Deno.test("writes and removals at once lose nothing that was written", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  const contents = Array.from({ length: 10 }, (_, at) => `writer ${at}`);
  await Promise.allSettled([
    ...contents.map((content) => host.writeFile({ path, content }, callContext())),
    ...contents.map(() => host.removeFile({ path }, callContext())),
  ]);
  await host.removeFile({ path }, callContext()).catch(() => {}); // It may be gone already.
  const { backups } = await host.backupList({ path }, callContext());
  assert.deepEqual(new Set(backups.map((backup) => backup.sha256)), new Set(contents.map(sha256)));
});

posixTest("remove_file removes a link itself, and tells where it led", async () => {
  await using host = await fileOperations({ deny: ["closed"] });
  await Deno.writeTextFile(`${host.folder}/closed`, "closed");
  await Deno.mkdir(`${host.folder}/d`);
  await Deno.writeTextFile(`${host.folder}/d/a`, "x");
  const links = { one: "d/a", folder: "d", lost: "gone", self: "self", secret: "closed" };
  for (const [name, target] of Object.entries(links)) await Deno.symlink(target, `${host.folder}/${name}`);
  await fails(
    host.removeFile({ path: "~/one", expected_sha256: sha256("x") }, callContext()),
    "cannot_run",
    /it is a symbolic link to "d\/a"/,
  );
  for (const [name, linkTarget] of Object.entries(links)) {
    assert.deepEqual(await host.removeFile({ path: `~/${name}` }, callContext()), {
      path: `${host.folder}/${name}`,
      removed: true,
      bytes: 0,
      previousSha256: null,
      backupId: null,
      linkTarget,
    });
  }
  assert.deepEqual([namesIn(host.folder), namesIn(`${host.folder}/d`)], [["closed", "d"], ["a"]]);
  // Through a link among the folders the file goes.
  await Deno.symlink("d", `${host.folder}/folder`);
  const result = await host.removeFile({ path: "~/folder/a" }, callContext());
  assert.deepEqual([result.path, namesIn(`${host.folder}/d`)], [`${host.folder}/d/a`, []]);
});

posixTest("remove_file leaves other hard links, and refuses what is no file or closed", async () => {
  await using host = await fileOperations({ deny: ["closed"] });
  const at = (name: string) => `${host.folder}/${name}`;
  await Deno.writeTextFile(at("a"), "x");
  await Deno.link(at("a"), at("b"));
  await Deno.writeTextFile(at("closed"), "closed");
  await Deno.link(at("closed"), at("other name"));
  await Deno.mkdir(at("d"));
  await new Deno.Command("mkfifo", { args: [at("fifo")] }).output();
  await host.removeFile({ path: at("a") }, callContext());
  assert.equal(await Deno.readTextFile(at("b")), "x");
  const before = namesIn(host.folder);
  const folder = await fails(
    host.removeFile({ path: at("d") }, callContext()),
    "cannot_run",
    /it is a folder/,
  );
  assert.match(folder.remedy ?? "", /a command can/);
  for (const name of ["fifo", "closed", "other name", "../state/backups.db"]) {
    await fails(host.removeFile({ path: at(name) }, callContext()), "refused", /^Cannot /);
  }
  await fails(host.removeFile({ path: at("b") }, callContext({ mode: "plan" })), "refused", /only reads/);
  assert.deepEqual(namesIn(host.folder), before);
});

for (const name of ["-rf", "a\nb", "a\u001b[2J", "\u202e", "x".repeat(255), "*", " "]) {
  posixTest(
    `remove_file removes and restores a file called ${JSON.stringify(name).slice(0, 30)}`,
    async () => {
      await using host = await fileOperations();
      const path = `${host.folder}/${name}`;
      await Deno.writeTextFile(path, "x");
      await Deno.writeTextFile(`${host.folder}/other`, "y");
      const { backupId } = await host.removeFile({ path }, callContext());
      assert.deepEqual(namesIn(host.folder), ["other"]);
      await host.backupRestore({ id: backupId ?? 0 }, callContext());
      assert.equal(await Deno.readTextFile(path), "x");
    },
  );
}

/** What another program does after the path was allowed under the lock, and what is then left. */
const races: readonly [string, (path: string) => Promise<void>, RegExp, Record<string, string>][] = [
  [
    "replaces",
    async (path) => {
      await Deno.writeTextFile(`${path}2`, "new");
      await Deno.rename(`${path}2`, path);
    },
    /another program replaced it/,
    { a: "new", closed: "closed" },
  ],
  [
    "swaps for a link to a closed file",
    async (path) => {
      await Deno.remove(path);
      await Deno.symlink("closed", path);
    },
    /link/,
    { a: "closed", closed: "closed" },
  ],
  [
    "swaps for a closed file itself",
    async (path) => {
      await Deno.remove(path);
      await Deno.link(`${path}/../closed`.replace("/a/..", ""), path);
    },
    /another program replaced it/,
    { a: "closed", closed: "closed" },
  ],
  ["removes", (path) => Deno.remove(path), /no such/, { closed: "closed" }],
];
for (const [what, race, message, left] of races) {
  posixTest(`a file that another program ${what} is neither read nor removed`, async () => {
    let calls = 0;
    const change = (guard: PathGuard): PathGuard => ({
      ...guard,
      removeTarget: async (path, mode) => {
        const target = await guard.removeTarget(path, mode);
        if (++calls === 2) await race(target.path);
        return target;
      },
    });
    await using host = await fileOperations({ change });
    await Deno.writeTextFile(`${host.folder}/a`, "allowed");
    await Deno.writeTextFile(`${host.folder}/closed`, "closed");
    await fails(host.removeFile({ path: "~/a" }, callContext()), "cannot_run", message);
    const found = namesIn(host.folder).map((name) => [name, Deno.readTextFileSync(`${host.folder}/${name}`)]);
    assert.deepEqual(Object.fromEntries(found), left);
    assert.deepEqual((await host.backupList({}, callContext())).backups, []);
  });
}

posixTest("a link that another program swaps for a file stays with the file", async () => {
  let calls = 0;
  const change = (guard: PathGuard): PathGuard => ({
    ...guard,
    removeTarget: async (path, mode) => {
      const target = await guard.removeTarget(path, mode);
      if (++calls === 2) {
        await Deno.remove(target.path);
        await Deno.writeTextFile(target.path, "precious");
      }
      return target;
    },
  });
  await using host = await fileOperations({ change });
  await Deno.symlink("nowhere", `${host.folder}/a`);
  await fails(host.removeFile({ path: "~/a" }, callContext()), "cannot_run", /replaced the link/);
  assert.equal(await Deno.readTextFile(`${host.folder}/a`), "precious");
});

Deno.test("a file that changes after its backup is not removed", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  await Deno.writeTextFile(path, "one");
  const backups = {
    ...host.backups,
    save: async (...args: Parameters<typeof host.backups.save>) => {
      const saved = await host.backups.save(...args);
      await Deno.writeTextFile(path, "somebody else's");
      return saved;
    },
  };
  const remove = createRemoveFile({ guard: host.guard, backups });
  const error = await fails(remove({ path }, callContext()), "cannot_run", /changed it.*it is as it was/);
  assert.match(error.remedy ?? "", /Read it again/);
  assert.equal(await Deno.readTextFile(path), "somebody else's");
});

Deno.test("a path that leads elsewhere once it has been waited for is not removed", async () => {
  let calls = 0;
  const change = (guard: PathGuard): PathGuard => ({
    ...guard,
    removeTarget: (path, mode) => guard.removeTarget(calls++ === 0 ? path : `${path}2`, mode),
  });
  await using host = await fileOperations({ change });
  for (const name of ["a", "a2"]) await Deno.writeTextFile(`${host.folder}/${name}`, "x");
  await fails(host.removeFile({ path: "~/a" }, callContext()), "cannot_run", /leads elsewhere/);
  assert.deepEqual(namesIn(host.folder), ["a", "a2"]);
});

Deno.test("a file that is too large to be backed up is not removed", async () => {
  await using host = await fileOperations({ limits: { perPath: 5, totalBytes: 1e6, fileBytes: 10 } });
  await Deno.writeTextFile(`${host.folder}/a`, "x".repeat(11));
  const error = await fails(host.removeFile({ path: "~/a" }, callContext()), "too_large", /has 11 bytes/);
  assert.match(error.remedy ?? "", /copy it first/);
  assert.deepEqual(namesIn(host.folder), ["a"]);
});

Deno.test("remove_file that is cancelled leaves the file", async () => {
  await using host = await fileOperations();
  await Deno.writeTextFile(`${host.folder}/a`, "x");
  const signal = AbortSignal.abort();
  await fails(host.removeFile({ path: "~/a" }, callContext({ signal })), "cancelled", /./);
  const controller = new AbortController();
  const save = (...args: Parameters<typeof host.backups.save>) => {
    controller.abort();
    return host.backups.save(...args);
  };
  const remove = createRemoveFile({ guard: host.guard, backups: { ...host.backups, save } });
  await fails(remove({ path: "~/a" }, callContext({ signal: controller.signal })), "cancelled", /./);
  assert.deepEqual(namesIn(host.folder), ["a"]);
});
