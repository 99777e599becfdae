/**
 * Who may change what a host allows, with real processes: requests up to the ceiling, the console above it, listed agents only.
 */
import assert from "node:assert/strict";
import { eventually } from "../helpers/eventually.ts";
import type { McpSession, ToolError } from "../helpers/mcp_client.ts";
import { type CliOutcome, runNode } from "../helpers/processes.ts";
import { openRoom, type TestRoom } from "../helpers/room.ts";
import { type ToolCaller, toolCaller } from "../helpers/tool_calls.ts";

/** Tools that each mode refuses, with arguments that are in order. */
const WRITES = (folder: string) =>
  [
    ["write_file", { path: `${folder}/never`, content: "x" }],
    ["edit_file", { path: `${folder}/there`, edits: [{ old_text: "a", new_text: "b" }] }],
    ["remove_file", { path: `${folder}/there` }],
    ["backup_restore", { id: 1, to: `${folder}/never` }],
    ["git_commit", { path: folder, message: "never" }],
    ["git_pull", { path: folder }],
    ["git_push", { path: folder }],
  ] as const;
const READS = (folder: string) =>
  [
    ["exec", { command: `touch ${folder}/never` }],
    ["read_file", { path: `${folder}/there` }],
    ["list_dir", { path: folder }],
    ["file_stat", { path: folder }],
    ["file_search", { path: folder, name: "*" }],
    ["backup_list", {}],
    ["git_status", { path: folder }],
    ["git_diff", { path: folder }],
    ["git_log", { path: folder }],
    ["job_list", {}],
    ["job_get", { job: "j_aaaaaaaaaaaaaaaaaaaa" }],
    ["job_cancel", { job: "j_aaaaaaaaaaaaaaaaaaaa" }],
  ] as const;

/** A refusal says by which rule it is one and who can lift it, and never invites a model to do so. */
function assertRefused(error: ToolError, what: string): void {
  assert.equal(error.code, "refused", `${what}: ${error.message}`);
  assert.match(error.message, /Only the host's owner can allow it.* \[refused: [a-z-]+\]$/, what);
  // The tool that was called may be named.
  const advice = error.message.replace(/^Cannot run "set_mode"/, "");
  assert.doesNotMatch(advice, /set_mode|\byou can\b|raise the mode|max_mode/i, what);
}

/** The console of a machine. */
async function atConsole(room: TestRoom, home: string, ...args: readonly string[]): Promise<CliOutcome> {
  const outcome = await runNode({ home, env: room.env, args: ["mode", ...args] });
  assert.deepEqual([outcome.code, outcome.stderr], [0, ""], JSON.stringify(outcome));
  return outcome;
}

/** Waits until the list that others see shows a mode. */
async function cardShows(mcp: McpSession, name: string, mode: string): Promise<void> {
  await eventually(
    `list_agents shows ${name} in mode ${mode}`,
    async () => (await mcp.agents()).some((agent) => agent.name === name && agent.mode === mode),
  );
}

/** Makes a folder with something to read. */
async function folderIn(room: TestRoom): Promise<string> {
  const folder = await room.home();
  await Deno.writeTextFile(`${folder}/there`, "a\n");
  return folder;
}

const writes = async (tools: ToolCaller, folder: string, content: string) =>
  await tools.call("write_file", { path: `${folder}/written`, content });

Deno.test("requests raise the mode up to max_mode and not above it, and the card follows", async () => {
  await using room = await openRoom();
  const [mcp] = await Promise.all([
    room.mcp(),
    room.agent("web-1", { mode: "plan", env: { REMOTE_AGENTS_MAX_MODE: "edit" } }),
  ]);
  await mcp.waitForAgents("web-1");
  const tools = await toolCaller(mcp, "web-1");
  const folder = await folderIn(room);
  for (const [name, args] of WRITES(folder)) assertRefused(await tools.fails(name, args), name);

  const raised = await tools.call("set_mode", { mode: "edit" });
  assert.deepEqual([raised.mode, raised.previous, raised.maxMode], ["edit", "plan", "edit"]);
  await writes(tools, folder, "edit");
  await cardShows(mcp, "web-1", "edit");
  assertRefused(await tools.fails("set_mode", { mode: "bypass" }), "set_mode bypass");
  assert.equal((await tools.call("get_info")).mode, "edit");
  await tools.call("set_mode", { mode: "plan" });
  await cardShows(mcp, "web-1", "plan");
  assertRefused(
    await tools.fails("write_file", { path: `${folder}/written`, content: "plan" }),
    "plan again",
  );
  assert.equal(await Deno.readTextFile(`${folder}/written`), "edit");
});

Deno.test("without max_mode requests do not raise the mode it was started with, and may come back to it", async () => {
  await using room = await openRoom();
  const [mcp] = await Promise.all([room.mcp(), room.agent("web-1", { mode: "edit" })]);
  await mcp.waitForAgents("web-1");
  const tools = await toolCaller(mcp, "web-1");
  assertRefused(await tools.fails("set_mode", { mode: "bypass" }), "above the start");
  await tools.call("set_mode", { mode: "plan" });
  const back = await tools.call("set_mode", { mode: "edit", for_minutes: 0.05 });
  assert.deepEqual([back.mode, back.fallback], ["edit", "edit"]);
});

Deno.test("the console raises a running host for a time: the next call has it, the card follows, and it falls back", async () => {
  await using room = await openRoom();
  const home = await room.home();
  const [mcp] = await Promise.all([room.mcp(), room.agent("web-1", { home, mode: "plan" })]);
  await mcp.waitForAgents("web-1");
  const tools = await toolCaller(mcp, "web-1");
  const folder = await folderIn(room);
  assertRefused(await tools.fails("write_file", { path: `${folder}/written`, content: "" }), "before");

  const { stdout } = await atConsole(room, home, "edit", "--for", "30m");
  assert.match(stdout, /^The mode is edit \(set at the console, for 30 min more, then plan\)/);
  await writes(tools, folder, "raised");
  const info = await tools.call("get_info");
  assert.deepEqual([info.mode, info.maxMode], ["edit", "edit"]);
  assert.ok(info.modeUntil !== null && Date.parse(info.modeUntil) > Date.now());
  await cardShows(mcp, "web-1", "edit");
  await eventually("status shows it", async () => {
    const { stdout } = await runNode({ home, env: room.env, args: ["status"] });
    return /\brun +edit\b/.test(stdout);
  });

  // What the console says takes the place of what it said before; this one is over within the test.
  await atConsole(room, home, "edit", "--for", "2s");
  await eventually("the mode falls back", async () => (await tools.call("get_info")).mode === "plan");
  assertRefused(await tools.fails("write_file", { path: `${folder}/written`, content: "" }), "after");
  await cardShows(mcp, "web-1", "plan");
  assert.equal(await Deno.readTextFile(`${folder}/written`), "raised");
});

Deno.test("a disabled host answers nothing but get_info, no request leaves it, and the console does", async () => {
  await using room = await openRoom();
  const home = await room.home();
  const max = { REMOTE_AGENTS_MAX_MODE: "bypass" };
  const [mcp] = await Promise.all([
    room.mcp({ home: await room.home() }),
    room.agent("web-1", { home, mode: "edit", env: max }),
  ]);
  await mcp.waitForAgents("web-1");
  const tools = await toolCaller(mcp, "web-1");
  const folder = await folderIn(room);
  assert.equal((await tools.call("set_mode", { mode: "disabled" })).mode, "disabled");
  for (const [name, args] of [...READS(folder), ...WRITES(folder)]) {
    assertRefused(await tools.fails(name, args), name);
  }
  for (const mode of ["disabled", "plan", "edit", "bypass"]) {
    assertRefused(await tools.fails("set_mode", { mode }), `set_mode ${mode}`);
    assertRefused(await tools.fails("set_mode", { mode, for_minutes: 1 }), `set_mode ${mode} for a time`);
  }
  assert.equal((await tools.call("get_info")).mode, "disabled");
  await cardShows(mcp, "web-1", "disabled");
  await assert.rejects(Deno.stat(`${folder}/never`), Deno.errors.NotFound);

  await atConsole(room, home, "edit");
  await writes(tools, folder, "enabled");
  await cardShows(mcp, "web-1", "edit");
});

Deno.test("an own assistant is held to its machine's mode as others are, in every process of the machine", async () => {
  await using room = await openRoom();
  const home = await room.home();
  const [own] = await Promise.all([
    room.mcp({ home, name: "here", mode: "edit" }),
    room.agent("here", { home, mode: "edit" }),
  ]);
  const tools = await toolCaller(own);
  const folder = await folderIn(room);
  await writes(tools, folder, "edit");
  await atConsole(room, home, "disabled");
  for (const [name, args] of [...READS(folder), ...WRITES(folder)]) {
    assertRefused(await tools.fails(name, args), name);
  }
  assertRefused(await tools.fails("set_mode", { mode: "edit" }), "set_mode");
  const status = await runNode({ home, env: room.env, args: ["status", "--json"] });
  assert.match(status.stdout, /"mode": ?"disabled"/);
  await atConsole(room, home, "--reset");
  await writes(tools, folder, "again");
});

Deno.test("allow_peers: each listed agent up to its ceiling, and nobody else", async () => {
  await using room = await openRoom();
  const [boss, reader, stranger] = await Promise.all([
    room.mcp({ name: "boss" }),
    room.mcp({ name: "reader" }),
    room.mcp({ name: "stranger" }),
  ]);
  const ids = await Promise.all([boss, reader].map(async (mcp) => (await mcp.info()).id));
  await room.agent("web-1", { env: { REMOTE_AGENTS_ALLOW_PEERS: `${ids[0]},${ids[1]}=plan` } });
  await Promise.all([boss, reader, stranger].map((mcp) => mcp.waitForAgents("web-1")));
  const [asBoss, asReader, asStranger] = await Promise.all(
    [boss, reader, stranger].map((mcp) => toolCaller(mcp, "web-1")),
  );
  assert.ok(asBoss !== undefined && asReader !== undefined && asStranger !== undefined);
  const folder = await folderIn(room);
  await writes(asBoss, folder, "boss");

  assert.equal((await asReader.call("read_file", { path: `${folder}/written` })).text, "boss");
  for (const [name, args] of WRITES(folder)) {
    assertRefused(await asReader.fails(name, args), `reader: ${name}`);
  }

  for (const [name, args] of [...READS(folder), ...WRITES(folder)]) {
    assertRefused(await asStranger.fails(name, args), `stranger: ${name}`);
  }
  assertRefused(await asStranger.fails("get_info"), "stranger: get_info");
  assertRefused(await asStranger.fails("set_mode", { mode: "plan" }), "stranger: set_mode");
  assert.equal(await Deno.readTextFile(`${folder}/written`), "boss");
  await assert.rejects(Deno.stat(`${folder}/never`), Deno.errors.NotFound);
  assert.equal((await asBoss.call("get_info")).mode, "edit");
});
