/**
 * Servers that a WebSocket link is tested against: a real one, and one that speaks by hand.
 */
import type { Dial, Link, LinkClosed } from "../../../src/transport/link.ts";
import { dialWebSocket } from "../../../src/transport/websocket_link.ts";
import { Inbox } from "../../helpers/relay.ts";

const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A dialled link and what it told. */
export interface Dialled {
  readonly link: Link;
  readonly messages: Inbox<string | Uint8Array>;
  readonly closes: Inbox<LinkClosed>;
}

export async function dial(
  url: URL,
  { signal = new AbortController().signal, by = dialWebSocket }: { signal?: AbortSignal; by?: Dial } = {},
): Promise<Dialled> {
  const messages = new Inbox<string | Uint8Array>();
  const closes = new Inbox<LinkClosed>();
  const link = await by(url, {
    onText: (text) => messages.push(text),
    onBinary: (message) => messages.push(message.slice()),
    onClose: (closed) => closes.push(closed),
  }, signal);
  return { link, messages, closes };
}

/** A real WebSocket server on a free port; what its sockets get and how they end is written down. */
export interface TestServer extends AsyncDisposable {
  readonly url: URL;
  readonly requests: Inbox<{ readonly url: string; readonly headers: Headers }>;
  readonly sockets: Inbox<WebSocket>;
  readonly messages: Inbox<string | ArrayBuffer>;
  readonly closes: Inbox<{ code: number; reason: string }>;
}

export function startServer(respond?: (request: Request) => Response): TestServer {
  const requests = new Inbox<{ readonly url: string; readonly headers: Headers }>();
  const sockets = new Inbox<WebSocket>();
  const messages = new Inbox<string | ArrayBuffer>();
  const closes = new Inbox<{ code: number; reason: string }>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    // A request cannot be read any more once it was answered.
    requests.push({ url: request.url, headers: new Headers(request.headers) });
    if (respond !== undefined) return respond(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => sockets.push(socket);
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => messages.push(data);
    socket.onclose = ({ code, reason }) => closes.push({ code, reason });
    socket.onerror = () => {};
    return response;
  });
  return {
    url: new URL(`ws://127.0.0.1:${server.addr.port}/v1/connect`),
    requests,
    sockets,
    messages,
    closes,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A TCP server that speaks by hand; connections that are open when it is disposed of are closed. */
export function startRawServer(
  speak: (connection: Deno.TcpConn) => Promise<void>,
): AsyncDisposable & { readonly url: URL } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  const serving: Promise<void>[] = [];
  const accept = async () => {
    for await (const connection of listener) {
      connections.add(connection);
      // The client breaking off is no failure of the server.
      serving.push(speak(connection).catch(() => {}));
    }
  };
  serving.push(accept().catch(() => {})); // The listener was closed.
  return {
    url: new URL(`ws://127.0.0.1:${listener.addr.port}/`),
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) connection.close();
      await Promise.all(serving);
    },
  };
}

/** Answers the upgrade; nothing is read after that. */
export async function upgrade(connection: Deno.TcpConn): Promise<void> {
  let request = "";
  const buffer = new Uint8Array(4096);
  while (!request.includes("\r\n\r\n")) {
    const length = await connection.read(buffer);
    if (length === null) throw new Error("The client broke off");
    request += new TextDecoder().decode(buffer.subarray(0, length));
  }
  const key = /^sec-websocket-key: (.*)\r$/im.exec(request)?.[1] ?? "";
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + WEBSOCKET_GUID));
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${new Uint8Array(digest).toBase64()}`,
  ];
  await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
}

/** Reads until the client breaks off. */
export async function readAll(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  while (await connection.read(buffer) !== null);
}

/** Fails instead of waiting for ever. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`It took too long that ${what}`)), 15_000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
