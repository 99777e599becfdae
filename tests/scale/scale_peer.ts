/**
 * A peer of the scale run: the real one, with keys, session and socket of its own. What it is asked it answers at once,
 * without starting anything, so that what is measured is the way there and back.
 */
import { hostIdentity } from "../../src/crypto/identity.ts";
import { deriveRoomSecret, type RoomSecret } from "../../src/crypto/room_secret.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import { type Peer, startPeer } from "../../src/peer/peer.ts";
import type { Output } from "../../src/protocol/operations/exec.ts";
import { dialWebSocket } from "../../src/transport/websocket_link.ts";
import { execResult } from "../helpers/sample_results.ts";

const LINE = "up 3 days,  2:11,  1 user\n";
/** What every host answers to a command. */
const UPTIME: Output = { head: LINE, tail: "", bytes: LINE.length, truncated: false, invalidUtf8: false };

/** The room that a run is in. */
export interface ScaleRoom {
  readonly url: string;
  readonly token: string;
  readonly room: string;
}

/** Derives the secret of a room once for all peers of a process. */
export async function openScaleRoom({ token, room }: ScaleRoom): Promise<RoomSecret> {
  return await deriveRoomSecret({ token, room, suite: hybridSuite });
}

/** What a peer of the run is. */
export interface ScalePeerOptions {
  readonly url: string;
  readonly secret: RoomSecret;
  readonly name: string;
  /** A host is asked, a coordinator asks and watches the room. */
  readonly kind: "host" | "coordinator";
}

/** Starts a peer; it joins in the background. */
export async function startScalePeer({ url, secret, name, kind }: ScalePeerOptions): Promise<Peer> {
  const isHost = kind === "host";
  return await startPeer({
    url: new URL(url),
    dial: dialWebSocket,
    suite: hybridSuite,
    secret,
    host: await hostIdentity(hybridSuite, hybridSuite.randomBytes(32)),
    describe: () => ({
      name,
      tags: ["scale"],
      platform: {
        os: "linux",
        family: "linux",
        arch: Deno.build.arch,
        distro: "Debian GNU/Linux 13 (trixie)",
        kernel: "6.12.0",
        shell: "/bin/sh",
      },
      mode: "edit",
      accepts: isHost,
      role: isHost ? "service" : "session",
      version: "0.0.0-scale",
    }),
    watch: !isHost,
    execute: ({ op }) =>
      Promise.resolve(op === "exec" ? execResult({ stdout: UPTIME }) : { op, name, exitCode: 0 }),
  });
}
