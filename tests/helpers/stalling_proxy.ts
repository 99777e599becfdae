/**
 * A TCP proxy that can stop passing bytes on while it keeps its connections open: what a cut cable or a suspended
 * machine looks like from the other end.
 */

/** The proxy. */
export interface StallingProxy extends AsyncDisposable {
  readonly port: number;
  /** From now on nothing is passed on, in either direction, and nothing is closed. */
  stall(): void;
}

/** Starts a proxy on a free loopback port in front of another port. */
export function startStallingProxy(targetPort: number): StallingProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  let isStalled = false;

  const pass = async (from: Deno.TcpConn, to: Deno.TcpConn) => {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        if (isStalled) continue;
        for (let at = 0; at < n;) at += await to.write(buffer.subarray(at, n));
      }
      if (!isStalled) to.close();
    } catch {
      // One of the two was closed.
    }
  };
  const accept = async () => {
    const passing: Promise<void>[] = [];
    for await (const inside of listener) {
      if (isStalled) {
        inside.close();
        continue;
      }
      const outside = await Deno.connect({ hostname: "127.0.0.1", port: targetPort });
      connections.add(inside).add(outside);
      passing.push(pass(inside, outside), pass(outside, inside));
    }
    await Promise.all(passing);
  };
  const accepting = accept();
  return {
    port: listener.addr.port,
    stall: () => void (isStalled = true),
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) {
        try {
          connection.close();
        } catch {
          // It is closed already.
        }
      }
      await accepting;
    },
  };
}
