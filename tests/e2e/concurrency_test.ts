/**
 * Many calls at once over the whole path with real processes: none waits for another, none gets another's answer,
 * and past the host's bounds there is a clear refusal.
 */
import assert from "node:assert/strict";
import { eventually, note } from "../helpers/eventually.ts";
import { type McpSession, ToolError } from "../helpers/mcp_client.ts";
import { openRoom } from "../helpers/room.ts";

const numbered = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Runs `act`, and cancels every call that it made with the signal, whatever happens. */
async function withCancel(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  try {
    await act(controller.signal);
  } finally {
    controller.abort();
  }
}

/** Starts a call that only ends by its signal. */
function callForever(mcp: McpSession, command: string, signal: AbortSignal): void {
  mcp.exec({ agent_id: "web-1", command }, { signal }).catch(() => {});
}

Deno.test("200 concurrent calls to two machines each get their own answer", async () => {
  await using room = await openRoom();
  const [mcp, ...agents] = await Promise.all([room.mcp(), room.agent("web-0"), room.agent("web-1")]);
  await mcp.waitForAgents("web-0", "web-1");
  const startedAt = performance.now();
  const answers = await Promise.all(
    numbered(200).map((i) =>
      mcp.exec({
        agent_id: `web-${i % 2}`,
        command: `echo ${i} $PPID; cat >&2; exit ${i % 100}`,
        stdin: `in ${i}`,
      })
    ),
  );
  note(`200 concurrent calls in ${Math.round(performance.now() - startedAt)} ms`);
  for (const [i, { stdout, stderr, exitCode, agent }] of answers.entries()) {
    assert.deepEqual(
      [stdout.head, stderr.head, exitCode, agent.name],
      [`${i} ${agents[i % 2]?.pid}\n`, `in ${i}`, i % 100, `web-${i % 2}`],
    );
  }
  const { structuredContent } = await mcp.call("list_agents");
  assert.match(JSON.stringify(structuredContent), /"anomalies":\{\}/, "an honest relay causes none");
});

Deno.test("a slow call delays no other to the same machine", async () => {
  await using room = await openRoom();
  const [mcp] = await Promise.all([room.mcp(), room.agent("web-1")]);
  await mcp.waitForAgents("web-1");
  const gate = `${room.folder}/gate`;
  let isSlowDone = false;
  const slow = mcp.exec({
    agent_id: "web-1",
    command: `until [ -e ${gate} ]; do sleep 0.05; done; echo slow`,
  })
    .finally(() => isSlowDone = true);
  // It is awaited below, unless the test fails before.
  slow.catch(() => {});
  for (const i of numbered(20)) {
    assert.equal((await mcp.exec({ agent_id: "web-1", argv: ["echo", `${i}`] })).stdout.head, `${i}\n`);
  }
  assert.equal((await mcp.info("web-1")).running, 1);
  assert.equal(isSlowDone, false);
  await Deno.writeTextFile(gate, "");
  assert.equal((await slow).stdout.head, "slow\n");
});

Deno.test("a host takes 64 requests and queues 1024 more; the next is refused as busy at once", async () => {
  await using room = await openRoom();
  const [first, second] = await Promise.all([
    room.mcp({ name: "one" }),
    room.mcp({ name: "two" }),
    room.agent("web-1"),
  ]);
  await Promise.all([first.waitForAgents("web-1"), second.waitForAgents("web-1")]);
  await withCancel(async (signal) => {
    for (const i of numbered(64 + 1024)) {
      callForever(i % 2 === 0 ? first : second, "exec sleep 300", signal);
      // The client's pipe takes a number of messages at a time.
      if (i % 64 === 0) await Promise.all([first.info(), second.info()]);
    }
    await eventually("the host is full", async () => {
      const { running, queued } = await first.info("web-1");
      return running === 64 && queued === 1024;
    });
    for (const mcp of [first, second]) {
      await assert.rejects(mcp.exec({ agent_id: "web-1", command: "true" }), (error) => {
        assert.ok(error instanceof ToolError);
        assert.equal(error.code, "busy");
        assert.match(error.message, /64 .*1024 .*Try again/);
        return true;
      });
    }
  });
  // Cancelled calls leave their places and the queue.
  await eventually("the host is free", async () => {
    const { running, queued } = await first.info("web-1");
    return running === 0 && queued === 0;
  });
  assert.equal((await second.exec({ agent_id: "web-1", command: "echo free" })).stdout.head, "free\n");
});

Deno.test("max_running and max_queued bound a host, local calls included, and what is queued runs in turn", async () => {
  await using room = await openRoom();
  const limits = ["--max-running", "2", "--max-queued", "3"];
  const mcp = await room.mcp({ args: limits });
  const gate = `${room.folder}/gate`;
  const outcomes = numbered(8).map((i) =>
    mcp.exec({ command: `until [ -e ${gate} ]; do sleep 0.02; done; echo ${i}` })
      .then(
        ({ stdout }) => stdout.head,
        (error: unknown) => error instanceof ToolError ? error.code : String(error),
      )
  );
  await eventually("the host is full", async () => (await mcp.info()).queued === 3);
  await Deno.writeTextFile(gate, "");
  const texts = await Promise.all(outcomes);
  assert.deepEqual(texts, ["0\n", "1\n", "2\n", "3\n", "4\n", "busy", "busy", "busy"]);
});

Deno.test("two mcp sessions and a run service on one home are one agent, and its service takes the commands", async () => {
  await using room = await openRoom();
  const home = await room.home();
  // All three start at the same time on an empty home: only one of them makes the host key.
  const [service, one, two] = await Promise.all([
    room.agent("box", { home, mode: "edit" }),
    room.mcp({ home, name: "box", mode: "plan" }),
    room.mcp({ home, name: "box", mode: "plan" }),
  ]);
  const other = await room.mcp({ name: "elsewhere", mode: "plan" });
  const agents = await eventually("all of them are in the room", async () => {
    const list = await other.agents();
    return list.find(({ name }) => name === "box")?.connections === 3 ? list : undefined;
  });
  assert.equal(agents.length, 2, "three processes of one home are one agent");
  const box = agents.find(({ name }) => name === "box");
  assert.deepEqual([box?.role, box?.mode], ["service", "edit"]);
  const infos = await Promise.all([one.info(), two.info(), other.info("box")]);
  assert.deepEqual(infos.map(({ id }) => id), [box?.id, box?.id, box?.id]);
  assert.deepEqual(infos.map(({ pid }) => pid), [one.pid, two.pid, service.pid]);

  for (const session of [one, two, other]) {
    const result = await session.exec({ agent_id: box?.id ?? "", command: "echo $PPID" });
    assert.equal(result.stdout.head, `${service.pid}\n`, "the service ran it, in its own mode");
  }
  const written = await one.call("write_file", { path: `${room.folder}/x`, content: "" });
  assert.equal(written.isError, true, "each session keeps to its own mode");

  // Without the service, the newest session takes commands.
  await service[Symbol.asyncDispose]();
  await eventually(
    "the service has left",
    async () => (await other.agents()).find(({ name }) => name === "box")?.connections === 2,
  );
  assert.equal((await other.info("box")).role, "session");
});
