/**
 * A host whose state folder is on a full disk: what changes something is refused and says why, everything else goes on, and with space
 * it works again and its audit log is intact. The disk is a small file system in memory, which takes root to mount.
 */
import assert from "node:assert/strict";
import { eventually } from "../helpers/eventually.ts";
import { runNode } from "../helpers/processes.ts";
import { openRoom } from "../helpers/room.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";
import { toolCaller } from "../helpers/tool_calls.ts";

const DISK_BYTES = 8 * 1024 ** 2;

async function run(program: string, ...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output();
  return success;
}

/** Mounts a small disk at a new folder; undefined if that is not possible here. Disposing of it unmounts it. */
async function mountDisk(): Promise<{ readonly folder: string } & AsyncDisposable | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return undefined;
  await using opening = new AsyncDisposableStack();
  const { folder } = opening.use(await temporaryFolder());
  const isMounted = await run("mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES},mode=700`, "tmpfs", folder)
    .catch(() => false);
  if (!isMounted) return undefined;
  opening.defer(async () => {
    // Lazily, should a process of a failed test still be in it.
    if (!await run("umount", folder)) assert.ok(await run("umount", "-l", folder), `umount ${folder}`);
  });
  const owned = opening.move();
  return { folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Writes until nothing more goes in. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { append: true, create: true });
  for (let size = 64 * 1024; size >= 1;) {
    try {
      await file.write(new Uint8Array(size));
    } catch {
      size = Math.floor(size / 2); // It is the end of the disk that is looked for.
    }
  }
}

const canMount = await (async () => {
  await using disk = await mountDisk();
  return disk !== undefined;
})();

Deno.test({
  name: "a full disk stops what changes something, says why, and nothing else; with space it goes on" +
    (canMount ? "" : " (ignored: cannot mount here)"),
  ignore: !canMount,
  async fn() {
    await using disk = await mountDisk();
    assert.ok(disk !== undefined);
    // Its processes end before the disk goes.
    await using room = await openRoom();
    const home = `${disk.folder}/home`;
    await Deno.mkdir(home, { mode: 0o700 });
    const [mcp, agent] = await Promise.all([room.mcp(), room.agent("web-1", { home })]);
    await mcp.waitForAgents("web-1");
    const tools = await toolCaller(mcp, "web-1");
    const path = `${room.folder}/file`;
    const first = await tools.call("write_file", { path, content: "first\n" });
    assert.equal((await tools.call("get_info")).audit, "ok");

    // What others write may free and take a little; a record that still fits in its block is written.
    const filler = `${disk.folder}/filler`;
    const reason = await eventually("the audit log cannot be written", async () => {
      await fill(filler);
      const { audit } = await tools.call("get_info");
      return audit === "ok" ? undefined : audit;
    });
    assert.match(reason, /space/i);

    const changes = [
      ["write_file", { path, content: "second\n" }],
      ["edit_file", { path, edits: [{ old_text: "first", new_text: "second" }] }],
      ["remove_file", { path }],
      ["exec", { command: `echo second > ${path}` }],
      ["exec", { command: `echo second > ${path}`, wait_ms: 0 }],
      ["backup_restore", { id: 1 }],
      ["git_commit", { path: room.folder, message: "x" }],
    ] as const;
    for (const [name, args] of changes) {
      const error = await tools.fails(name, args);
      assert.equal(error.code, "cannot_run", error.message);
      assert.match(error.message, /audit log.*space/is, name);
      assert.match(error.message, /Make it possible on that machine to write to/, name);
    }
    assert.equal(await Deno.readTextFile(path), "first\n");

    const { text, sha256 } = await tools.call("read_file", { path });
    assert.deepEqual([text, sha256], ["first\n", first.sha256]);
    await tools.call("list_dir", { path: room.folder });
    await tools.call("file_stat", { path });
    await tools.call("file_search", { path: room.folder, name: "file" });
    await tools.call("backup_list");
    await tools.call("job_list");
    assert.equal((await tools.call("get_info")).audit, reason);
    assert.equal((await mcp.agents()).length, 2);
    await agent.log.waitFor(/Cannot write the audit log/);

    await Deno.remove(filler);
    const second = await eventually("a change works again", async () => {
      const { isError } = await mcp.call("write_file", { path, content: "second\n", agent_id: "web-1" });
      return isError ? undefined : await Deno.readTextFile(path);
    });
    assert.equal(second, "second\n");
    const result = await tools.call("exec", { command: `cat ${path}; seq 1 20000`, wait_ms: 20_000 });
    assert.deepEqual([result.exitCode, result.stdout.head.split("\n")[0]], [0, "second"]);
    assert.equal((await tools.call("get_info")).audit, "ok");
    const [kept] = (await tools.call("backup_list", { path })).backups;
    assert.equal(kept?.sha256, first.sha256);
    await tools.call("backup_restore", { id: kept?.id });
    assert.equal(await Deno.readTextFile(path), "first\n");

    await agent[Symbol.asyncDispose]();
    const verified = await runNode({ home, args: ["audit", "verify"] });
    assert.equal(verified.code, 0, JSON.stringify(verified));
    const shown = await runNode({ home, args: ["audit", "--json", "--limit", "1000"] });
    assert.match(shown.stdout, /"lost":\d+/, "the log tells how many records are missing");
  },
});
