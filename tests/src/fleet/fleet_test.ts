import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { type AgentSummary, createFleet, type Fleet } from "../../../src/fleet/fleet.ts";
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

interface World {
  /** Undefined: the node is in no room. */
  readonly members?: readonly Member[];
  readonly isConnected?: boolean;
  readonly answer?: unknown;
  readonly ping?: (address: Bytes) => Promise<number>;
}

/** A fleet whose calls are written down as "here" or the address that was asked. */
function start(world: World = {}): { fleet: Fleet; calls: string[]; requests: RequestOptions[] } {
  const calls: string[] = [];
  const requests: RequestOptions[] = [];
  const { members, isConnected = true, ping = () => Promise.resolve(1) } = world;
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
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const fleet = createFleet({
    self,
    peer,
    describeSelf: () => summary,
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
