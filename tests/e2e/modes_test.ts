/**
 * What a host's mode and --no-agent let others do to it, with real processes.
 */
import assert from "node:assert/strict";
import { ToolError } from "../helpers/mcp_client.ts";
import { openRoom } from "../helpers/room.ts";

/** Makes sure that a refusal explains itself and does not invite a model to lift it. */
function assertRefusal(error: unknown, mode: string): boolean {
  assert.ok(error instanceof ToolError);
  assert.equal(error.code, "refused");
  assert.match(error.message, new RegExp(mode));
  assert.match(error.message, /Only the host's owner can allow it/);
  assert.match(error.message, /do not try to change it/);
  assert.doesNotMatch(error.message, /set_mode|you can|try again/i);
  return true;
}

Deno.test("a disabled host only describes itself, to others and to its own assistant, and says so in the list", async () => {
  await using room = await openRoom();
  const [mcp, own] = await Promise.all([
    room.mcp({ name: "assistant" }),
    room.mcp({ name: "closed-too", mode: "disabled" }),
    room.agent("closed", { mode: "disabled" }),
  ]);
  const agents = await mcp.waitForAgents("closed", "closed-too");
  assert.deepEqual(
    agents.map(({ name, mode }) => [name, mode]),
    [["assistant", "edit"], ["closed", "disabled"], ["closed-too", "disabled"]],
  );
  const file = `${room.folder}/trace`;
  for (
    const attempt of [
      () => mcp.exec({ agent_id: "closed", command: `touch ${file}` }),
      () => mcp.exec({ agent_id: "closed", command: "true" }),
      () => mcp.exec({ agent_id: "closed-too", command: `touch ${file}` }),
      () => own.exec({ command: `touch ${file}` }),
    ]
  ) {
    await assert.rejects(attempt(), (error) => assertRefusal(error, "disabled"));
  }
  assert.deepEqual([(await mcp.info("closed")).mode, (await own.info()).mode], ["disabled", "disabled"]);
  await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
});

Deno.test("a host in plan mode without a sandbox runs what is known to only read, and nothing else", async () => {
  await using room = await openRoom();
  const options = { mode: "plan", env: { REMOTE_AGENTS_SANDBOX: "off" } };
  const [mcp] = await Promise.all([room.mcp(options), room.agent("reader", options)]);
  await mcp.waitForAgents("reader");
  assert.equal((await mcp.info("reader")).mode, "plan");
  assert.equal((await mcp.info()).mode, "plan");
  const file = `${room.folder}/trace`;
  for (const target of [{ agent_id: "reader" }, {}]) {
    for (
      const args of [{ command: `touch ${file}` }, { argv: ["touch", file] }, { command: `echo x > ${file}` }]
    ) {
      await assert.rejects(mcp.exec({ ...target, ...args }), (error) => assertRefusal(error, "plan"));
    }
    assert.equal((await mcp.exec({ ...target, command: "echo seen | cat" })).stdout.head, "seen\n");
  }
  await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
});

for (const mode of ["edit", "bypass"]) {
  Deno.test(`a host in ${mode} mode runs commands, and the caller's own mode does not matter`, async () => {
    await using room = await openRoom();
    const [mcp] = await Promise.all([room.mcp({ mode: "disabled" }), room.agent("worker", { mode })]);
    await mcp.waitForAgents("worker");
    const result = await mcp.exec({ agent_id: "worker", command: "echo works" });
    assert.equal(result.stdout.head, "works\n");
  });
}

Deno.test("a --no-agent node is seen, refuses others at once, and its own tools work here and there", async () => {
  await using room = await openRoom();
  const [mcp, sender] = await Promise.all([
    room.mcp({ name: "assistant" }),
    room.mcp({ name: "sender", args: ["--no-agent"] }),
    room.agent("worker"),
    room.agent("quiet", { args: ["--no-agent"] }),
  ]);
  const agents = await mcp.waitForAgents("sender", "worker", "quiet");
  assert.deepEqual(
    agents.map(({ name, accepts }) => [name, accepts]),
    [["assistant", true], ["quiet", false], ["sender", false], ["worker", true]],
  );
  const file = `${room.folder}/trace`;
  for (const name of ["sender", "quiet"]) {
    for (
      const attempt of [() => mcp.exec({ agent_id: name, command: `touch ${file}` }), () => mcp.info(name)]
    ) {
      await assert.rejects(attempt(), { code: "not_accepting", message: /--no-agent/ });
    }
  }
  await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
  assert.equal((await sender.exec({ command: "echo $PPID" })).stdout.head, `${sender.pid}\n`);
  // Its own name means itself, although it runs nothing for others.
  assert.equal((await sender.exec({ agent_id: "sender", command: "echo own" })).stdout.head, "own\n");
  await sender.waitForAgents("worker");
  assert.equal((await sender.exec({ agent_id: "worker", command: "echo there" })).stdout.head, "there\n");
});
