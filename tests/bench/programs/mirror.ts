/**
 * Passes the bytes of one connection to another without looking at them: what the load generator reaches against it
 * is the generator's own limit, and that of the kernel.
 */
import { answer } from "./json_lines.ts";

const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
/** A text message "welcome". */
const WELCOME = [0x81, 7, ...new TextEncoder().encode("welcome")];
const members = new Map<string, Deno.Conn>();

async function serve(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(256 * 1024);
  const request = new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
  const [, address = "", to = ""] = /address=(\w+)&to=(\w*)/.exec(request) ?? [];
  members.set(address, conn);
  await writeAll(conn, Uint8Array.of(...new TextEncoder().encode(UPGRADED), ...WELCOME));
  const target = members.get(to);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    if (target !== undefined) await writeAll(target, buffer.subarray(0, n));
  }
  members.delete(address);
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
answer({ port: listener.addr.port });
for await (const conn of listener) serve(conn).catch(() => conn.close()); // Reset by the generator: over.
