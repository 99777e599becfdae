import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createFileStat } from "../../../src/executors/file_stat.ts";
import { fileStat } from "../../../src/protocol/operations/file_stat.ts";
import type { Mode } from "../../../src/protocol/mode.ts";
import { callContext } from "../../helpers/call_context.ts";
import { type GuardedHome, guardedHome, SECRET } from "../../helpers/guarded_home.ts";

function test(
  name: string,
  body: (
    stat: (
      path: string,
      options?: { sha256?: boolean; mode?: Mode },
    ) => Promise<ReturnType<typeof fileStat.result.parse>>,
    home: GuardedHome,
  ) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await using home = await guardedHome();
      const execute = createFileStat({ guard: home.guard });
      await body(
        async (path, { sha256 = false, mode = "edit" } = {}) =>
          fileStat.result.parse(
            await execute(fileStat.params.parse({ path, sha256 }), callContext({ mode })),
          ),
        home,
      );
    },
  });
}

test("createFileStat() describes a file", async (stat, { home, write }) => {
  await write("a", "hello");
  await Deno.chmod(join(home, "a"), 0o4640);
  await Deno.utime(join(home, "a"), 1_000_000_000, 1_000_000_000);
  const result = await stat("a", { sha256: true });
  assert.deepEqual(
    [
      result.path,
      result.kind,
      result.size,
      result.permissions,
      result.modified,
      result.hardLinks,
      result.userId,
      result.link,
      result.notes,
    ],
    [join(home, "a"), "file", 5, "4640", "2001-09-09T01:46:40.000Z", 1, Deno.uid(), undefined, []],
  );
  assert.equal(result.sha256, createHash("sha256").update("hello").digest("hex"));
  assert.deepEqual([result.mayRead, result.mayWrite], [true, true]);
  assert.deepEqual([(await stat("a", { mode: "plan" })).mayWrite, (await stat(".")).kind], [false, "folder"]);
});

test(
  "createFileStat() follows links and tells of them, also of broken ones",
  async (stat, { home, write }) => {
    await write("d/a", "x");
    await Deno.symlink("d/a", join(home, "good"));
    await Deno.symlink("d/missing", join(home, "bad"));
    const good = await stat("good");
    assert.deepEqual([good.path, good.kind, good.link], [
      join(home, "d/a"),
      "file",
      { path: join(home, "good"), target: "d/a", isBroken: false },
    ]);
    const bad = await stat("bad");
    assert.deepEqual([bad.path, bad.kind, bad.link?.isBroken], [join(home, "bad"), "link", true]);
  },
);

test("createFileStat() tells what may not be read, and hashes nothing of it", async (stat, { home }) => {
  const result = await stat(".ssh/id_test", { sha256: true });
  assert.deepEqual([result.mayRead, result.mayWrite, result.sha256], [false, false, undefined]);
  assert.match(result.notes.join(), /^Not hashed: Cannot read/);
  assert.ok(!JSON.stringify(result).includes(SECRET));
  await Deno.symlink(".vault/deep/key", join(home, "link"));
  for (const path of [".vault/deep/key", "link", ".vault"]) {
    await assert.rejects(stat(path), { code: "refused" }, path);
  }
  await assert.rejects(stat("missing"), { code: "cannot_run" });
});

test(
  "createFileStat() describes what is neither file nor folder without opening it",
  async (stat, { home }) => {
    assert.ok((await new Deno.Command("mkfifo", { args: [join(home, "fifo")] }).output()).success);
    const result = await stat("fifo", { sha256: true });
    assert.deepEqual([result.kind, result.notes], ["fifo", ["Not hashed: it is no regular file"]]);
    assert.equal((await stat("/dev/null")).kind, "character device");
  },
);
