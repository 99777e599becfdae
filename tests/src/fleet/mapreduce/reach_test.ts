import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import type { AgentSummary, Hosts } from "../../../../src/fleet/fleet.ts";
import { createReach } from "../../../../src/fleet/mapreduce/reach.ts";
import { utf8 } from "../../../../src/protocol/bytes.ts";
import { keyOf, openTestSpool, readPart } from "../../parts/_spool.ts";
import { summary } from "../../mcp/_resource_source.ts";

const { signal } = new AbortController();
const KEY = { id: keyOf("a").run, ticket: keyOf("a").ticket };

interface Room {
  agents: readonly AgentSummary[];
  present: () => Promise<readonly AgentSummary[]>;
  readonly listeners: Set<() => void>;
  readonly calls: unknown[];
}

/** A room that a test changes, and a reach into it. */
async function openWorld() {
  const spool = await openTestSpool();
  const room: Room = {
    agents: [summary("me", { isSelf: true }), summary("web-a"), summary("deaf", { accepts: false })],
    present: () => Promise.resolve(room.agents),
    listeners: new Set(),
    calls: [],
  };
  const call = (agent: string | undefined, asked: unknown, options: unknown) => {
    room.calls.push([agent, asked, options]);
    return Promise.resolve({ agent: { id: agent, name: "x" }, result: { bytes: 7 } });
  };
  const fleet: Hosts = {
    call: call as unknown as Hosts["call"], // It answers one operation, whichever is asked.
    present: () => room.present(),
    addressOf: (id) => `address of ${id}`,
    onAgentsChange(listener) {
      room.listeners.add(listener);
      return () => void room.listeners.delete(listener);
    },
  };
  let address = "first";
  const open = (includeSelf = false) =>
    createReach(fleet, { target: "all", includeSelf }, { spool: spool.spool, ownAddress: () => address })(
      KEY,
    );
  return {
    room,
    open,
    spool: spool.spool,
    move: () => void (address = "second"),
    change: () => room.listeners.forEach((listener) => listener()),
    [Symbol.asyncDispose]: () => spool[Symbol.asyncDispose](),
  };
}

const names = (hosts: readonly { readonly name: string }[]) => hosts.map(({ name }) => name);
/** Lets what waits for nothing but promises go on. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a reach takes those whom the target means and who run commands, and this machine if asked to", async () => {
  await using world = await openWorld();
  using ports = await world.open();
  assert.deepEqual(names(ports.hosts()), ["web-a"]);
  using both = await world.open(true);
  assert.deepEqual(names(both.hosts()), ["me", "web-a"]);
});

Deno.test("a reach asks hosts, and tells addresses as they are now", async () => {
  await using world = await openWorld();
  using ports = await world.open();
  const onOutput = () => {};
  const call = { op: "part_read", params: { run: "r" } };
  assert.deepEqual(await ports.request("web-a", call, { signal, onOutput }), { bytes: 7 });
  assert.deepEqual(world.room.calls, [["web-a", call, { signal, onOutput }]]);
  assert.deepEqual([ports.addressOf("x"), ports.self.address], ["address of x", "first"]);
  world.move();
  assert.equal(ports.self.address, "second");
  assert.ok(ports.now() >= 0);
});

Deno.test("a reach follows who comes and goes, until it is stopped", async () => {
  await using world = await openWorld();
  using ports = await world.open();
  const seen: string[][] = [];
  const stop = ports.onHostsChange(() => void seen.push(names(ports.hosts())));
  world.room.agents = [...world.room.agents, summary("web-b")];
  world.change();
  await settle();
  world.room.agents = world.room.agents.filter(({ name }) => name === "me");
  world.change();
  await settle();
  assert.deepEqual(seen, [["web-a", "web-b"], []]);
  stop();
  world.change();
  await settle();
  assert.deepEqual([seen.length, world.room.listeners.size], [2, 0]);
});

Deno.test("a reach looks again at what changed while it looked, and not once for each change", async () => {
  await using world = await openWorld();
  using ports = await world.open();
  let looks = 0;
  const looked = Promise.withResolvers<void>();
  world.room.present = async () => {
    const { agents } = world.room;
    if (++looks === 1) await looked.promise;
    return agents;
  };
  let told = 0;
  const stop = ports.onHostsChange(() => void told++);
  for (let i = 0; i < 5; i++) world.change();
  world.room.agents = [...world.room.agents, summary("late")];
  world.change();
  looked.resolve();
  await settle();
  assert.deepEqual([names(ports.hosts()), looks, told], [["late", "web-a"], 2, 2]);
  stop();
});

Deno.test("a reach that is stopped while it looks tells nobody", async () => {
  await using world = await openWorld();
  using ports = await world.open();
  const stop = ports.onHostsChange(() => assert.fail("Nobody listens any more"));
  world.change();
  stop();
  await settle();
});

Deno.test("a reach without a connection keeps its hosts, and looks again later", async () => {
  await using world = await openWorld();
  using ports = await world.open();
  let told = 0;
  const stop = ports.onHostsChange(() => void told++);
  const { present } = world.room;
  world.room.present = () => Promise.reject(new OperationError("not_connected", "No connection"));
  world.change();
  await settle();
  assert.deepEqual([names(ports.hosts()), told], [["web-a"], 0]);
  world.room.present = present;
  world.change();
  await settle();
  assert.equal(told, 1);
  stop();
});

Deno.test("a reach keeps the coordinator's parts until they are removed, and its run afterwards no more", async () => {
  await using world = await openWorld();
  using ports = await world.open();
  await ports.self.spool.addBytes("in.0", utf8("abc"));
  {
    using use = world.spool.open(keyOf("a"));
    assert.equal(await readPart(use.parts, "in.0"), "abc");
  }
  assert.equal(world.spool.runs, 1);
  await ports.self.spool.remove();
  assert.equal(world.spool.runs, 0);
  assert.throws(() => world.spool.open(keyOf("a")), /no such run/);
});

Deno.test("a reach that cannot be made, or of which nothing came, uses no run", async () => {
  await using world = await openWorld();
  const { present } = world.room;
  world.room.present = () => Promise.reject(new OperationError("not_connected", "No connection"));
  await assert.rejects(world.open(), /No connection/);
  assert.equal(world.spool.runs, 0);
  world.room.present = present;
  {
    using _ports = await world.open();
    assert.equal(world.spool.runs, 1);
  }
  assert.equal(world.spool.runs, 0);
});
