/**
 * A minimal relay on `Deno.serve`, the other side of the comparison: it does what `ws_relay.mjs` does.
 */
import { answer } from "./json_lines.ts";

const HEADER = 20;
const members = new Map<string, WebSocket>();

function keyOf(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 16));
}

function forward(message: Uint8Array<ArrayBuffer>, own: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(message.buffer);
  for (let at = 0; at < message.length;) {
    const start = at;
    const to = keyOf(message, at + 4);
    do {
      message.set(own, at + 4);
      at += HEADER + view.getUint32(at);
    } while (at < message.length && keyOf(message, at + 4) === to);
    members.get(to)?.send(message.subarray(start, at));
  }
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => answer({ port }),
}, (request) => {
  const own = Uint8Array.fromHex(new URL(request.url).searchParams.get("address") ?? "");
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  const key = keyOf(own, 0);
  socket.onopen = () => {
    members.set(key, socket);
    socket.send("welcome");
  };
  socket.onclose = () => members.delete(key);
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => forward(new Uint8Array(data), own);
  return response;
});
