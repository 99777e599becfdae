import assert from "node:assert/strict";
import { callContext } from "../../helpers/call_context.ts";
import { fails, fileOperations, sha256 } from "./_file_operations.ts";

const objectOf = (stateFolder: string, content: string) =>
  `${stateFolder}/backups/objects/${sha256(content).slice(0, 2)}/${sha256(content).slice(2)}`;

Deno.test("backup_restore puts a version back, keeps the present one first, and can be undone", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  for (const content of ["one\n", "two\n"]) await host.writeFile({ path, content }, callContext());
  const dry = await host.backupRestore({ id: 1, dry_run: true }, callContext());
  assert.equal(await Deno.readTextFile(path), "two\n");
  assert.match(dry.diff, /^-two\n\+one$/m);
  const restored = await host.backupRestore({ id: 1 }, callContext());
  assert.deepEqual(restored, { ...dry, dryRun: false, backupId: 2 });
  assert.equal(await Deno.readTextFile(path), "one\n");
  await host.backupRestore({ id: restored.backupId ?? 0 }, callContext());
  assert.equal(await Deno.readTextFile(path), "two\n");
});

Deno.test("backup_restore brings a file back that is gone, with its folders when asked to", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/d/a`;
  for (const content of ["one", "two"]) {
    await host.writeFile({ path, content, create_parents: true }, callContext());
  }
  await Deno.remove(`${host.folder}/d`, { recursive: true });
  await fails(host.backupRestore({ id: 1 }, callContext()), "cannot_run", /there is no folder/);
  const result = await host.backupRestore({ id: 1, create_parents: true }, callContext());
  assert.deepEqual([result.created, result.backupId], [true, null]);
  assert.equal(await Deno.readTextFile(path), "one");
});

Deno.test("backup_restore restores to another path, and keeps what is there", async () => {
  await using host = await fileOperations();
  for (const content of ["one", "two"]) await host.writeFile({ path: "~/a", content }, callContext());
  await host.writeFile({ path: "~/b", content: "other" }, callContext());
  const { backupId } = await host.backupRestore({ id: 1, to: "~/b" }, callContext());
  assert.equal(await Deno.readTextFile(`${host.folder}/b`), "one");
  assert.equal(await Deno.readTextFile(`${host.folder}/a`), "two");
  assert.equal(host.backups.get(backupId ?? 0)?.sha256, sha256("other"));
});

Deno.test({
  name: "backup_restore restores permissions and owner",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  fn: async () => {
    await using host = await fileOperations();
    const path = `${host.folder}/a`;
    await Deno.writeTextFile(path, "one", { mode: 0o640 });
    await Deno.chown(path, 1234, 2345);
    await host.writeFile({ path, content: "two" }, callContext());
    await Deno.chmod(path, 0o600);
    await Deno.chown(path, 0, 0);
    assert.equal((await host.backupRestore({ id: 1 }, callContext())).changed, true);
    const { mode, uid, gid } = await Deno.stat(path);
    assert.deepEqual([(mode ?? 0) & 0o777, uid, gid], [0o640, 1234, 2345]);
    await Deno.chmod(path, 0o600);
    assert.equal(
      (await host.backupRestore({ id: 1 }, callContext())).changed,
      true,
      "equal content, other mode",
    );
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o640);
    assert.equal((await host.backupRestore({ id: 1 }, callContext())).changed, false);
  },
});

const damages: readonly [string, (path: string) => Promise<void>, RegExp][] = [
  ["a changed byte", (path) => Deno.writeTextFile(path, "onE"), /damaged/],
  ["a missing end", (path) => Deno.truncate(path, 2), /damaged/],
  ["a removed content", (path) => Deno.remove(path), /content is gone/],
];
for (const [what, damage, message] of damages) {
  Deno.test(`backup_restore refuses a backup with ${what}, in a dry run too`, async () => {
    await using host = await fileOperations();
    const path = `${host.folder}/a`;
    for (const content of ["one", "two"]) await host.writeFile({ path, content }, callContext());
    await damage(objectOf(host.stateFolder, "one"));
    for (const dry_run of [true, false]) {
      await fails(host.backupRestore({ id: 1, dry_run }, callContext()), "cannot_run", message);
    }
    assert.equal(await Deno.readTextFile(path), "two");
    const { backups } = await host.backupList({}, callContext());
    assert.deepEqual(backups.map(({ content }) => content), [
      what.startsWith("a removed") ? "missing" : "damaged",
    ]);
  });
}

Deno.test("backup_restore works although the backup of the present file pushes out what is restored", async () => {
  await using host = await fileOperations({ limits: { perPath: 1, totalBytes: 1e6, fileBytes: 1e6 } });
  const path = `${host.folder}/a`;
  for (const content of ["one", "two"]) await host.writeFile({ path, content }, callContext());
  await host.backupRestore({ id: 1 }, callContext());
  assert.equal(await Deno.readTextFile(path), "one");
  assert.deepEqual((await host.backupList({}, callContext())).backups.map(({ sha256 }) => sha256), [
    sha256("two"),
  ]);
  await fails(host.backupRestore({ id: 1 }, callContext()), "cannot_run", /there is none with that number/);
});

Deno.test("backup_restore does not reveal by another path what may not be read now", async () => {
  await using host = await fileOperations();
  for (const content of ["secret", "two"]) await host.writeFile({ path: "~/key", content }, callContext());
  await using closed = await fileOperations({
    change: (guard) => ({
      ...guard,
      mayRead: (path, mode) => !path.endsWith("/key") && guard.mayRead(path, mode),
    }),
  });
  for (const content of ["secret", "two"]) await closed.writeFile({ path: "~/key", content }, callContext());
  await fails(closed.backupRestore({ id: 1, to: "~/copy" }, callContext()), "refused", /may not be read/);
  assert.deepEqual(await closed.backupList({}, callContext()), { backups: [], nextCursor: null, hidden: 1 });
});

Deno.test("backup_restore has no diff of what is not text, and says why", async () => {
  await using host = await fileOperations();
  for (const content_base64 of ["AAE=", "AAI="]) {
    await host.writeFile({ path: "~/a", content_base64 }, callContext());
  }
  const { diff, diffNote } = await host.backupRestore({ id: 1 }, callContext());
  assert.equal(diff, "");
  assert.match(diffNote ?? "", /not text/);
});
