/**
 * A peer in this process that calls real agents, for tests that must see every byte of an output.
 */
import * as z from "zod";
import { hostIdentity } from "../../src/crypto/identity.ts";
import { deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { OperationError } from "../../src/errors.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import type { RequestOptions } from "../../src/peer/pending.ts";
import { startPeer } from "../../src/peer/peer.ts";
import { findAgent } from "../../src/peer/roster.ts";
import { OPERATIONS, type ParamsOf, type ResultOf } from "../../src/protocol/operation.ts";
import { dialWebSocket } from "../../src/transport/websocket_link.ts";
import { eventually } from "./eventually.ts";

const Environment = z.object({
  REMOTE_AGENTS_RELAY: z.string(),
  REMOTE_AGENTS_ROOM: z.string(),
  REMOTE_AGENTS_TOKEN: z.string(),
});

/** A peer that runs nothing itself. */
export interface PeerClient extends AsyncDisposable {
  /** Runs a command on the agent of that name, which may still be on its way into the room. */
  exec(name: string, params: ParamsOf<"exec">, options?: RequestOptions): Promise<ResultOf<"exec">>;
  /** What an honest relay and honest peers never cause. */
  anomalies(): Record<string, number | undefined>;
}

/** Joins the room that the settings in `env` lead to. */
export async function joinRoom(env: Readonly<Record<string, string>>): Promise<PeerClient> {
  const { REMOTE_AGENTS_RELAY: relay, REMOTE_AGENTS_ROOM: room, REMOTE_AGENTS_TOKEN: token } = Environment
    .parse(env);
  const suite = hybridSuite;
  const peer = await startPeer({
    url: new URL(relay),
    dial: dialWebSocket,
    suite,
    secret: await deriveRoomSecret({ token, room, encryptionKey: undefined, suite }),
    host: await hostIdentity(suite, suite.randomBytes(32)),
    describe: () => ({
      name: "test",
      tags: [],
      platform: { os: "test", family: "other", arch: "test", kernel: "test", shell: "none" },
      version: "0",
      mode: "disabled",
      accepts: false,
      role: "session",
    }),
    watch: true,
    execute: () => Promise.reject(new OperationError("not_accepting", "Cannot run anything in a test")),
  });
  return {
    async exec(name, params, options) {
      await peer.ready();
      const address = await eventually(`the room shows ${name}`, () => {
        const agents = peer.agents.filter((agent) => agent.name === name);
        return agents.length === 0 ? undefined : findAgent(agents, name).members[0]?.address;
      });
      return OPERATIONS.exec.result.parse(await peer.request(address, { op: "exec", params }, options));
    },
    anomalies: () => peer.anomalies.snapshot(),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
}
