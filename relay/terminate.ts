/**
 * Ends a WebSocket whose peer does not answer the close handshake. `close()` only asks: the runtime then reads
 * for ever from a peer that keeps quiet or keeps sending, and its idle timeout is off by then.
 */

/**
 * Closes the transport under a socket, without a handshake.
 *
 * Deno has no public call for it (Node's `ws` has `terminate()`), so this closes the socket's resource through
 * Deno's internal core, and does nothing where a Deno version has arranged that differently. A write
 * that the peer does not take stays with the kernel until the peer is gone; `Outbox` keeps it small.
 *
 * @returns whether the resource could be closed
 */
export function terminateSocket(socket: WebSocket): boolean {
  const ridSymbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "[[rid]]");
  if (ridSymbol === undefined) return false;
  const rid: unknown = Reflect.get(socket, ridSymbol);
  const core = property(property(Deno, property(Deno, "internal")), "core");
  const tryClose = property(core, "tryClose");
  if (typeof rid !== "number" || typeof tryClose !== "function") return false;
  Reflect.apply(tryClose, core, [rid]);
  return true;
}

function property(owner: unknown, key: unknown): unknown {
  if (typeof owner !== "object" || owner === null) return undefined;
  return typeof key === "string" || typeof key === "symbol" ? Reflect.get(owner, key) : undefined;
}
