import assert from "node:assert/strict";
import { callContext } from "../../helpers/call_context.ts";
import { fails, fileOperations, namesIn, sha256 } from "./_file_operations.ts";

const isPosix = Deno.build.os !== "windows";

Deno.test("write_file makes a file, replaces it, keeps the old one, and says all that", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a.txt`;
  assert.deepEqual(await host.writeFile({ path, content: "one" }, callContext()), {
    path,
    created: true,
    changed: true,
    bytes: 3,
    sha256: sha256("one"),
    previousSha256: null,
    backupId: null,
  });
  assert.deepEqual(await host.writeFile({ path: "~/a.txt", content: "two ä" }, callContext()), {
    path,
    created: false,
    changed: true,
    bytes: 6,
    sha256: sha256("two ä"),
    previousSha256: sha256("one"),
    backupId: 1,
  });
  assert.equal(await Deno.readTextFile(path), "two ä");
  const again = await host.writeFile({ path, content: "two ä" }, callContext());
  assert.deepEqual([again.changed, again.backupId], [false, null]);
  assert.deepEqual(namesIn(host.folder), ["a.txt"]);
});

Deno.test("write_file takes base64, and refuses two contents, none, and half a character", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a.bin`;
  await host.writeFile({ path, content_base64: "AP+A" }, callContext());
  assert.deepEqual(await Deno.readFile(path), Uint8Array.of(0, 255, 128));
  const bad = { content: "a", content_base64: "AA==" };
  await fails(host.writeFile({ path, ...bad }, callContext()), "bad_request", /both "content" and/);
  await fails(host.writeFile({ path }, callContext()), "bad_request", /neither "content" nor/);
  await fails(host.writeFile({ path, content: "\ud800" }, callContext()), "bad_request", /half a surrogate/);
});

Deno.test("write_file refuses a lost update, and tells the hash that is there", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a.txt`;
  const write = (content: string, expected_sha256: string | null) =>
    host.writeFile({ path, content, expected_sha256 }, callContext());
  await fails(write("x", sha256("one")), "cannot_run", /there is no such file/);
  await write("one", "");
  await fails(write("x", ""), "cannot_run", new RegExp(`"${sha256("one")}" now, there must be no file`));
  await fails(write("x", null), "cannot_run", /there must be no file/);
  const error = await fails(write("x", sha256("other")), "cannot_run", new RegExp(sha256("one")));
  assert.match(error.remedy ?? "", /read it again/);
  assert.equal((await write("two", sha256("one").toUpperCase())).previousSha256, sha256("one"));
  // A refused write keeps no backup.
  assert.equal((await host.backupList({}, callContext())).backups.length, 1);
});

Deno.test("of many writes at once that expect the same file exactly one is done", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a.txt`;
  await host.writeFile({ path, content: "start" }, callContext());
  const outcomes = await Promise.allSettled(
    Array.from(
      { length: 20 },
      (_, at) =>
        host.writeFile({ path, content: `writer ${at}`, expected_sha256: sha256("start") }, callContext()),
    ),
  );
  const done = outcomes.flatMap((outcome, at) => outcome.status === "fulfilled" ? [at] : []);
  assert.equal(done.length, 1);
  assert.equal(await Deno.readTextFile(path), `writer ${done[0]}`);
});

Deno.test("of many writes at once without a condition each is kept, but for the last", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a.txt`;
  const contents = Array.from({ length: 12 }, (_, at) => `writer ${at}`);
  await Promise.all(contents.map((content) => host.writeFile({ path, content }, callContext())));
  const { backups } = await host.backupList({ path }, callContext());
  const kept = [...backups.map(({ sha256 }) => sha256), sha256(await Deno.readTextFile(path))];
  assert.deepEqual(kept.sort(), contents.map((content) => sha256(content)).sort());
});

Deno.test("write_file makes missing folders only when asked to", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a/b/c.txt`;
  const error = await fails(
    host.writeFile({ path, content: "x" }, callContext()),
    "cannot_run",
    /there is no folder/,
  );
  assert.match(error.remedy ?? "", /create_parents/);
  assert.deepEqual(namesIn(host.folder), []);
  await host.writeFile({ path, content: "x", create_parents: true }, callContext());
  assert.equal(await Deno.readTextFile(path), "x");
});

Deno.test({
  name: "write_file gives a new file the mode that is asked for, and keeps that of an old one",
  ignore: !isPosix,
  fn: async () => {
    await using host = await fileOperations();
    const modeOf = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o7777;
    const path = `${host.folder}/a`;
    await host.writeFile({ path, content: "1", mode: "750" }, callContext());
    assert.equal(await modeOf(path), 0o750);
    await host.writeFile({ path, content: "2", mode: "644" }, callContext());
    assert.equal(await modeOf(path), 0o750);
    await host.writeFile({ path: `${path}2`, content: "1" }, callContext());
    await Deno.writeTextFile(`${path}3`, "", { mode: 0o644 });
    assert.equal(await modeOf(`${path}2`), await modeOf(`${path}3`));
    await Deno.chmod(path, 0o4755);
    await host.writeFile({ path, content: "3" }, callContext());
    assert.equal(await modeOf(path), 0o755, "the set-user-id bit does not outlive the content");
  },
});

Deno.test({
  name: "write_file keeps the owner",
  ignore: !isPosix || Deno.uid() !== 0,
  fn: async () => {
    await using host = await fileOperations();
    const path = `${host.folder}/a`;
    await Deno.writeTextFile(path, "old");
    await Deno.chown(path, 12345, 23456);
    await host.writeFile({ path, content: "new" }, callContext());
    const { uid, gid } = await Deno.stat(path);
    assert.deepEqual([uid, gid], [12345, 23456]);
  },
});

const hostile = ["-rf", "a\nb", "\u001b[2Jx", "ü 𝄞", " ", "a'\"b", "*?[]", "x".repeat(255), "-", "%s", "..."];
for (const name of hostile) {
  Deno.test(`write_file writes, backs up and lists a file called ${JSON.stringify(name).slice(0, 30)}`, async () => {
    await using host = await fileOperations();
    const path = `${host.folder}/${name}`;
    await host.writeFile({ path, content: "1" }, callContext());
    await host.writeFile({ path, content: "2" }, callContext());
    assert.deepEqual(namesIn(host.folder), [name]);
    const { backups } = await host.backupList({ path }, callContext());
    assert.deepEqual(backups.map(({ path, sha256 }) => [path, sha256]), [[path, sha256("1")]]);
  });
}

const bad: readonly [string, (folder: string) => Promise<string>, RegExp][] = [
  ["a folder", async (folder) => {
    await Deno.mkdir(`${folder}/d`);
    return `${folder}/d`;
  }, /it is a folder/],
  ["a name below a file", async (folder) => {
    await Deno.writeTextFile(`${folder}/f`, "");
    return `${folder}/f/x`;
  }, /folders? is a file|not a folder/],
  ["a name that is too long", (folder) => Promise.resolve(`${folder}/${"x".repeat(256)}`), /too long/],
  ["a circle of links", async (folder) => {
    await Deno.symlink(`${folder}/b`, `${folder}/a`);
    await Deno.symlink(`${folder}/a`, `${folder}/b`);
    return `${folder}/a`;
  }, /link/],
];
for (const [what, make, message] of bad) {
  Deno.test({
    name: `write_file says what is wrong with ${what}`,
    ignore: !isPosix,
    fn: async () => {
      await using host = await fileOperations();
      const path = await make(host.folder);
      const before = namesIn(host.folder);
      await fails(host.writeFile({ path, content: "x" }, callContext()), "cannot_run", message);
      assert.deepEqual(namesIn(host.folder), before);
    },
  });
}

Deno.test({
  name: "write_file refuses a FIFO and a device without waiting for them",
  ignore: !isPosix,
  fn: async () => {
    await using host = await fileOperations();
    const path = `${host.folder}/fifo`;
    assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    await fails(host.writeFile({ path, content: "x" }, callContext()), "refused", /no regular file/);
    await fails(
      host.writeFile({ path: "/dev/null", content: "x" }, callContext()),
      "refused",
      /no regular file/,
    );
  },
});

Deno.test("write_file follows a link, keeps the link, and obeys the rules for where it leads", async () => {
  await using host = await fileOperations({ deny: ["secret/**"] });
  await Deno.mkdir(`${host.folder}/secret`);
  await Deno.writeTextFile(`${host.folder}/real`, "1");
  await Deno.symlink("real", `${host.folder}/link`);
  await Deno.symlink("secret/key", `${host.folder}/sly`);
  const { path } = await host.writeFile({ path: "~/link", content: "2" }, callContext());
  assert.equal(path, `${host.folder}/real`);
  assert.equal(await Deno.readTextFile(path), "2");
  assert.ok((await Deno.lstat(`${host.folder}/link`)).isSymlink);
  await fails(host.writeFile({ path: "~/sly", content: "2" }, callContext()), "refused", /./);
  await fails(host.writeFile({ path: `${host.stateFolder}/x`, content: "2" }, callContext()), "refused", /./);
  assert.deepEqual(namesIn(`${host.folder}/secret`), []);
});

Deno.test("write_file that is cancelled leaves the old file", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  await host.writeFile({ path, content: "1" }, callContext());
  const signal = AbortSignal.abort(new Error("the caller is gone"));
  await fails(host.writeFile({ path, content: "2" }, callContext({ signal })), "cancelled", /./);
  assert.equal(await Deno.readTextFile(path), "1");
  assert.deepEqual(namesIn(host.folder), ["a"]);
});
