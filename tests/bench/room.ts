/**
 * A room of real processes, a relay and an agent, and a caller in this process that reaches the agent through them.
 */
import { hostIdentity } from "../../src/crypto/identity.ts";
import { deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import { type Peer, startPeer } from "../../src/peer/peer.ts";
import type { RequestOptions } from "../../src/peer/pending.ts";
import type { Bytes } from "../../src/protocol/bytes.ts";
import { dialWebSocket } from "../../src/transport/websocket_link.ts";
import { openRoom, type TestRoom } from "../helpers/room.ts";
import type { RealProcess } from "../helpers/processes.ts";

const AGENT = "bench-agent";
const JOIN_MS = 20_000;

/** The room. */
export interface BenchRoom extends AsyncDisposable {
  readonly room: TestRoom;
  readonly agent: RealProcess;
  /** Asks the agent. */
  request(call: { op: string; params: unknown }, options?: RequestOptions): Promise<unknown>;
}

/** Opens the room and waits until the caller has a session with the agent. */
export async function openBenchRoom(): Promise<BenchRoom> {
  await using opening = new AsyncDisposableStack();
  const room = opening.use(await openRoom());
  const agent = await room.agent(AGENT, { mode: "bypass" });
  const peer = opening.use(await startCaller(room));
  await peer.ready();
  const address = await findAgent(peer);
  await peer.request(address, { op: "get_info", params: {} });
  const owned = opening.move();
  return {
    room,
    agent,
    request: (call, options) => peer.request(address, call, options),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startCaller({ env, token }: TestRoom): Promise<Peer> {
  return await startPeer({
    url: new URL(env["REMOTE_AGENTS_RELAY"] ?? ""),
    dial: dialWebSocket,
    suite: hybridSuite,
    secret: await deriveRoomSecret({ token, room: env["REMOTE_AGENTS_ROOM"] ?? "", suite: hybridSuite }),
    host: await hostIdentity(hybridSuite, hybridSuite.randomBytes(32)),
    describe: () => ({
      name: "bench-caller",
      tags: [],
      platform: { os: "linux", family: "linux", arch: Deno.build.arch, kernel: "", shell: "/bin/sh" },
      mode: "bypass",
      accepts: false,
      role: "session",
      version: "0.0.0",
    }),
    watch: true,
    execute: () => Promise.reject(new Error("Cannot run anything: the caller only asks")),
  });
}

async function findAgent(peer: Peer): Promise<Bytes> {
  const deadline = performance.now() + JOIN_MS;
  for (;;) {
    const member = peer.agents.find(({ name }) => name === AGENT)?.members[0];
    if (member !== undefined) return member.address;
    if (performance.now() > deadline) throw new Error("Cannot find the agent: it did not join");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
