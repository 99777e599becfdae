/**
 * A command's whole way with real processes: MCP client -> `mcp` -> relay -> `run` -> shell, and back.
 */
import assert from "node:assert/strict";
import { runNode, startRelayProcess } from "../helpers/processes.ts";
import { openRoom } from "../helpers/room.ts";

Deno.test("exec of the official client runs on another machine and its result comes back", async () => {
  await using room = await openRoom();
  const agentHome = await room.home();
  const [agent, mcp] = await Promise.all([
    room.agent("web-1", { home: agentHome, args: ["--tags", "web,eu"] }),
    room.mcp(),
  ]);
  const [, entry] = (await mcp.waitForAgents("assistant", "web-1")).toSorted((a, b) =>
    a.name < b.name ? -1 : 1
  );
  assert.deepEqual(
    { name: entry?.name, tags: entry?.tags, mode: entry?.mode, role: entry?.role, isSelf: entry?.isSelf },
    { name: "web-1", tags: ["web", "eu"], mode: "edit", role: "service", isSelf: false },
  );
  const folder = await room.home();
  const result = await mcp.exec({
    agent_id: "web-1",
    command: 'printf "%s:%s:" "$PPID" "$GREETING"; cat; pwd; echo oops >&2; exit 3',
    cwd: folder,
    env: { GREETING: "grüße" },
    stdin: "from stdin\n",
  });
  // The shell's parent is the agent's process, so the command ran there and nowhere else.
  assert.equal(result.stdout.head, `${agent.pid}:grüße:from stdin\n${folder}\n`);
  assert.equal(result.stderr.head, "oops\n");
  assert.equal(result.exitCode, 3);
  assert.equal(result.agent.name, "web-1");
  assert.equal(result.agent.id, entry?.id);

  const byPrefix = await mcp.exec({ agent_id: entry?.id.slice(0, 6) ?? "", argv: ["echo", "a  $b"] });
  assert.equal(byPrefix.stdout.head, "a  $b\n");

  const info = await mcp.info("web-1");
  assert.deepEqual([info.pid, info.role, info.mode], [agent.pid, "service", "edit"]);
  const local = await mcp.info();
  assert.equal(local.pid, mcp.pid);
});

for (
  const [what, env] of [
    ["a wrong token", { REMOTE_AGENTS_TOKEN: "another-token-of-sorts" }],
    ["another room", { REMOTE_AGENTS_ROOM: "another room" }],
  ] as const
) {
  Deno.test(`a node with ${what} sees nobody of the room and nobody sees it`, async () => {
    await using room = await openRoom();
    const [insider, outsider] = await Promise.all([
      room.mcp({ name: "insider" }),
      room.mcp({ name: "outsider", env }),
      room.agent("web-1"),
      room.agent("stranger", { env }),
    ]);
    const [inside, outside] = await Promise.all([
      insider.waitForAgents("insider", "web-1"),
      outsider.waitForAgents("outsider", "stranger"),
    ]);
    assert.deepEqual(inside.map(({ name }) => name), ["insider", "web-1"]);
    assert.deepEqual(outside.map(({ name }) => name), ["outsider", "stranger"]);
    const webId = inside[1]?.id ?? "";
    for (const query of ["web-1", webId]) {
      await assert.rejects(outsider.exec({ agent_id: query, command: "true" }), {
        code: "unknown_agent",
        message: /^Cannot find agent ".+": connected are outsider \(\w+\), stranger \(\w+\)/,
      });
    }
    assert.equal((await insider.exec({ agent_id: webId, command: "echo hi" })).stdout.head, "hi\n");
  });
}

Deno.test("a relay for one room refuses the others by name of the reason, and the allowed one works", async () => {
  await using room = await openRoom();
  const { code, stdout } = await runNode({ home: await room.home(), env: room.env, args: ["room-id"] });
  assert.equal(code, 0);
  const relay = room.own(await startRelayProcess({ args: ["--allow-room", stdout.trim()] }));
  const env = { REMOTE_AGENTS_RELAY: relay.url };
  const [allowed, refused] = await Promise.all([
    room.mcp({ name: "allowed", env }),
    room.mcp({ name: "refused", env: { ...env, REMOTE_AGENTS_ROOM: "another room" } }),
    room.agent("web-1", { env }),
  ]);
  await allowed.waitForAgents("web-1");
  assert.equal((await allowed.exec({ agent_id: "web-1", command: "echo hi" })).stdout.head, "hi\n");
  await refused.log.waitFor(/Cannot join the room, retrying reason=".*room.*"/);
  await assert.rejects(refused.exec({ agent_id: "web-1", command: "true" }), {
    code: "not_connected",
    message: /Not connected to the relay, retrying: .*room/,
  });
  assert.ok(!relay.log.text.includes("another room"), "a relay never learns a room's name");
});
