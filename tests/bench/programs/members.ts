/**
 * Members of a relay for the load generator: of ours by proof, of the minimal ones by naming an address.
 */
import { CONNECT_PATH } from "../../../src/protocol/limits.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { decodeRelayMessage, encodePeerMessage, type RelayMessage } from "../../../src/protocol/control.ts";
import { createJoin, createRawKeys, type RawKeys } from "../../helpers/relay.ts";
import { openRawWebSocket, type RawWebSocket } from "./raw_websocket.ts";

/** `product` is ours, `minimal` is a relay of the benchmarks, `mirror` passes bytes without looking at them. */
export type RelayKind = "product" | "minimal" | "mirror";

/** A joined connection. */
export interface LoadMember {
  readonly socket: RawWebSocket;
  /** 16 bytes. */
  readonly address: Bytes;
}

/** What a member joins. */
export interface JoinOptions {
  readonly kind: RelayKind;
  /** `ws://127.0.0.1:<port>` */
  readonly url: string;
  readonly room: RawKeys;
  readonly onBinary?: () => void;
  /** Whom the mirror passes everything to. */
  readonly to?: Bytes;
}

/** Joins a relay. */
export async function joinRelay({ kind, url, room, onBinary, to }: JoinOptions): Promise<LoadMember> {
  const options = onBinary === undefined ? {} : { onBinary };
  if (kind !== "product") {
    const address = crypto.getRandomValues(new Uint8Array(16));
    const target = new URL(`/connect?address=${address.toHex()}&to=${to?.toHex() ?? ""}`, url);
    const socket = await openRawWebSocket(target, options);
    if (await socket.nextText() !== "welcome") throw new Error(`Cannot join ${url}: it was no welcome`);
    return { socket, address };
  }
  const target = new URL(CONNECT_PATH, url);
  const socket = await openRawWebSocket(target, options);
  const challenge = expect(decodeRelayMessage(await socket.nextText()), "challenge");
  const join = await createJoin(target.host, challenge, { room, session: await createRawKeys() });
  await socket.sendText(encodePeerMessage({ ...join, card: new Uint8Array(600) }));
  const { address } = expect(decodeRelayMessage(await socket.nextText()), "welcome");
  return { socket, address };
}

function expect<T extends RelayMessage["type"]>(
  message: RelayMessage,
  type: T,
): Extract<RelayMessage, { type: T }> {
  if (message.type !== type) {
    throw new Error(`Cannot join: expected "${type}", got ${JSON.stringify(message)}`);
  }
  // The type was just compared; TypeScript does not narrow a union by a generic.
  return message as Extract<RelayMessage, { type: T }>;
}
