import assert from "node:assert/strict";
import { join } from "node:path";
import type { ResultOf } from "../../../src/protocol/operation.ts";
import { OPERATIONS } from "../../../src/protocol/operation.ts";
import { openTestHost, outside, type TestHost } from "../../helpers/local_host.ts";
import { namesIn, sha256 } from "./_file_operations.ts";
import { addPart, failsWith, KEY } from "./_parts.ts";

async function save(
  { executors }: TestHost,
  params: Record<string, unknown>,
  context: Parameters<typeof outside>[0] = {},
): Promise<ResultOf<"part_save">> {
  const all = { ...KEY, part: "result", ...params };
  return OPERATIONS.part_save.result.parse(await executors.execute("part_save", all, outside(context)));
}

Deno.test("part_save makes a file of a part, and replaces one with a backup that restores it", async () => {
  await using host = await openTestHost();
  addPart(host, "result", "first");
  const path = join(await Deno.realPath(host.home), "out");
  const made = await save(host, { path: "~/out" });
  assert.deepEqual(made, {
    path,
    created: true,
    changed: true,
    bytes: 5,
    sha256: sha256("first"),
    previousSha256: null,
    backupId: null,
  });
  assert.equal((await save(host, { path })).changed, false);
  addPart(host, "result", "second");
  const replaced = await save(host, { path });
  assert.deepEqual([replaced.created, replaced.previousSha256], [false, sha256("first")]);
  assert.equal(await Deno.readTextFile(path), "second");
  assert.notEqual(replaced.backupId, null);
  await host.executors.execute("backup_restore", { id: replaced.backupId }, outside());
  assert.equal(await Deno.readTextFile(path), "first");
});

Deno.test("part_save writes bytes of any kind and number as they are", async () => {
  await using host = await openTestHost();
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
  addPart(host, "result", bytes);
  const { sha256: hash } = await save(host, { path: "~/big" });
  assert.equal(hash, sha256(bytes));
  assert.equal(sha256(await Deno.readFile(join(host.home, "big"))), hash);
  addPart(host, "empty", "");
  assert.equal((await save(host, { path: "~/none", part: "empty" })).bytes, 0);
});

Deno.test("part_save without a part tells whether it could be written, and changes nothing", async () => {
  await using host = await openTestHost();
  await Deno.writeTextFile(join(host.home, "old"), "old");
  await save(host, { path: "~/old", part: undefined });
  await save(host, { path: "~/new", part: undefined });
  assert.deepEqual(namesIn(host.home), ["old"]);
  assert.equal(await Deno.readTextFile(join(host.home, "old")), "old");
  await failsWith(save(host, { path: "~/no/new", part: undefined }), "cannot_run", /there is no folder/);
  await save(host, { path: "~/no/new", part: undefined, create_parents: true });
  assert.deepEqual(namesIn(host.home), ["old"]);
});

Deno.test("part_save makes folders only if it is asked to", async () => {
  await using host = await openTestHost();
  addPart(host, "result", "x");
  await failsWith(save(host, { path: "~/a/b/out" }), "cannot_run", /there is no folder/);
  await save(host, { path: "~/a/b/out", create_parents: true });
  assert.equal(await Deno.readTextFile(join(host.home, "a/b/out")), "x");
});

Deno.test("part_save writes only over the file that is expected", async () => {
  await using host = await openTestHost();
  addPart(host, "result", "new");
  await Deno.writeTextFile(join(host.home, "out"), "old");
  await failsWith(save(host, { path: "~/out", expected_sha256: sha256("other") }), "cannot_run", /sha256/);
  await failsWith(save(host, { path: "~/out", expected_sha256: "" }), "cannot_run", /sha256/);
  await save(host, { path: "~/out", expected_sha256: sha256("old") });
  assert.equal(await Deno.readTextFile(join(host.home, "out")), "new");
});

for (const [mode, rule] of [["plan", /plan/], ["disabled", /disabled/]] as const) {
  Deno.test(`part_save is refused in ${mode} mode, with and without a part`, async () => {
    await using host = await openTestHost({ settings: { mode } });
    addPart(host, "result", "x");
    for (const part of ["result", undefined]) {
      await failsWith(save(host, { path: "~/out", part }), "refused", rule);
    }
    assert.deepEqual(namesIn(host.home), []);
  });
}

Deno.test("part_save obeys the path rules, also for where a link leads", async () => {
  await using host = await openTestHost({ settings: { deny_paths: ["~/secret/**"] } });
  addPart(host, "result", "x");
  const secret = join(host.home, "secret");
  await Deno.mkdir(secret);
  await Deno.symlink("secret/key", join(host.home, "innocent"));
  const own = join(host.folder, "agent", "config.toml");
  for (const path of [join(secret, "key"), "~/innocent", own]) {
    await failsWith(save(host, { path }), "refused", /./);
    await failsWith(save(host, { path, part: undefined }), "refused", /./);
  }
  assert.deepEqual(namesIn(secret), []);
});

Deno.test("part_save tells nothing without the right ticket, and of a part that is not there", async () => {
  await using host = await openTestHost();
  addPart(host, "result", "secret");
  await failsWith(save(host, { path: "~/out", ticket: "b".repeat(32) }), "refused", /no such run here/);
  await failsWith(save(host, { path: "~/out", part: "other" }), "cannot_run", /it is not on this host$/);
  await failsWith(save(host, { path: "~/out", part: "../x" }), "bad_request", /parameters of "part_save"/);
  assert.deepEqual(namesIn(host.home), []);
});

Deno.test("part_save that is cancelled leaves the old file and lets the run go", async () => {
  await using host = await openTestHost();
  addPart(host, "result", "x");
  await Deno.writeTextFile(join(host.home, "out"), "old");
  const signal = AbortSignal.abort(new Error("the caller is gone"));
  await failsWith(save(host, { path: "~/out" }, { signal }), "cancelled", /./);
  assert.equal(await Deno.readTextFile(join(host.home, "out")), "old");
  assert.equal(await host.spool.drop(KEY), 0);
});
