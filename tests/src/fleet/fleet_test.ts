import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { OperationError } from "../../../src/errors.ts";
import { type AgentSummary, createFleet, type Fleet, LOCAL_ADDRESS } from "../../../src/fleet/fleet.ts";
import type { SavedRuns } from "../../../src/fleet/mapreduce/saved_runs.ts";
import type { RunStore } from "../../../src/fleet/run_store.ts";
import type { Spool } from "../../../src/parts/spool.ts";
import { createAnomalies } from "../../../src/peer/anomalies.ts";
import type { Peer } from "../../../src/peer/peer.ts";
import type { RequestOptions } from "../../../src/peer/pending.ts";
import { agentsOf, type Member } from "../../../src/peer/roster.ts";
import { formatAddress } from "../../../src/protocol/address.ts";
import { type Bytes, utf8 } from "../../../src/protocol/bytes.ts";
import { SAMPLE_PLATFORM, sampleAddress, sampleMember } from "../../helpers/sample_card.ts";
import { infoResult } from "../../helpers/sample_results.ts";

const SELF = "self".padEnd(20, "2");
const OTHER = "othr".padEnd(20, "2");
const ME = sampleAddress(1);
const self = { id: SELF, name: "me" };
const { signal } = new AbortController();

const info = infoResult({ id: OTHER });

const summary: AgentSummary = {
  ...self,
  isSelf: true,
  tags: [],
  platform: SAMPLE_PLATFORM,
  mode: "edit",
  version: "1",
  role: "session",
  accepts: true,
  connectedSince: "2026-01-01T00:00:00.000Z",
  latencyMs: null,
  connections: 1,
};

const mine = (card: Parameters<typeof sampleMember>[1] = {}, fill = 1): Member =>
  sampleMember(fill, { name: "me", role: "session", ...card }, { agentId: SELF });
const theirs = (card: Parameters<typeof sampleMember>[1] = {}, fill = 2, agentId = OTHER): Member =>
  sampleMember(fill, { name: "there", ...card }, { agentId });

/** Keeps nothing. */
const runStore: RunStore = {
  save: () => Promise.resolve(),
  get: () => Promise.resolve(undefined),
  recent: () => [],
  adopt: () => Promise.resolve(false),
  requestCancel: () => assert.fail("Nobody is asked to cancel"),
  cancelRequests: () => [],
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const savedRuns: SavedRuns = {
  save: () => Promise.resolve(),
  get: () => Promise.resolve(undefined),
  isElsewhere: () => Promise.resolve(false),
  resultPath: () => assert.fail("No result is kept"),
  removeResult: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
const spool: Spool = {
  taken: 0,
  runs: 0,
  join: () => assert.fail("No part is kept"),
  open: () => assert.fail("No part is asked for"),
  drop: () => assert.fail("No part is dropped"),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

interface World {
  /** Undefined: the node is in no room. */
  readonly members?: readonly Member[];
  readonly isConnected?: boolean;
  readonly answer?: unknown;
  readonly ping?: (address: Bytes) => Promise<number>;
  readonly listeners?: Set<() => void>;
}

/** A fleet whose calls are written down as "here" or the address that was asked. */
function start(world: World = {}): { fleet: Fleet; calls: string[]; requests: RequestOptions[] } {
  const calls: string[] = [];
  const requests: RequestOptions[] = [];
  const { members, isConnected = true, ping = () => Promise.resolve(1), listeners = new Set() } = world;
  const answer = "answer" in world ? world.answer : info;
  const lost = () =>
    Promise.reject(new OperationError("not_connected", "Not connected to the relay, retrying"));
  const peer: Peer | undefined = members === undefined ? undefined : {
    address: ME,
    agentId: SELF,
    connection: isConnected
      ? { status: "connected", observed: "", since: 0 }
      : { status: "waiting", reason: "refused", attempts: 1 },
    agents: agentsOf(members),
    anomalies: createAnomalies(),
    ready: () => isConnected ? Promise.resolve() : lost(),
    request(address, _call, options = {}) {
      calls.push(formatAddress(address));
      requests.push(options);
      return Promise.resolve(answer);
    },
    ping,
    refreshCard: () => Promise.resolve(),
    onAgentsChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const fleet = createFleet({
    self,
    peer,
    describeSelf: () => summary,
    runStore,
    savedRuns,
    spool,
    randomBytes,
    executors: {
      running: 0,
      queued: 0,
      async execute(_operation, _params, { output }) {
        calls.push("here");
        await output?.("stdout", utf8("text"));
        return answer;
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
  });
  return { fleet, calls, requests };
}

const at = (fill: number) => formatAddress(sampleAddress(fill));
const call = { op: "get_info", params: {} } as const;
const room = [
  mine(),
  theirs(),
  sampleMember(3, { name: "twin" }, { agentId: "twa".padEnd(20, "2") }),
  sampleMember(4, { name: "twin" }, { agentId: "twb".padEnd(20, "2") }),
];

const routes: readonly (readonly [string, World, string | undefined, string])[] = [
  ["nobody named, without a room", {}, undefined, "here"],
  ["nobody named, in a room", { members: room }, undefined, "here"],
  ["nobody named, not connected", { members: room, isConnected: false }, undefined, "here"],
  ["the own id without a room", {}, SELF, "here"],
  ["the beginning of the own id without a room", {}, "self", "here"],
  ["the own name without a room", {}, "me", "here"],
  ["somebody else without a room", {}, "there", "unknown_agent"],
  ["an empty name without a room", {}, "", "unknown_agent"],
  ["the own id in a room", { members: room }, SELF, "here"],
  ["the own name in a room", { members: room }, "me", "here"],
  ["the own id beside a service", { members: [...room, mine({ role: "service" }, 9)] }, SELF, at(9)],
  ["the own name beside a service", { members: [...room, mine({ role: "service" }, 9)] }, "me", at(9)],
  [
    "the own id among processes that run nothing for others",
    {
      members: [mine({ accepts: false }), mine({ accepts: false, startedAt: 9_000 }, 9)],
    },
    SELF,
    "here",
  ],
  ["the own id while not connected", { members: room, isConnected: false }, SELF, "here"],
  ["the own name while not connected", { members: room, isConnected: false }, "me", "not_connected"],
  ["another by name", { members: room }, "there", at(2)],
  ["another by id", { members: room }, OTHER, at(2)],
  ["another by the beginning of its id", { members: room }, "othr", at(2)],
  ["another while not connected", { members: room, isConnected: false }, "there", "not_connected"],
  ["one of two of the same name", { members: room }, "twin", "ambiguous_agent"],
  ["nobody who is there", { members: room }, "ghost", "unknown_agent"],
  ["one that runs nothing for others", { members: [mine(), theirs({ accepts: false })] }, "there", at(2)],
];
for (const [what, world, query, expected] of routes) {
  Deno.test(`call() of ${what} goes to ${expected}`, async () => {
    const { fleet, calls } = start(world);
    const called = fleet.call(query, call, { signal });
    if (!expected.includes("_")) {
      const { agent, result } = await called;
      assert.deepEqual([calls, agent, result], [
        [expected],
        expected === "here"
          ? self
          : expected === at(2)
          ? { id: OTHER, name: "there" }
          : { id: SELF, name: "me" },
        info,
      ]);
      return;
    }
    await assert.rejects(called, (error) => error instanceof OperationError && error.code === expected);
    assert.deepEqual(calls, []);
  });
}

Deno.test("call() hands the signal and the taker of output on, near and far", async () => {
  const { fleet, requests } = start({ members: room });
  const taken: string[] = [];
  const onOutput = (channel: string, bytes: Bytes) =>
    void taken.push(channel + new TextDecoder().decode(bytes));
  await fleet.call(undefined, call, { signal, onOutput });
  assert.deepEqual(taken, ["stdouttext"]);
  await fleet.call("there", call, { signal, onOutput });
  assert.equal(requests[0]?.signal, signal);
  assert.equal(requests[0]?.onOutput, onOutput);
});

for (const answer of [undefined, null, "text", [], {}, { ...info, pid: "1" }]) {
  Deno.test(`call() refuses the answer ${JSON.stringify(answer)?.slice(0, 20)} of a host, and says of whom it is`, async () => {
    const { fleet } = start({ members: room, answer });
    await assert.rejects(fleet.call("there", call, { signal }), (error) => {
      assert.ok(error instanceof OperationError && error.code === "internal");
      assert.match(error.message, /"there".*"get_info"/);
      return true;
    });
  });
}

Deno.test("call() leaves out what a newer host added to its answer", async () => {
  const { fleet } = start({ members: room, answer: { ...info, invented: 1 } });
  assert.deepEqual((await fleet.call("there", call, { signal })).result, info);
});

Deno.test("list() without a room is this machine alone", async () => {
  assert.deepEqual(await start().fleet.list(), { agents: [summary], isConnected: false, anomalies: {} });
});

Deno.test("list() rejects while there is no connection", async () => {
  const { fleet } = start({ members: room, isConnected: false });
  await assert.rejects(fleet.list(), /Not connected/);
});

Deno.test("list() describes each agent by its first connection, with its round trip, but not to itself", async () => {
  let pings = 0;
  const { fleet } = start({
    members: [mine(), theirs({ tags: ["a"], role: "session" }), theirs({ mode: "plan", tags: ["b"] }, 5)],
    // The first one opens the session.
    ping: (address) => Promise.resolve(address[0] === 5 ? [40, 2.345][pings++] ?? 0 : 0),
  });
  const { agents, isConnected, anomalies } = await fleet.list();
  assert.deepEqual([isConnected, anomalies], [true, {}]);
  assert.deepEqual(
    agents.map((
      { name, isSelf, tags, mode, role, latencyMs, connections, connectedSince },
    ) => [name, isSelf, tags, mode, role, latencyMs, connections, connectedSince]),
    [
      ["me", true, [], "edit", "session", null, 1, "1970-01-01T00:00:02.000Z"],
      ["there", false, ["b"], "plan", "service", 2.3, 2, "1970-01-01T00:00:02.000Z"],
    ],
  );
});

Deno.test("list() shows an agent whose round trip cannot be measured", async () => {
  const { fleet } = start({
    members: room,
    ping: () => Promise.reject(new OperationError("timed_out", "Too slow")),
  });
  assert.deepEqual((await fleet.list()).agents.map(({ latencyMs }) => latencyMs), [null, null, null, null]);
});

Deno.test("list() measures a bounded number of round trips, all at the same time", async () => {
  let open = 0;
  let most = 0;
  const members = Array.from(
    { length: 100 },
    (_, i) => theirs({ name: `n${i}` }, i + 2, `${i}`.padEnd(20, "z")),
  );
  const { fleet } = start({
    members: [mine(), ...members],
    async ping() {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve));
      open--;
      return 1;
    },
  });
  const { agents } = await fleet.list();
  assert.equal(agents.length, 101);
  assert.ok(most > 32 && most <= 64, `${most}`);
});

Deno.test("list() measures only those that are chosen, in their order", async () => {
  const asked: number[] = [];
  const { fleet } = start({
    members: room,
    ping: (address) => Promise.resolve(asked.push(address[0] ?? 0)),
  });
  const { agents } = await fleet.list((all) => all.filter(({ name }) => name === "twin").toReversed());
  assert.deepEqual(agents.map(({ name, id }) => [name, id.slice(0, 3)]), [["twin", "twb"], ["twin", "twa"]]);
  assert.deepEqual([...new Set(asked)].sort(), [3, 4]);
});

Deno.test("list() and present() without a room choose from this machine", async () => {
  const { fleet } = start();
  assert.deepEqual((await fleet.list(() => [])).agents, []);
  assert.deepEqual(await fleet.present(), [summary]);
});

Deno.test("list() rejects as its choice does", async () => {
  const { fleet } = start({ members: room });
  const refuse = () => {
    throw new OperationError("bad_request", "Nobody is meant");
  };
  await assert.rejects(fleet.list(refuse), /Nobody is meant/);
});

Deno.test("present() tells who is there and measures nothing", async () => {
  const { fleet } = start({ members: room, ping: () => assert.fail("Nothing is to be measured") });
  const agents = await fleet.present();
  assert.deepEqual(agents.map(({ name, isSelf, latencyMs }) => [name, isSelf, latencyMs]), [
    ["me", true, null],
    ["there", false, null],
    ["twin", false, null],
    ["twin", false, null],
  ]);
  await assert.rejects(start({ members: room, isConnected: false }).fleet.present(), /Not connected/);
});

const addresses: readonly (readonly [string, World, string, string | undefined])[] = [
  ["this machine without a room", {}, SELF, LOCAL_ADDRESS],
  ["somebody else without a room", {}, OTHER, undefined],
  ["this machine in a room", { members: room }, SELF, at(1)],
  ["this machine before it is in the room", { members: [theirs()] }, SELF, at(1)],
  ["the service beside this process", { members: [...room, mine({ role: "service" }, 9)] }, SELF, at(9)],
  [
    "this machine, of which no process runs anything for others",
    { members: [mine({ accepts: false }), mine({ accepts: false, startedAt: 9_000 }, 9)] },
    SELF,
    at(1),
  ],
  ["another", { members: room }, OTHER, at(2)],
  [
    "the process of another that runs commands",
    {
      members: [mine(), theirs({ role: "session", accepts: false }), theirs({}, 5)],
    },
    OTHER,
    at(5),
  ],
  ["somebody who is not there", { members: room }, "ghost", undefined],
  ["a name, which is no id", { members: room }, "there", undefined],
];
for (const [what, world, id, expected] of addresses) {
  Deno.test(`addressOf() of ${what} is ${expected}`, () => {
    assert.equal(start(world).fleet.addressOf(id), expected);
  });
}

Deno.test("onAgentsChange() tells of changes in the room until it is stopped", () => {
  const listeners = new Set<() => void>();
  const { fleet } = start({ members: room, listeners });
  let told = 0;
  const stop = fleet.onAgentsChange(() => void told++);
  for (const listener of listeners) listener();
  stop();
  assert.deepEqual([told, listeners.size], [1, 0]);
  start().fleet.onAgentsChange(() => assert.fail("Without a room nobody comes"))();
});

Deno.test("runs carry an operation out on the hosts that are named, near and far", async () => {
  const { fleet, calls } = start({ members: room });
  const run = fleet.runs.start({
    tool: "fleet_info",
    op: "get_info",
    params: {},
    target: "all",
    hosts: [{ id: SELF, name: "me" }, { id: OTHER, name: "there" }, { id: "ghost", name: "ghost" }],
    leftOut: [],
    flow: { parallel: 1, canary: 0, waveSize: 0, maxFailures: Infinity },
    waitMs: 10_000,
  });
  await run.wait(10_000);
  assert.deepEqual(run.record.hosts.map(({ status }) => status), ["succeeded", "succeeded", "gone"]);
  assert.deepEqual(calls, ["here", at(2)]);
  await fleet.runs[Symbol.asyncDispose]();
});

Deno.test("mapReduces choose among those who are there", async () => {
  const { fleet } = start({ members: room });
  assert.deepEqual(await fleet.mapReduces.hostsFor({ target: "name:there", includeSelf: false }), [
    { id: OTHER, name: "there" },
  ]);
  await fleet.mapReduces[Symbol.asyncDispose]();
});
