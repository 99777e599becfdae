// A minimal relay on Node and the "ws" package, the other side of the comparison. It takes a member's address on
// trust and does what a relay must: it finds each frame's destination and writes the sender's address in its place.
// Frames of one message that follow each other to the same destination go on as one message.
// Usage: node ws_relay.mjs <folder with node_modules/ws>
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

const require = createRequire(join(process.argv[2], "package.json"));
const { WebSocketServer } = require("ws");

const HEADER = 20;
const members = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const address = Buffer.from(new URL(request.url, "http://relay").searchParams.get("address"), "hex");
  const key = address.latin1Slice();
  members.set(key, socket);
  socket.on("close", () => members.delete(key));
  socket.on("error", () => {});
  socket.on("message", (message) => {
    for (let at = 0; at < message.length;) {
      const start = at;
      const to = message.latin1Slice(at + 4, at + HEADER);
      do {
        address.copy(message, at + 4);
        at += HEADER + message.readUInt32BE(at);
      } while (at < message.length && message.latin1Slice(at + 4, at + HEADER) === to);
      members.get(to)?.send(start === 0 && at === message.length ? message : message.subarray(start, at));
    }
  });
  socket.send("welcome");
});
server.on("listening", () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
