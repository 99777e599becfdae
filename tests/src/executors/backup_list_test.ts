import assert from "node:assert/strict";
import { backupList } from "../../../src/protocol/operations/backup_list.ts";
import { callContext } from "../../helpers/call_context.ts";
import { fileOperations, sha256 } from "./_file_operations.ts";

Deno.test("backup_list shows what was kept, newest first, by whom and for what", async () => {
  await using host = await fileOperations();
  const caller = { id: "bcdefghij0123456789a", name: "ada", isLocal: false };
  for (const content of ["1", "22", "333"]) {
    await host.writeFile({ path: "~/a", content }, callContext({ caller }));
  }
  const result = backupList.result.parse(await host.backupList({}, callContext()));
  assert.deepEqual(result.backups.map(({ id, size }) => [id, size]), [[2, 2], [1, 1]]);
  const [, oldest] = result.backups;
  assert.ok(Math.abs(Date.parse(oldest?.time ?? "") - Date.now()) < 60_000);
  const mode = ((await Deno.stat(`${host.folder}/a`)).mode ?? 0) & 0o777;
  assert.deepEqual(oldest, {
    id: 1,
    path: `${host.folder}/a`,
    time: oldest?.time,
    operation: "write_file",
    caller: { id: caller.id, name: "ada" },
    size: 1,
    sha256: sha256("1"),
    mode: mode.toString(8),
    content: "intact",
  });
});

Deno.test("backup_list finds a file, a folder with all below it, what is gone, and no namesakes", async () => {
  await using host = await fileOperations();
  const files = ["d/a", "d/e/a", "d2/a", "d", "d0/x", "d!/x", "D/a"].filter((name) => name !== "d");
  for (const file of files) {
    for (const content of ["1", "2"]) {
      await host.writeFile({ path: `~/${file}`, content, create_parents: true }, callContext());
    }
  }
  await Deno.symlink("d", `${host.folder}/link`);
  await Deno.remove(`${host.folder}/d/e`, { recursive: true });
  const found = async (path: string) =>
    (await host.backupList({ path }, callContext())).backups
      .map(({ path }) => path.slice(host.folder.length + 1)).sort();
  assert.deepEqual(await found("~/d"), ["d/a", "d/e/a"]);
  assert.deepEqual(await found("~/d/"), ["d/a", "d/e/a"]);
  assert.deepEqual(await found("~/link/e"), ["d/e/a"]);
  assert.deepEqual(await found("~/d/a"), ["d/a"]);
  assert.deepEqual(await found("~/d/%"), []);
  assert.equal((await found("~")).length, files.length);
  assert.equal((await found("/")).length, files.length);
});

Deno.test("the pages of backup_list hold every version once", async () => {
  await using host = await fileOperations();
  for (let at = 0; at <= 13; at++) {
    await host.writeFile({ path: `~/${at % 3}`, content: String(at) }, callContext());
  }
  const ids: number[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const page = await host.backupList(
      { limit: 4, ...(cursor === undefined ? {} : { cursor }) },
      callContext(),
    );
    ids.push(...page.backups.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
    pages++;
  } while (cursor !== undefined);
  assert.deepEqual(ids, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.equal(pages, 3);
});
