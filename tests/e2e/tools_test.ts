/**
 * Every tool through a real MCP client: over a real relay on another machine's process, and on the server's own machine.
 */
import assert from "node:assert/strict";
import { allTools } from "../../src/mcp/tools.ts";
import { createHash } from "node:crypto";
import { type ResultOf, TOOL_OPERATIONS } from "../../src/protocol/operation.ts";
import type { McpSession } from "../helpers/mcp_client.ts";
import { textOf } from "../helpers/mcp_client.ts";
import { openRoom } from "../helpers/room.ts";
import { type ToolCaller, toolCaller } from "../helpers/tool_calls.ts";

const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

/** The smallest PNG that there is. */
const PNG = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
);
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

/** What the tools are tried on. */
interface Trial {
  readonly tools: ToolCaller;
  /** The name of the machine that they work on. */
  readonly name: string;
  /** An empty folder there. */
  readonly folder: string;
}

const isToolOperation = (name: string) => Object.hasOwn(TOOL_OPERATIONS, name);

for (const isRemote of [true, false]) {
  const where = isRemote ? "another machine, over a relay" : "the server's own machine";
  Deno.test({
    name: `every tool works on ${where}${hasGit ? "" : " (ignored: no git here)"}`,
    ignore: !hasGit,
    async fn() {
      await using room = await openRoom();
      const [mcp] = await Promise.all([
        room.mcp({ env: { REMOTE_AGENTS_MAX_MODE: "bypass" } }),
        room.agent("web-1", { env: { REMOTE_AGENTS_MAX_MODE: "bypass" } }),
      ]);
      await mcp.waitForAgents("web-1");
      const tools = await toolCaller(mcp, isRemote ? "web-1" : undefined);
      const trial = { tools, name: isRemote ? "web-1" : "assistant", folder: await room.home() };
      await tryFiles(trial);
      await tryListsAndSearch(trial);
      await tryBackups(trial);
      await tryGit(trial);
      await tryJobs(trial);
      await tryHost(trial, mcp);
      assert.deepEqual(
        [...tools.called].sort(),
        Object.keys(TOOL_OPERATIONS).sort(),
        "every operation that is a tool was called",
      );
      const { tools: listed } = await mcp.client.listTools();
      assert.deepEqual(
        listed.map(({ name }) => name).sort(),
        [...tools.called, ...allTools().map(({ name }) => name).filter((name) => !isToolOperation(name))]
          .sort(),
        "every tool is an operation, or one of the fleet",
      );
    },
  });
}

async function tryFiles({ tools, name, folder }: Trial): Promise<void> {
  const path = `${folder}/-strange name\nö.txt`;
  const content = Array.from({ length: 5000 }, (_, i) => `line ${i + 1} grüße\n`).join("");
  const written = await tools.call("write_file", { path, content });
  assert.equal(written.agent.name, name);
  assert.deepEqual([written.created, written.changed, written.backupId], [true, true, null]);
  assert.equal(written.sha256, sha256(content));
  assert.equal(await Deno.readTextFile(path), content);

  let text = "";
  let next: Record<string, number> | undefined = { start_line: 1 };
  let parts = 0;
  for (; next !== undefined; parts++) {
    const part: ResultOf<"read_file"> = await tools.call("read_file", { path, ...next, max_bytes: 20_000 });
    text += part.text ?? "";
    next = part.next;
  }
  assert.ok(parts > 3, `${parts} parts`);
  assert.equal(text, content, "the parts make up the whole file");
  const last = await tools.call("read_file", { path, start_line: -2 });
  assert.equal(last.text, "line 4999 grüße\nline 5000 grüße\n");
  const middle = await tools.call("read_file", { path, offset: 5, length: 3 });
  assert.deepEqual([middle.text, middle.offset, middle.length], ["1 g", 5, 3]);

  const bytes = crypto.getRandomValues(new Uint8Array(1000));
  bytes[0] = 0;
  const binary = `${folder}/sub/folder/bytes`;
  await tools.call("write_file", { path: binary, content_base64: bytes.toBase64(), create_parents: true });
  assert.deepEqual(await Deno.readFile(binary), bytes);
  const described = await tools.call("read_file", { path: binary });
  assert.deepEqual([described.kind, described.base64, described.text], ["binary", undefined, undefined]);
  const read = await tools.call("read_file", { path: binary, encoding: "base64" });
  assert.equal(read.base64, bytes.toBase64());

  const image = `${folder}/dot.png`;
  await Deno.writeFile(image, PNG);
  const { kind, shown, base64 } = await tools.call("read_file", { path: image });
  assert.deepEqual([kind, base64], ["image", undefined], "a picture does not come a second time as text");
  const blocks = shown.content.filter((block) => block.type === "image");
  assert.deepEqual(blocks.map(({ data, mimeType }) => [mimeType, data]), [["image/png", PNG.toBase64()]]);

  const stale = await tools.fails("write_file", { path, content: "x", expected_sha256: sha256("other") });
  assert.match(stale.message, new RegExp(written.sha256), "a refused lost update tells what is there");
  const edits = [{ old_text: "line 7 grüße", new_text: "line seven" }];
  const tried = await tools.call("edit_file", { path, edits, dry_run: true });
  assert.match(tried.diff, /^-line 7 grüße\n\+line seven$/m);
  assert.deepEqual([tried.dryRun, await Deno.readTextFile(path) === content], [true, true]);
  const edited = await tools.call("edit_file", { path, edits, expected_sha256: written.sha256 });
  assert.equal(edited.diff, tried.diff);
  assert.match(textOf(edited.shown), /line seven/);
  assert.equal(await Deno.readTextFile(path), content.replace("line 7 grüße", "line seven"));
  const half = [...edits, { old_text: "line 8 grüße", new_text: "line eight" }];
  await tools.fails("edit_file", { path, edits: half });
  assert.ok((await Deno.readTextFile(path)).includes("line 8 grüße"), "all edits or none");
}

async function tryListsAndSearch({ tools, folder }: Trial): Promise<void> {
  const real = await Deno.realPath(folder);
  const listed = await tools.call("list_dir", { path: folder, glob: "**/*s", depth: 5, kinds: ["file"] });
  assert.deepEqual(
    [listed.path, listed.entries.map(({ path, size }) => [path, size])],
    [real, [["sub/folder/bytes", 1000]]],
  );
  const pages: string[] = [];
  for (let cursor: string | null | undefined = undefined; cursor !== null;) {
    const page: ResultOf<"list_dir"> = await tools.call("list_dir", {
      path: folder,
      depth: 3,
      limit: 2,
      ...(cursor === undefined ? {} : { cursor }),
    });
    pages.push(...page.entries.map(({ path }) => path));
    cursor = page.next;
  }
  assert.deepEqual(pages, ["-strange name\nö.txt", "dot.png", "sub", "sub/folder", "sub/folder/bytes"]);

  const stat = await tools.call("file_stat", { path: `${folder}/dot.png`, sha256: true });
  assert.deepEqual([stat.kind, stat.size, stat.sha256], ["file", PNG.length, sha256(PNG)]);
  assert.deepEqual([stat.mayRead, stat.mayWrite], [true, true]);

  const found = await tools.call("file_search", { path: folder, pattern: "^line 49+ ", context: 1 });
  assert.deepEqual(
    found.files.map(({ path, count, lines }) => [path, count, lines.map(({ line }) => line)]),
    [["-strange name\nö.txt", 3, [48, 49, 50, 498, 499, 500, 4998, 4999, 5000]]],
  );
  const named = await tools.call("file_search", { path: folder, name: "*.png" });
  assert.deepEqual(named.files.map(({ path }) => path), ["dot.png"]);
}

async function tryBackups({ tools, folder }: Trial): Promise<void> {
  const path = `${folder}/kept`;
  await Deno.writeTextFile(path, "first\n", { mode: 0o640 });
  await tools.call("write_file", { path, content: "second\n" });
  const third = await tools.call("write_file", { path, content: "third\n" });
  const { backups } = await tools.call("backup_list", { path });
  assert.deepEqual(
    backups.map(({ sha256: hash, operation, content }) => [hash, operation, content]),
    [[sha256("second\n"), "write_file", "intact"], [sha256("first\n"), "write_file", "intact"]],
  );
  assert.equal(backups[0]?.id, third.backupId);
  const id = backups[1]?.id;
  const tried = await tools.call("backup_restore", { id, dry_run: true });
  assert.match(tried.diff, /^-third\n\+first$/m);
  assert.equal(await Deno.readTextFile(path), "third\n");
  const restored = await tools.call("backup_restore", { id });
  assert.deepEqual([restored.restoredId, await Deno.readTextFile(path)], [id, "first\n"]);
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o640);
  const undone = await tools.call("backup_restore", { id: restored.backupId });
  assert.deepEqual([undone.changed, await Deno.readTextFile(path)], [true, "third\n"]);
  await tools.call("backup_restore", { id, to: `${folder}/elsewhere/copy`, create_parents: true });
  assert.equal(await Deno.readTextFile(`${folder}/elsewhere/copy`), "first\n");
  const removed = await tools.call("remove_file", { path, expected_sha256: sha256("third\n") });
  assert.deepEqual([removed.removed, removed.bytes, removed.linkTarget], [true, 6, null]);
  await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
  await tools.call("backup_restore", { id: removed.backupId, expected_sha256: "" });
  assert.equal(await Deno.readTextFile(path), "third\n");
}

/** Runs git as a person would. */
async function git(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("git", { args, cwd: folder }).output();
  assert.equal(code, 0, `git ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trimEnd();
}

async function tryGit({ tools, folder }: Trial): Promise<void> {
  const [here, there, remote] = ["here", "there", "remote.git"].map((part) => `${folder}/git/${part}`);
  assert.ok(here !== undefined && there !== undefined && remote !== undefined);
  await Deno.mkdir(here, { recursive: true });
  await git(folder, "init", "--quiet", "--bare", "--initial-branch=main", remote);
  await git(here, "init", "--quiet", "--initial-branch=main");
  await git(here, "remote", "add", "origin", remote);
  const person = async (repository: string) => {
    await git(repository, "config", "user.name", "Ada");
    await git(repository, "config", "user.email", "ada@example.org");
  };
  await person(here);

  await Deno.writeTextFile(`${here}/-a`, "one\n");
  const status = await tools.call("git_status", { path: here });
  assert.deepEqual([status.branch, status.head, status.untracked], ["main", null, ["-a"]]);
  const first = await tools.call("git_commit", { path: here, message: "-m: first", paths: ["-a"] });
  assert.deepEqual([first.committed, first.subject, first.added], [true, "-m: first", 1]);
  assert.equal(await git(here, "rev-parse", "HEAD"), first.hash);
  const nothing = await tools.call("git_commit", { path: here, message: "again", all: true });
  assert.deepEqual([nothing.committed, nothing.hash], [false, null]);
  const pushed = await tools.call("git_push", { path: here, set_upstream: true });
  assert.deepEqual([pushed.pushed, pushed.upToDate, pushed.upstream], [true, false, "origin/main"]);
  assert.equal(await git(remote, "rev-parse", "main"), first.hash);

  // Somebody else pushes a commit.
  await git(folder, "clone", "--quiet", remote, there);
  await person(there);
  await Deno.writeTextFile(`${there}/-a`, "one\ntwo\n");
  await git(there, "commit", "--quiet", "--all", "--message=second");
  await git(there, "push", "--quiet");
  await Deno.writeTextFile(`${here}/b`, "mine\n");
  await tools.call("git_commit", { path: here, message: "mine", paths: ["b"] });
  const rejected = await tools.call("git_push", { path: here });
  assert.deepEqual([rejected.pushed, rejected.refs.length], [false, 1]);
  const diverged = await tools.fails("git_pull", { path: here });
  assert.match(diverged.message, /merge|rebase/i);
  const pulled = await tools.call("git_pull", { path: here, strategy: "rebase" });
  assert.equal(pulled.outcome, "updated");
  assert.equal(await Deno.readTextFile(`${here}/-a`), "one\ntwo\n");
  const upToDate = await tools.call("git_pull", { path: here });
  assert.equal(upToDate.outcome, "up_to_date");
  assert.equal((await tools.call("git_push", { path: here })).pushed, true);

  await Deno.writeTextFile(`${here}/-a`, "one\n2\n");
  const diff = await tools.call("git_diff", { path: here, paths: ["-a"] });
  assert.match(diff.patch ?? "", /^-two\n\+2$/m);
  const log = await tools.call("git_log", { path: here, stats: true });
  assert.deepEqual(log.commits.map(({ subject }) => subject), ["mine", "second", "-m: first"]);
  assert.equal(log.commits[0]?.hash, await git(here, "rev-parse", "HEAD"));
}

async function tryJobs({ tools, name, folder }: Trial): Promise<void> {
  const short = await tools.call("exec", { command: "echo out; echo err >&2; exit 3" });
  assert.deepEqual(
    [short.status, short.exitCode, short.stdout.head, short.stderr.head],
    ["ended", 3, "out\n", "err\n"],
  );
  const gate = `${folder}/gate`;
  const command = `echo begun; until [ -e ${gate} ]; do sleep 0.05; done; seq 1 40000; echo over >&2`;
  const started = await tools.call("exec", { command, wait_ms: 100 });
  assert.deepEqual([started.status, started.exitCode, started.outputKept], ["running", null, true]);
  const { job } = started;
  assert.match(textOf(started.shown), new RegExp(job));
  const running = await tools.call("job_list", { status: "running" });
  assert.deepEqual(running.jobs.map((entry) => [entry.job, entry.command]), [[job, command]]);
  assert.equal((await tools.call("get_info")).jobs, 1);

  await Deno.writeTextFile(gate, "");
  const text = { stdout: "", stderr: "" };
  let cursor = { stdout: 0, stderr: 0 };
  let pages = 0;
  for (let isOver = false; !isOver; pages++) {
    const page = await tools.call("job_get", { job, cursor, wait_ms: 20_000, max_bytes: 50_000 });
    text.stdout += page.stdout.text;
    text.stderr += page.stderr.text;
    cursor = page.cursor;
    isOver = page.status !== "running" && !page.stdout.hasMore && !page.stderr.hasMore;
    if (isOver) assert.deepEqual([page.status, page.exitCode], ["ended", 0]);
  }
  assert.ok(pages > 4, `${pages} pages`);
  assert.equal(text.stdout, `begun\n${Array.from({ length: 40_000 }, (_, i) => `${i + 1}\n`).join("")}`);
  assert.equal(text.stderr, "over\n");

  const endless = await tools.call("exec", { argv: ["sleep", "600"], wait_ms: 0 });
  const cancelled = await tools.call("job_cancel", { job: endless.job });
  assert.deepEqual([cancelled.outcome, cancelled.status], ["cancelled", "cancelled"]);
  assert.equal((await tools.call("job_cancel", { job: endless.job })).outcome, "already_ended");
  const all = await tools.call("job_list");
  assert.deepEqual(all.jobs.map(({ status }) => status), ["cancelled", "ended", "ended"]);
  assert.ok(all.jobs.every(({ caller }) => caller.name === "assistant"), `${name} knows who asked`);
  const unknown = await tools.fails("job_get", { job: "j_aaaaaaaaaaaaaaaaaaaa" });
  assert.equal(unknown.code, "bad_request");
}

async function tryHost({ tools, name }: Trial, mcp: McpSession): Promise<void> {
  const info = await tools.call("get_info");
  assert.deepEqual(
    [info.name, info.mode, info.maxMode, info.modeUntil, info.audit, info.jobs],
    [name, "edit", "bypass", null, "ok", 0],
  );
  assert.ok(info.disk !== null && info.disk.totalBytes > 0 && info.memory.totalBytes > 0);
  const entry = (await mcp.agents()).find((agent) => agent.name === name);
  assert.deepEqual([entry?.id, entry?.mode], [info.id, "edit"]);

  const raised = await tools.call("set_mode", { mode: "bypass", for_minutes: 5 });
  assert.deepEqual([raised.mode, raised.previous, raised.fallback], ["bypass", "edit", "edit"]);
  assert.ok(raised.until !== undefined && (await tools.call("get_info")).modeUntil === raised.until);
  assert.equal((await tools.call("set_mode", { mode: "plan" })).mode, "plan");
  const refused = await tools.fails("write_file", { path: "~/never", content: "" });
  assert.equal(refused.code, "refused");
}
