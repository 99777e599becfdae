/**
 * What callers and agents go through when a relay, an agent or the network between them goes away, with real
 * processes: the caller learns it, nothing runs twice, nobody gives up.
 */
import assert from "node:assert/strict";
import { eventually, note } from "../helpers/eventually.ts";
import { isAlive } from "../helpers/is_alive.ts";
import { type McpSession, ToolError } from "../helpers/mcp_client.ts";
import { startRelayProcess } from "../helpers/processes.ts";
import { openRoom, type TestRoom } from "../helpers/room.ts";
import { startStallingProxy } from "../helpers/stalling_proxy.ts";

/** The issue asks for 2 s until a caller knows that its host is gone, and 3 s until peers are back; the rest is for
 * a busy machine. What was measured is printed. */
const GONE_MS = 4_500;
const BACK_MS = 6_000;

/** A command that runs on `web-1` until it is ended. */
interface RunningCommand {
  readonly pid: number;
  /** How the call ended, and when. */
  readonly outcome: Promise<{ readonly error: ToolError; readonly at: number }>;
}

/** Starts a command and waits until it runs. It notes each of its runs in `file`. */
async function runForever(
  mcp: McpSession,
  { file, command = "exec sleep 300" }: { readonly file: string; readonly command?: string },
): Promise<RunningCommand> {
  const started = Promise.withResolvers<number>();
  const call = mcp.exec({ agent_id: "web-1", command: `echo ran >> ${file}; echo $$; ${command}` }, {
    onProgress: (message) => started.resolve(Number(message.trim())),
  });
  const outcome = call.then(
    (result): never => assert.fail(`the command ended: ${JSON.stringify(result)}`),
    (error: unknown) => {
      if (!(error instanceof ToolError)) throw error;
      return { error, at: performance.now() };
    },
  );
  // It is awaited later, unless the test fails before.
  outcome.catch(() => {});
  return {
    pid: await Promise.race([started.promise, outcome.then(({ error }) => Promise.reject(error))]),
    outcome,
  };
}

/** How many times the command ran that notes its runs in `file`. */
const runsIn = async (file: string) => (await Deno.readTextFile(file)).split("\n").length - 1;

/** Waits until a command on `web-1` works again. */
function waitUntilBack(mcp: McpSession): Promise<string> {
  return eventually("the agent answers again", async () => {
    const answer = await mcp.call("exec", { agent_id: "web-1", command: "echo $PPID" });
    return answer.isError ? undefined : JSON.stringify(answer.structuredContent);
  });
}

async function connected(room: TestRoom) {
  const [agent, mcp] = await Promise.all([room.agent("web-1"), room.mcp()]);
  await mcp.waitForAgents("web-1");
  return { agent, mcp };
}

for (
  const [signal, why] of [
    ["SIGKILL", /connection/i],
    ["SIGTERM", /relay is restarting/],
  ] as const
) {
  Deno.test(`a relay that ends by ${signal} and returns: callers are told, nothing runs twice, all are back`, async () => {
    await using room = await openRoom();
    const { agent, mcp } = await connected(room);
    const file = `${room.folder}/runs`;
    const running = await runForever(mcp, { file });
    const mark = mcp.log.lines.length;
    room.relay.kill(signal);
    await room.relay.ended();
    const { error } = await running.outcome;
    assert.equal(error.code, "link_lost");
    assert.match(error.message, /lost before the answer.*not repeated/);

    // While it is away, tools say so and why; those of this machine work.
    await mcp.log.waitFor(/Cannot join the room, retrying/, { from: mark });
    for (const tool of ["exec", "get_info"]) {
      const args = tool === "exec" ? { agent_id: "web-1", command: "true" } : { agent_id: "web-1" };
      const answer = await mcp.call(tool, args);
      assert.equal(answer.isError, true);
      assert.match(
        JSON.stringify(answer.content),
        /Not connected to the relay, retrying: .+\[not_connected\]/,
      );
    }
    assert.equal((await mcp.call("list_agents")).isError, true);
    assert.equal((await mcp.exec({ command: "echo here" })).stdout.head, "here\n");
    assert.match(mcp.log.text, why);
    await eventually("the agent ended the command whose caller is gone", () => !isAlive(running.pid));

    room.own(await startRelayProcess({ port: room.relay.port }));
    const returnedAt = performance.now();
    const answer = await waitUntilBack(mcp);
    const took = Math.round(performance.now() - returnedAt);
    note(`all peers are back ${took} ms after the relay, which ended by ${signal}`);
    assert.ok(took < BACK_MS, `it took ${took} ms`);
    assert.match(answer, new RegExp(`"head":"${agent.pid}\\\\n"`), "the same process as before");
    assert.equal(await runsIn(file), 1);
    assert.ok(isAlive(mcp.pid) && isAlive(agent.pid));
  });
}

Deno.test("an agent ended by kill -9 in the middle of a command: its caller knows within 2 s", async () => {
  await using room = await openRoom();
  const { agent, mcp } = await connected(room);
  const running = await runForever(mcp, { file: `${room.folder}/runs`, command: "exec sleep 20" });
  try {
    const killedAt = performance.now();
    agent.kill("SIGKILL");
    const { error, at } = await running.outcome;
    const took = Math.round(at - killedAt);
    note(`peer_gone ${took} ms after kill -9`);
    assert.equal(error.code, "peer_gone");
    assert.ok(took < GONE_MS, `it took ${took} ms`);
    await eventually(
      "the agent is off the list",
      async () => (await mcp.agents()).every(({ name }) => name !== "web-1"),
    );
    await assert.rejects(mcp.exec({ agent_id: "web-1", command: "true" }), { code: "unknown_agent" });
  } finally {
    // Nobody ends the command of an agent that was killed.
    Deno.kill(running.pid, "SIGKILL");
  }
});

Deno.test("a connection that falls silent without closing: the caller knows within the relay's idle timeout", async () => {
  const idleSecs = 2;
  await using room = await openRoom({ relayArgs: ["--idle-timeout-secs", `${idleSecs}`] });
  const proxy = room.own(startStallingProxy(room.relay.port));
  const [mcp] = await Promise.all([
    room.mcp(),
    room.agent("web-1", { env: { REMOTE_AGENTS_RELAY: `ws://127.0.0.1:${proxy.port}` } }),
  ]);
  await mcp.waitForAgents("web-1");
  const running = await runForever(mcp, { file: `${room.folder}/runs` });
  const stalledAt = performance.now();
  proxy.stall();
  const { error, at } = await running.outcome;
  const took = Math.round(at - stalledAt);
  note(`peer_gone ${took} ms after the connection fell silent, with an idle timeout of ${idleSecs} s`);
  assert.equal(error.code, "peer_gone");
  assert.ok(took < 2 * idleSecs * 1000 + GONE_MS, `it took ${took} ms`);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`an agent that is told to end by ${signal} ends its commands, also stubborn ones, and says so`, async () => {
    await using room = await openRoom();
    const { agent, mcp } = await connected(room);
    const file = `${room.folder}/runs`;
    const [gentle, stubborn] = await Promise.all([
      runForever(mcp, { file }),
      runForever(mcp, { file, command: "trap '' TERM INT; while :; do sleep 1; done" }),
    ]);
    agent.kill(signal);
    const outcomes = await Promise.all([gentle.outcome, stubborn.outcome]);
    for (const { error } of outcomes) {
      assert.equal(error.code, "cancelled");
      assert.match(error.message, /agent on that host is ending/);
    }
    const { code } = await agent.ended();
    assert.equal(code, 0);
    for (const { pid } of [gentle, stubborn]) assert.equal(isAlive(pid), false);
  });
}

Deno.test("mcp starts without its relay, works on its machine, and joins when the relay comes", async () => {
  await using room = await openRoom();
  const { port } = room.relay;
  room.relay.kill("SIGKILL");
  await room.relay.ended();
  const mcp = await room.mcp();
  assert.equal((await mcp.exec({ command: "echo here" })).stdout.head, "here\n");
  const answer = await mcp.call("exec", { agent_id: "web-1", command: "true" });
  assert.equal(answer.isError, true);
  assert.match(JSON.stringify(answer.content), /Not connected to the relay, retrying.*\[not_connected\]/);
  const agent = await room.agent("web-1", { joins: false });
  await agent.log.waitFor(/Cannot join the room, retrying reason=".*refused/i);
  room.own(await startRelayProcess({ port }));
  await mcp.waitForAgents("web-1");
  assert.match(await waitUntilBack(mcp), new RegExp(`"head":"${agent.pid}\\\\n"`));
});

Deno.test("an agent that was suspended and goes on is back by itself", async () => {
  await using room = await openRoom({ relayArgs: ["--idle-timeout-secs", "2"] });
  const { agent, mcp } = await connected(room);
  agent.kill("SIGSTOP");
  try {
    await eventually(
      "the relay gave it up",
      async () => (await mcp.agents()).every(({ name }) => name !== "web-1"),
    );
  } finally {
    agent.kill("SIGCONT");
  }
  assert.match(await waitUntilBack(mcp), new RegExp(`"head":"${agent.pid}\\\\n"`));
});
