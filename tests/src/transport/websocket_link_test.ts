import assert from "node:assert/strict";
import { type Link, LINK_HIGH_WATER_BYTES, LinkError } from "../../../src/transport/link.ts";
import { createWebSocketDial } from "../../../src/transport/websocket_link.ts";
import {
  dial,
  type Dialled,
  readAll,
  startRawServer,
  startServer,
  type TestServer,
  upgrade,
  within,
} from "./_servers.ts";

const MIB = 1024 * 1024;

/** Opens a link to the server and gives both of its ends; the link is closed at the end. */
async function withLink(
  run: (dialled: Dialled, socket: WebSocket, server: TestServer) => Promise<void>,
): Promise<void> {
  await using server = startServer();
  const dialled = await dial(server.url);
  const socket = await server.sockets.next();
  await run(dialled, socket, server);
  dialled.link.close();
  if (socket.readyState !== WebSocket.CLOSED) await server.closes.next();
}

Deno.test("dialWebSocket() asks for the endpoint, with the Host that it dialled and nothing in the query", async () => {
  await withLink(async (_, __, server) => {
    const { url, headers } = await server.requests.next();
    assert.equal(headers.get("host"), server.url.host);
    assert.equal(new URL(url).pathname + new URL(url).search, "/v1/connect");
    assert.equal(headers.get("sec-websocket-extensions"), null);
  });
});

Deno.test("a link carries texts and bytes in order, to the relay and back", async () => {
  await withLink(async ({ link, messages }, socket, server) => {
    const sent = Array.from(
      { length: 200 },
      (_, i) => i % 3 === 0 ? `text ${i} é` : new Uint8Array(i * 10).fill(i),
    );
    for (const message of sent) {
      if (typeof message === "string") link.sendText(message);
      else link.sendBinary(message);
    }
    for (const expected of sent) {
      const got = await server.messages.next();
      assert.deepEqual(typeof got === "string" ? got : new Uint8Array(got), expected);
      socket.send(got);
    }
    for (const expected of sent) {
      const got = await messages.next();
      assert.deepEqual(got, expected);
      if (typeof got !== "string") assert.ok(got.buffer instanceof ArrayBuffer);
    }
  });
});

Deno.test("a link carries a message of 1 MiB, the largest of the protocol", async () => {
  await withLink(async ({ link, messages }, socket, server) => {
    const largest = crypto.getRandomValues(new Uint8Array(65_536));
    const message = new Uint8Array(MIB);
    for (let at = 0; at < MIB; at += largest.length) message.set(largest, at);
    link.sendBinary(message);
    const got = await server.messages.next();
    assert.ok(got instanceof ArrayBuffer && got.byteLength === MIB);
    socket.send(got);
    const back = await messages.next();
    assert.ok(typeof back !== "string" && back.every((byte, i) => byte === message[i]));
  });
});

for (
  const [code, reason] of [[1000, ""], [1012, "restarting"], [4403, "room not allowed"], [4429, "é"]] as const
) {
  Deno.test(`onClose() tells code ${code} and reason "${reason}" of the relay`, async () => {
    await withLink(async ({ closes }, socket) => {
      socket.close(code, reason);
      assert.deepEqual(await closes.next(), { code, reason });
    });
  });

  Deno.test(`close() tells the relay code ${code} and reason "${reason}"`, async () => {
    await withLink(async ({ link, closes }, _, server) => {
      link.close(code, reason);
      assert.deepEqual(await server.closes.next(), { code, reason });
      assert.equal((await closes.next()).code, code);
    });
  });
}

Deno.test("close() says 1000 unless told otherwise, and what follows is ignored", async () => {
  await withLink(async ({ link, closes, messages }, _, server) => {
    link.sendText("before");
    link.close();
    link.sendText("after");
    link.sendBinary(Uint8Array.of(1));
    assert.equal(await server.messages.next(), "before");
    assert.deepEqual(await server.closes.next(), { code: 1000, reason: "" });
    assert.equal((await closes.next()).code, 1000);
    link.close();
    link.sendText("after");
    await link.drained();
    assert.deepEqual([server.messages.size, messages.size, closes.size], [0, 0, 0]);
  });
});

Deno.test({
  name: "close() of a link that is closed already starts no timer",
  sanitizeOps: true,
  fn: async () => {
    await using server = startServer();
    const { link, closes } = await dial(server.url);
    (await server.sockets.next()).close(1012);
    await closes.next();
    link.close();
    await server.closes.next();
  },
});

Deno.test("onClose() tells 1006 when the connection breaks without a close", async () => {
  await using server = startRawServer(async (connection) => {
    await upgrade(connection);
    connection.closeWrite();
  });
  const { closes } = await dial(server.url);
  assert.equal((await closes.next()).code, 1006);
});

Deno.test("close() ends the connection although the relay does not answer it", async () => {
  await using server = startRawServer(async (connection) => {
    await upgrade(connection);
    await readAll(connection);
  });
  const { link, closes } = await dial(server.url, { by: createWebSocketDial({ closeTimeoutMs: 20 }) });
  link.close(4408, "too late");
  assert.equal((await closes.next()).code, 1006);
});

Deno.test("an oversized message of the relay ends the link", async () => {
  await withLink(async ({ closes, messages }, socket) => {
    socket.send(new Uint8Array(2 * MIB + 1));
    assert.match((await closes.next()).reason, /[Mm]ax payload/);
    assert.equal(messages.size, 0);
  });
});

Deno.test("dialWebSocket() reports a port where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assert.rejects(dial(new URL(`ws://127.0.0.1:${port}/v1/connect`)), (error) => {
    assert.ok(error instanceof LinkError);
    assert.match(error.message, new RegExp(`^Cannot connect to 127\\.0\\.0\\.1:${port}: .*refused`, "i"));
    return error.cause instanceof Error;
  });
});

const refusals: readonly [string, (request: Request) => Response, RegExp][] = [
  ["404", () => new Response("no", { status: 404 }), /404/],
  ["a web page", () => new Response("<html>"), /200/],
  [
    "a redirection, which it does not follow",
    ({ url }) => new Response(null, { status: 302, headers: { location: `${url}/elsewhere` } }),
    /302/,
  ],
];
for (const [what, respond, message] of refusals) {
  Deno.test(`dialWebSocket() reports ${what} in the place of a relay`, async () => {
    await using server = startServer(respond);
    await assert.rejects(dial(server.url), (error) => {
      assert.ok(error instanceof LinkError);
      return message.test(error.message);
    });
    await server.requests.next();
    assert.equal(server.requests.size, 0);
  });
}

const never: readonly [string, (connection: Deno.TcpConn) => Promise<void>][] = [
  ["says nothing", readAll],
  ["never comes to the end of its answer", async (connection) => {
    await connection.write(new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\nX-Wait: "));
    for (;;) {
      await connection.write(new TextEncoder().encode("."));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }],
];
for (const [what, speak] of never) {
  Deno.test(`dialWebSocket() gives up a relay that ${what}`, async () => {
    await using server = startRawServer(speak);
    const attempt = dial(server.url, { by: createWebSocketDial({ openTimeoutMs: 50 }) });
    await assert.rejects(within("the dial ended", attempt), (error) => {
      assert.ok(error instanceof LinkError);
      return /did not answer/.test(error.message);
    });
  });

  Deno.test(`an abort ends the dial to a relay that ${what}`, async () => {
    const controller = new AbortController();
    await using server = startRawServer((connection) => {
      controller.abort();
      return speak(connection);
    });
    await assert.rejects(
      within("the dial ended", dial(server.url, { signal: controller.signal })),
      LinkError,
    );
  });
}

Deno.test("a link that was opened in time outlives the deadline for it", async () => {
  await using server = startServer();
  const openTimeoutMs = 500;
  const { link, closes } = await dial(server.url, { by: createWebSocketDial({ openTimeoutMs }) });
  // This timer is the younger of the two, so it fires after the other would have.
  await new Promise((resolve) => setTimeout(resolve, openTimeoutMs));
  link.sendText("still here");
  assert.equal(await server.messages.next(), "still here");
  link.close();
  await server.closes.next();
  assert.equal((await closes.next()).code, 1000);
});

Deno.test("dialWebSocket() does not even begin when its signal is aborted", async () => {
  await using server = startServer();
  await assert.rejects(dial(server.url, { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(server.requests.size, 0);
});

Deno.test("an abort ends an open link, which says so", async () => {
  await using server = startServer();
  const controller = new AbortController();
  const { link, closes } = await dial(server.url, { signal: controller.signal });
  await server.sockets.next();
  controller.abort();
  assert.equal((await closes.next()).code, 1006);
  await server.closes.next();
  await link.drained();
});

/** For relays that do not answer a close. */
const dialImpatiently = createWebSocketDial({ closeTimeoutMs: 20 });

/** A relay that reads nothing until it is told to. */
function startSlowReader() {
  const reading = Promise.withResolvers<void>();
  const server = startRawServer(async (connection) => {
    await upgrade(connection);
    await reading.promise;
    await readAll(connection);
  });
  return { server, read: () => reading.resolve() };
}

/** Much more than the system's own buffers hold. */
const FLOOD_BYTES = 32 * MIB;

const floods: readonly [string, (link: Link) => void][] = [
  ["bytes", (link) => {
    for (let sent = 0; sent < FLOOD_BYTES; sent += MIB) link.sendBinary(new Uint8Array(MIB));
  }],
  ["texts", (link) => {
    for (let sent = 0; sent < FLOOD_BYTES; sent += MIB) link.sendText("x".repeat(MIB));
  }],
  ["bytes and then a text", (link) => {
    for (let sent = 0; sent < FLOOD_BYTES; sent += MIB) link.sendBinary(new Uint8Array(MIB));
    link.sendText("last");
  }],
];
for (const [what, flood] of floods) {
  Deno.test(`drained() waits while a slow reader leaves ${what} in the buffer, and no longer`, async () => {
    const { server, read } = startSlowReader();
    await using _ = server;
    const { link, closes } = await dial(server.url, { by: dialImpatiently });
    await link.drained();
    flood(link);
    let isDrained = false;
    const drained = Promise.all([link.drained(), link.drained()]).then(() => (isDrained = true));
    // However long this takes, the reader has read nothing.
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(isDrained, false);
    read();
    await within("the link drained", drained);
    await link.drained();
    link.close();
    await closes.next();
  });
}

Deno.test("drained() wakes who waits when the link breaks", async () => {
  const { server, read } = startSlowReader();
  await using _ = server;
  const controller = new AbortController();
  const { link, closes } = await dial(server.url, { signal: controller.signal });
  floods[0]?.[1](link);
  const drained = link.drained();
  controller.abort();
  await within("the waiter woke", drained);
  assert.equal((await closes.next()).code, 1006);
  read();
});

Deno.test("drained() does not wait below the high-water mark", async () => {
  const { server, read } = startSlowReader();
  await using _ = server;
  const { link, closes } = await dial(server.url, { by: dialImpatiently });
  link.sendBinary(new Uint8Array(LINK_HIGH_WATER_BYTES / 2));
  await within("a link that is not full is drained", link.drained());
  read();
  link.close();
  await closes.next();
});
