/**
 * What an MCP client sees of a real `remote-agent mcp`: both generations of the protocol, the tools, a stdout that
 * carries nothing but JSON-RPC, and an end that comes with the end of the pipes.
 */
import assert from "node:assert/strict";
import { fromJsonSchema } from "@modelcontextprotocol/client";
import { eventually, note } from "../helpers/eventually.ts";
import { isAlive } from "../helpers/is_alive.ts";
import { textOf } from "../helpers/mcp_client.ts";
import { MODERN_META, type RawMcp, startRawMcp } from "../helpers/raw_mcp.ts";
import { allTools } from "../../src/mcp/tools.ts";
import { openRoom } from "../helpers/room.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

/** The issue asks for one second; the rest is for a busy machine. A command's grace of 2 s must not count. */
const END_MS = 1_900;

async function initialize(mcp: RawMcp, protocolVersion = "2025-06-18"): Promise<Record<string, unknown>> {
  const clientInfo = { name: "raw", version: "1" };
  const answer = await mcp.request("initialize", { protocolVersion, capabilities: {}, clientInfo });
  await mcp.notify("notifications/initialized");
  return answer.result ?? {};
}

for (const era of ["modern", "legacy"] as const) {
  Deno.test(`mcp serves the official client with the ${era} protocol: tools, results and errors`, async () => {
    await using room = await openRoom();
    const [mcp] = await Promise.all([room.mcp({ era, name: "assistant" }), room.agent("web-1")]);
    assert.equal(mcp.client.getProtocolEra(), era);
    assert.equal(mcp.client.getServerVersion()?.name, "remote-agents");
    assert.match(mcp.client.getInstructions() ?? "", /list_agents/);
    await mcp.waitForAgents("web-1");

    const { tools } = await mcp.client.listTools();
    const hints = Object.fromEntries(tools.map(({ name, annotations }) => [name, {
      readOnly: annotations?.readOnlyHint,
      destructive: annotations?.destructiveHint,
      idempotent: annotations?.idempotentHint,
      openWorld: annotations?.openWorldHint,
    }]));
    const reads = { readOnly: true, destructive: false, idempotent: true, openWorld: false };
    const runs = { readOnly: false, destructive: true, idempotent: false, openWorld: true };
    const { list_agents, exec, get_info } = hints;
    assert.deepEqual({ list_agents, exec, get_info }, { list_agents: reads, exec: runs, get_info: reads });
    assert.deepEqual(Object.keys(hints), allTools().map(({ name }) => name));

    const calls: Record<string, readonly Record<string, unknown>[]> = {
      list_agents: [{}],
      get_info: [{}, { agent_id: "web-1" }],
      exec: [
        { command: "printf '\\377'; echo hi >&2; exit 7" },
        { agent_id: "web-1", command: "kill -9 $$" },
        { agent_id: "web-1", command: "sleep 60", timeout_ms: 50 },
        { agent_id: "web-1", command: "seq 1 100000" },
      ],
    };
    for (const { name, title, description, inputSchema, outputSchema } of tools) {
      assert.ok(title !== undefined && title.length > 5, `${name} has a title`);
      assert.ok(description !== undefined && description.length > 80, `${name} has a description`);
      assert.equal(inputSchema.type, "object");
      assert.equal(outputSchema?.type, "object");
      const schema = fromJsonSchema(outputSchema);
      for (const args of calls[name] ?? []) {
        const answer = await mcp.call(name, args);
        assert.ok(!answer.isError, textOf(answer));
        assert.ok(textOf(answer).length > 0);
        const checked = await schema["~standard"].validate(answer.structuredContent);
        assert.equal(checked.issues, undefined, `${name} ${JSON.stringify(args)}`);
      }
    }

    for (
      const [args, code] of [
        [{ agent_id: "nobody", command: "true" }, "unknown_agent"],
        [{ command: "true", argv: ["true"] }, "bad_request"],
        [{ agent_id: "web-1", argv: ["/no/such/program"] }, "cannot_run"],
      ] as const
    ) {
      await assert.rejects(mcp.exec(args), { name: "ToolError", code });
    }
    const unread = await mcp.call("exec", { command: 5 }).then(textOf, String);
    assert.match(unread, /command/, "a wrong type is answered with the field's name");
  });
}

for (
  const [asked, answered] of [
    ["2024-10-07", "2024-10-07"],
    ["2024-11-05", "2024-11-05"],
    ["2025-06-18", "2025-06-18"],
    ["2025-11-25", "2025-11-25"],
    ["1999-01-01", "2025-11-25"],
  ] as const
) {
  Deno.test(`mcp answers initialize with ${asked} by ${answered} and serves tools without a room`, async () => {
    await using home = await temporaryFolder();
    await using mcp = startRawMcp({ home: home.folder, args: ["--mode", "edit"] });
    const greeting = await initialize(mcp, asked);
    assert.equal(greeting["protocolVersion"], answered);
    const call = await mcp.request("tools/call", { name: "exec", arguments: { command: "echo hi" } });
    assert.match(JSON.stringify(call.result), /"exitCode":0.*"head":"hi\\n"/);
  });
}

Deno.test("mcp answers server/discover and calls of 2026-07-28 without a handshake", async () => {
  await using home = await temporaryFolder();
  await using mcp = startRawMcp({ home: home.folder, args: ["--mode", "edit"] });
  const discovered = await mcp.request("server/discover", { _meta: MODERN_META });
  assert.deepEqual(discovered.result?.["supportedVersions"], ["2026-07-28"]);
  const params = { name: "exec", arguments: { command: "echo hi" }, _meta: MODERN_META };
  const call = await mcp.request("tools/call", params);
  assert.match(JSON.stringify(call.result), /"exitCode":0.*"head":"hi\\n"/);
});

Deno.test("the bare command with a pipe as stdin is the MCP server", async () => {
  await using home = await temporaryFolder();
  await using mcp = startRawMcp({ home: home.folder, command: [] });
  const greeting = await initialize(mcp);
  assert.equal(greeting["protocolVersion"], "2025-06-18");
  const { result } = await mcp.request("tools/list");
  assert.match(JSON.stringify(result), /"list_agents".*"exec".*"get_info"/);
});

Deno.test("mcp writes nothing but JSON-RPC to stdout, whatever happens and however much is logged", async () => {
  await using room = await openRoom();
  await room.agent("web-1");
  const home = await room.home();
  await using mcp = startRawMcp({
    home,
    env: { ...room.env, REMOTE_AGENTS_LOG_LEVEL: "trace" },
    args: ["--mode", "edit"],
  });
  await initialize(mcp);
  const call = (args: Record<string, unknown>, progressToken?: string) =>
    mcp.request("tools/call", {
      name: "exec",
      arguments: args,
      ...(progressToken === undefined ? {} : { _meta: { progressToken } }),
    });
  await mcp.process.log.waitFor(/Joined the room/);
  await eventually(
    "the agent is listed",
    async () =>
      JSON.stringify(await mcp.request("tools/call", { name: "list_agents", arguments: {} })).includes(
        "web-1",
      ),
  );
  const writer = 'echo out; echo err >&2; printf "\\001\\377\\n{\\"jsonrpc\\":\\n"; echo >/dev/tty; exit 1';
  const answers = await Promise.all([
    call({ agent_id: "web-1", command: writer }, "remote"),
    call({ command: writer }, "local"),
    call({ command: "readlink /proc/self/fd/*; cat" }),
    call({ agent_id: "nobody", command: "true" }),
    mcp.request("no/such/method"),
    mcp.request("tools/call", { name: "no_such_tool", arguments: {} }),
  ]);
  const pipes = await Promise.all([0, 1, 2].map((fd) => Deno.readLink(`/proc/${mcp.process.pid}/fd/${fd}`)));
  const inherited = JSON.stringify(answers[2]?.result);
  assert.match(inherited, /dev\/null/);
  for (const pipe of pipes) assert.ok(!inherited.includes(pipe), `a command holds ${pipe} of the server`);
  // The log is at its busiest when the relay goes away.
  room.relay.kill("SIGKILL");
  await mcp.process.log.waitFor(/Lost the relay/);
  await mcp.process.log.waitFor(/Cannot join the room/);
  const away = await call({ agent_id: "web-1", command: "true" });
  assert.match(JSON.stringify(away.result), /not_connected/);
  await mcp.closeStdin();
  await mcp.process.ended();
  assert.ok(mcp.messages().some(({ method }) => method === "notifications/progress"));
  for (const line of mcp.output.lines) assert.equal(JSON.parse(line).jsonrpc, "2.0", line);
});

Deno.test("mcp notifies of every line before it answers", async () => {
  await using home = await temporaryFolder();
  await using mcp = startRawMcp({ home: home.folder, args: ["--mode", "edit"] });
  await initialize(mcp);
  await mcp.request("tools/call", {
    name: "exec",
    arguments: { command: "echo first; sleep 0.3; echo second; sleep 0.02; echo last >&2" },
    _meta: { progressToken: "p1" },
  });
  const messages = mcp.messages();
  const notes = messages.filter(({ method }) => method === "notifications/progress").map(({ params }) =>
    params ?? {}
  );
  assert.equal(notes.map(({ message }) => message).join(""), "first\nsecond\nlast\n");
  assert.deepEqual(notes.map(({ progress }) => progress), notes.map((_, i) => i + 1));
  assert.ok(notes.every(({ progressToken }) => progressToken === "p1"));
  assert.ok(messages.at(-1)?.result !== undefined, "the answer comes last");
});

for (const where of ["nothing", "a local command", "a remote command"] as const) {
  Deno.test(`mcp ends within a second when stdin closes, while ${where} runs`, async () => {
    await using room = await openRoom();
    await room.agent("web-1");
    await using mcp = startRawMcp({ home: await room.home(), env: room.env, args: ["--mode", "edit"] });
    await initialize(mcp);
    await mcp.process.log.waitFor(/Joined the room/);
    let pid: number | undefined;
    if (where !== "nothing") {
      const target = where === "a remote command" ? { agent_id: "web-1" } : {};
      const file = `${room.folder}/pid`;
      await mcp.post("tools/call", {
        name: "exec",
        arguments: { ...target, command: `echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 300` },
      });
      pid = Number(
        await eventually("the command runs", () => Deno.readTextFile(file).catch(() => undefined)),
      );
      assert.ok(isAlive(pid));
    }
    const startedAt = performance.now();
    await mcp.closeStdin();
    const { code } = await mcp.process.ended();
    const took = Math.round(performance.now() - startedAt);
    note(`mcp ended ${took} ms after its stdin, while ${where} ran`);
    assert.equal(code, 0);
    assert.ok(took < END_MS, `it took ${took} ms`);
    if (pid !== undefined) {
      const gone = pid;
      await eventually("the command is gone", () => !isAlive(gone));
    }
  });
}

Deno.test("mcp ends, and its command with it, when the client closes stdout alone", async () => {
  await using home = await temporaryFolder();
  await using mcp = startRawMcp({ home: home.folder, args: ["--mode", "edit", "--sandbox", "off"] });
  await initialize(mcp);
  const file = `${home.folder}/pid`;
  await mcp.post("tools/call", {
    name: "exec",
    arguments: { command: `echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 300` },
  });
  const pid = Number(
    await eventually("the command runs", () => Deno.readTextFile(file).catch(() => undefined)),
  );
  await mcp.closeStdout();
  // The server learns of it when it writes; a first answer may still fit into the pipe.
  await eventually("the server has ended", async () => {
    await mcp.post("ping");
    return !isAlive(mcp.process.pid);
  });
  assert.equal((await mcp.process.ended()).code, 0);
  await eventually("the command is gone", () => !isAlive(pid));
});
