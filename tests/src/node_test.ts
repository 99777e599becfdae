/**
 * The composition: what a node of given settings is made of, and that its end ends all of it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Connection } from "../../src/config/connection.ts";
import { mergeSettings } from "../../src/config/merge.ts";
import { Secrets } from "../../src/config/redact.ts";
import type { Settings } from "../../src/config/settings.ts";
import { createToken } from "../../src/crypto/room_secret.ts";
import { ConfigError, OperationError } from "../../src/errors.ts";
import { type Node, type NodeOptions, startNode } from "../../src/node.ts";
import { formatAddress } from "../../src/protocol/address.ts";
import { until } from "../helpers/fake_clock.ts";
import { startTestRelay } from "../helpers/relay.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

const token = await createToken();
const { signal } = new AbortController();

function settingsOf(more: Partial<Settings> = {}): Settings {
  return { ...mergeSettings([], { command: "run", hostName: "tester" }).settings, mode: "edit", ...more };
}

async function start(stateFolder: string, options: Partial<NodeOptions> = {}): Promise<Node> {
  return await startNode({
    settings: settingsOf(),
    connection: undefined,
    paths: {
      configFolder: stateFolder,
      configFile: join(stateFolder, "config.toml"),
      stateFolder,
    },
    secrets: new Secrets(),
    role: "service",
    watch: true,
    ...options,
  });
}

function connectionTo(relay: string): Connection {
  return { relay, room: "test", token, encryptionKey: undefined };
}

/** Waits until `node` knows of `other`. */
async function meet(node: Node, other: Node): Promise<void> {
  await node.peer?.ready();
  await until("they know each other", () => node.peer?.agents.some(({ id }) => id === other.id) ?? false);
}

Deno.test("startNode() without a room works on its own machine, as the agent of its host key", async () => {
  await using home = await temporaryFolder();
  await using node = await start(join(home.folder, "state"), {
    settings: settingsOf({ name: "alone", tags: ["a"] }),
  });
  assert.equal(node.peer, undefined);
  const { agent, result } = await node.fleet.call(undefined, { op: "get_info", params: {} }, { signal });
  assert.deepEqual(agent, { id: node.id, name: "alone" });
  assert.deepEqual([result.id, result.name, result.tags, result.mode, result.role], [
    node.id,
    "alone",
    ["a"],
    "edit",
    "service",
  ]);
  const { agents, isConnected } = await node.fleet.list();
  assert.deepEqual([agents.map(({ id, isSelf }) => [id, isSelf]), isConnected], [[[node.id, true]], false]);
});

Deno.test("startNode() is the same agent in every process of one home, and another one in another home", async () => {
  await using home = await temporaryFolder();
  await using other = await temporaryFolder();
  await using first = await start(home.folder);
  await using second = await start(home.folder);
  await using third = await start(other.folder);
  assert.equal(first.id, second.id);
  assert.notEqual(first.id, third.id);
});

Deno.test("startNode() refuses what the user must correct", async () => {
  await using home = await temporaryFolder();
  const mistyped = `${token.slice(0, -1)}${token.endsWith("a") ? "b" : "a"}`;
  for (const wrong of [mistyped, "hunter2"]) {
    const connection = { ...connectionTo("ws://127.0.0.1:1"), token: wrong };
    await assert.rejects(start(home.folder, { connection }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.ok(!error.message.includes(wrong));
      return true;
    });
  }
  await Deno.writeTextFile(join(home.folder, "host_key"), "damaged");
  await assert.rejects(start(home.folder), ConfigError);
});

Deno.test("startNode() joins its room, and carries out what another node asks", async () => {
  await using relay = await startTestRelay();
  await using home = await temporaryFolder();
  await using other = await temporaryFolder();
  const connection = connectionTo(relay.url);
  await using host = await start(home.folder, {
    connection,
    watch: false,
    settings: settingsOf({ name: "host" }),
  });
  await using caller = await start(other.folder, { connection, role: "session" });
  await meet(caller, host);
  const lines: string[] = [];
  const { agent, result } = await caller.fleet.call(
    "host",
    { op: "exec", params: { command: "echo hello" } },
    {
      signal,
      onOutput: (_channel, bytes) => void lines.push(new TextDecoder().decode(bytes)),
    },
  );
  assert.deepEqual([agent, result.exitCode, result.stdout.head, lines.join("")], [
    { id: host.id, name: "host" },
    0,
    "hello\n",
    "hello\n",
  ]);
});

const refusals: readonly (readonly [string, Partial<NodeOptions>, string, string])[] = [
  [
    "in plan mode without a sandbox",
    { settings: settingsOf({ mode: "plan", sandbox: "off" }) },
    "refused",
    "refused",
  ],
  ["that is disabled", { settings: settingsOf({ mode: "disabled" }) }, "refused", "refused"],
  ["with no_agent", { settings: settingsOf({ no_agent: true }) }, "not_accepting", "done"],
  ["that is told not to accept", { accepts: false }, "not_accepting", "done"],
];
for (const [what, options, far, near] of refusals) {
  Deno.test(`a node ${what} answers others with "${far}" and itself with "${near}"`, async () => {
    await using relay = await startTestRelay();
    await using home = await temporaryFolder();
    await using other = await temporaryFolder();
    const connection = connectionTo(relay.url);
    await using host = await start(home.folder, { connection, ...options });
    await using caller = await start(other.folder, { connection });
    await meet(caller, host);
    const outcome = async (node: Node, agent: string | undefined) => {
      try {
        await node.fleet.call(agent, { op: "exec", params: { argv: ["touch", "/dev/null"] } }, { signal });
        return "done";
      } catch (error) {
        assert.ok(error instanceof OperationError);
        return error.code;
      }
    };
    assert.deepEqual([await outcome(caller, host.id), await outcome(host, undefined)], [far, near]);
  });
}

Deno.test("a node that ends stops its commands, and tells their callers while it can", async () => {
  await using relay = await startTestRelay();
  await using home = await temporaryFolder();
  await using other = await temporaryFolder();
  const connection = connectionTo(relay.url);
  const host = await start(home.folder, { connection, settings: settingsOf({ name: "host" }) });
  await using caller = await start(other.folder, { connection });
  await meet(caller, host);
  const called = caller.fleet.call("host", { op: "exec", params: { argv: ["sleep", "60"] } }, { signal });
  const rejected = assert.rejects(called, (error) => {
    assert.ok(error instanceof OperationError);
    assert.equal(error.code, "cancelled", error.message);
    return true;
  });
  await until("it runs", () => host.state.running === 1);
  await host[Symbol.asyncDispose]();
  await rejected;
  assert.equal(host.state.running, 0);
});

Deno.test({
  name:
    "a host takes a part from a node that runs nothing for others, and sends it on to who holds the ticket",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using relay = await startTestRelay();
    await using home = await temporaryFolder();
    await using other = await temporaryFolder();
    const connection = connectionTo(relay.url);
    await using host = await start(home.folder, {
      connection,
      watch: false,
      settings: settingsOf({ name: "host", sandbox: "off" }),
    });
    await using coordinator = await start(other.folder, {
      connection,
      role: "session",
      settings: settingsOf({ name: "coordinator", no_agent: true, sandbox: "off" }),
    });
    await meet(coordinator, host);
    const key = { run: `r_${"a".repeat(20)}`, ticket: "a".repeat(32) };
    const params = {
      ...key,
      command: "yes 0123456789 | head -n 200000",
      stage: "map" as const,
      partition: 0,
      partitions: 1,
      attempt: 0,
      input: { merge: "concat" as const, items: "text" as const, as: "lines" as const },
      output: { name: "map.0", as: "whole" as const, reducers: 1 },
    };
    await coordinator.fleet.call(undefined, { op: "part_run", params }, { signal });
    const from = formatAddress(coordinator.peer?.address ?? new Uint8Array());
    const parts = [{ name: "map.0.0", bytes: 2_200_000 }];
    const fetching = { op: "part_fetch", params: { ...key, from, parts } } as const;
    assert.deepEqual((await coordinator.fleet.call("host", fetching, { signal })).result, {
      bytes: 2_200_000,
    });
    let bytes = 0;
    const reading = { op: "part_read", params: { ...key, part: "map.0.0", offset: 200_000 } } as const;
    const { result } = await coordinator.fleet.call("host", reading, {
      signal,
      onOutput: (_channel, chunk) => void (bytes += chunk.length),
    });
    assert.deepEqual([result, bytes], [{ bytes: 2_200_000 }, 2_000_000]);
    const wrong = { ...fetching, params: { ...fetching.params, ticket: "b".repeat(32) } };
    await assert.rejects(
      coordinator.fleet.call("host", wrong, { signal }),
      /no such run here for this ticket/,
    );
  },
});
