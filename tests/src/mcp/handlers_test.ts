/**
 * What a client sees of the server, with the official client on the other end of a pair of transports in this process.
 */
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/client";
import { InMemoryTransport } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Fleet } from "../../../src/fleet/fleet.ts";
import { createServer, loadParts } from "../../../src/mcp/handlers.ts";
import type { ResourceSource } from "../../../src/mcp/resource_source.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import type { OperationName, ResultOf } from "../../../src/protocol/operation.ts";
import { execResult } from "../../helpers/sample_results.ts";
import { fakeFleet } from "./_fake_fleet.ts";
import { resourceSource, summary } from "./_resource_source.ts";

const ERAS = ["modern", "legacy"] as const;
const RUN = "r_abcdefghij2345672345";

/** A fleet whose one host writes two lines and ends. */
const fleet = fakeFleet({
  async call<K extends OperationName>(
    _agent: string | undefined,
    _call: unknown,
    { onOutput }: Parameters<Fleet["call"]>[2],
  ) {
    await onOutput?.("stdout", utf8("one\n"));
    await onOutput?.("stdout", utf8("two\n"));
    return { agent: { id: "a", name: "web-1" }, result: execResult() as ResultOf<K> }; // Only exec is called.
  },
});

interface Connected extends AsyncDisposable {
  readonly client: Client;
  /** Lists of resources that the client was told of, by their addresses. */
  readonly changes: readonly (readonly string[])[];
  readonly errors: readonly Error[];
}

async function connect(
  era: (typeof ERAS)[number],
  source: ResourceSource,
  onChanged = () => {},
): Promise<Connected> {
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  const ending = new AbortController();
  const errors: Error[] = [];
  const changes: string[][] = [];
  const parts = loadParts({ fleet: Promise.resolve(fleet), resources: Promise.resolve(source) });
  const onError = (error: Error) => void errors.push(error);
  const handle = serveStdio(
    (context) => createServer({ isModern: context.era === "modern", parts, signal: ending.signal, onError }),
    { transport: serverSide, onerror: onError },
  );
  const client = new Client({ name: "test", version: "1" }, {
    versionNegotiation: { mode: era === "modern" ? { pin: "2026-07-28" } : "legacy" },
    listChanged: {
      resources: {
        debounceMs: 0,
        onChanged: (error, items) => {
          if (error !== null) errors.push(error);
          changes.push((items ?? []).map(({ uri }) => uri));
          onChanged();
        },
      },
    },
  });
  await client.connect(clientSide);
  return {
    client,
    changes,
    errors,
    async [Symbol.asyncDispose]() {
      await client.close();
      await handle.close();
      ending.abort();
    },
  };
}

for (const era of ERAS) {
  Deno.test(`createServer() announces what it has, by the ${era} protocol`, async () => {
    await using session = await connect(era, resourceSource([]));
    assert.deepEqual(session.client.getServerCapabilities(), {
      tools: {},
      resources: { listChanged: true },
      prompts: {},
      completions: {},
    });
  });

  Deno.test(`createServer() serves resources by the ${era} protocol`, async () => {
    const web = summary("web-1");
    const source = resourceSource([web], {
      runs: () => [{ id: RUN, title: "fleet_exec uptime", startedAt: 0 }],
      run: () => Promise.resolve("web-1: ok"),
    });
    await using session = await connect(era, source);
    const { client } = session;
    const { resources } = await client.listResources();
    assert.deepEqual(resources.map(({ uri }) => uri), ["agents://", `agent://${web.id}`, `run://${RUN}`]);
    const { resourceTemplates } = await client.listResourceTemplates();
    assert.deepEqual(resourceTemplates.map(({ name }) => name), ["agent", "job_output", "run"]);
    for (const { uri } of resources) {
      const { contents } = await client.readResource({ uri });
      assert.ok(contents[0] !== undefined && "text" in contents[0] && contents[0].text.length > 5, uri);
    }
    await assert.rejects(client.readResource({ uri: "agent://nobody" }), {
      code: -32602,
      message: /Cannot read resource "agent:\/\/nobody"/,
      data: { uri: "agent://nobody" },
    });
    const completed = await client.complete({
      ref: { type: "ref/resource", uri: "agent://{agent}" },
      argument: { name: "agent", value: "web-" },
    });
    assert.deepEqual(completed.completion.values, ["web-1"]);
    assert.deepEqual(session.errors, []);
  });

  Deno.test(`createServer() serves prompts by the ${era} protocol`, async () => {
    await using session = await connect(era, resourceSource([summary("a", { tags: ["web"] })]));
    const { client } = session;
    const { prompts } = await client.listPrompts();
    assert.deepEqual(prompts.map(({ name }) => name), ["fleet_health", "careful_rollout", "find_in_fleet"]);
    const { messages } = await client.getPrompt({ name: "fleet_health", arguments: { target: "web" } });
    assert.equal(messages.length, 1);
    assert.match(JSON.stringify(messages[0]), /"role":"user".*target: web/);
    await assert.rejects(client.getPrompt({ name: "careful_rollout" }), {
      code: -32602,
      message: /"change" is missing/,
    });
    const { completion } = await client.complete({
      ref: { type: "ref/prompt", name: "fleet_health" },
      argument: { name: "target", value: "w" },
    });
    assert.deepEqual(completion.values, ["web"]);
  });

  Deno.test(`createServer() carries calls out and tells lines, by the ${era} protocol`, async () => {
    await using session = await connect(era, resourceSource([]));
    const told: [number, string | undefined][] = [];
    const answer = await session.client.callTool({ name: "exec", arguments: { command: "x" } }, {
      onprogress: ({ progress, message }) => void told.push([progress, message]),
    });
    assert.ok(!answer.isError, JSON.stringify(answer.content));
    assert.equal(told.map(([, message]) => message).join(""), "one\ntwo\n");
    assert.deepEqual(told.map(([progress]) => progress), told.map((_, i) => i + 1));
  });

  Deno.test(`createServer() tells that the list of resources has changed, by the ${era} protocol`, async () => {
    const agents = [summary("web-1")];
    const listeners = new Set<() => void>();
    const listen = (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
    const listening = Promise.withResolvers<void>();
    const changed = Promise.withResolvers<void>();
    const source = resourceSource(agents, {
      onAgentsChange: listen,
      onRunsChange: (listener) => {
        listening.resolve();
        return listen(listener);
      },
    });
    {
      await using session = await connect(era, source, changed.resolve);
      await listening.promise;
      assert.equal(session.changes.length, 0, "nothing has changed yet");
      agents.push(summary("web-2"));
      for (let i = 0; i < 50; i++) for (const listener of listeners) listener();
      await changed.promise;
      assert.equal(session.changes.length, 1, "changes of a moment are told once");
      assert.equal(session.changes[0]?.length, 3);
    }
    assert.equal(listeners.size, 0, "nobody listens when the client is gone");
  });
}

Deno.test("createServer() greets a client although the fleet never comes", async () => {
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  const parts = loadParts({ fleet: new Promise<Fleet>(() => {}) });
  const { signal } = new AbortController();
  const handle = serveStdio(() => createServer({ isModern: false, parts, signal, onError: () => {} }), {
    transport: serverSide,
  });
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "legacy" } });
  await client.connect(clientSide);
  assert.equal(client.getServerVersion()?.name, "remote-agents");
  assert.ok((await client.listTools()).tools.length > 10);
  assert.equal((await client.listPrompts()).prompts.length, 3);
  await client.close();
  await handle.close();
});
