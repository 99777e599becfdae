/**
 * The relay as a server: `Deno.serve` with a health page and the WebSocket endpoint. `main.ts` runs it as a
 * program, tests and benchmarks start it in their own process.
 */
import { CONNECT_PATH } from "../src/protocol/limits.ts";
import { PROTOCOL_VERSION } from "../src/protocol/version.ts";
import { VERSION } from "../src/version.ts";
import type { RelayConfig } from "./config.ts";
import { ConfigError, formatHost } from "./config_values.ts";
import { Hub, type RelayMetrics } from "./hub.ts";
import type { LineLog } from "./refusal_log.ts";
import { MAX_OUTBOUND_BYTES } from "./socket.ts";

/** What tests replace. */
export interface RelayDeps {
  /** Takes log lines. @default nowhere */
  readonly log?: LineLog;
  /** Milliseconds of a clock that never goes back. @default performance.now */
  readonly now?: () => number;
  /** How long a connection may take to join. @default 10000 */
  readonly joinTimeoutMs?: number;
  /** Connections that may wait to join at once. @default 1024 */
  readonly maxPending?: number;
  /** Bytes that may wait for one connection. @default 16 MiB */
  readonly maxOutboundBytes?: number;
  /** How long a peer may take to answer a close. @default 1000 */
  readonly closeGraceMs?: number;
}

/** A running relay; disposing of it drains and stops it. */
export interface Relay extends AsyncDisposable {
  /** `ws://` or `wss://` with the address and port that it listens on. */
  readonly url: string;
  readonly port: number;
  /** Counts, without names. */
  metrics(): RelayMetrics;
}

const DRAIN_TIMEOUT_MS = 1200;
const STOP_TIMEOUT_MS = 500;
const SILENT: LineLog = { debug: () => {}, warn: () => {} };

/**
 * Starts a relay.
 *
 * @throws {ConfigError} If a TLS file cannot be read or used, or the address cannot be listened on.
 *
 * @example
 * ```ts
 * await using relay = await startRelay({ ...DEFAULT_CONFIG, port: 0 });
 * console.log(relay.url); // ws://127.0.0.1:41231
 * ```
 */
export async function startRelay(config: RelayConfig, deps: RelayDeps = {}): Promise<Relay> {
  const tls = config.tls === undefined ? undefined : {
    cert: await readPem(config.tls.certPath, "--tls-cert"),
    key: await readPem(config.tls.keyPath, "--tls-key"),
  };
  const hub = new Hub({
    allowedRooms: config.allowedRooms,
    publicHost: config.publicHost,
    maxConnections: config.maxConnections,
    maxRoomSize: config.maxRoomSize,
    idleTimeoutSecs: config.idleTimeoutSecs,
    framesPerSec: config.maxFramesPerSec,
    bytesPerSec: config.maxBytesPerSec,
    maxOutboundBytes: deps.maxOutboundBytes ?? MAX_OUTBOUND_BYTES,
    maxPending: deps.maxPending ?? 1024,
    joinTimeoutMs: deps.joinTimeoutMs ?? 10_000,
    closeGraceMs: deps.closeGraceMs ?? 1000,
    log: deps.log ?? SILENT,
    now: deps.now ?? (() => performance.now()),
  });
  const startedAtMs = performance.now();
  const { hostname, port } = config;
  const stop = new AbortController();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      {
        hostname,
        port,
        signal: stop.signal,
        onListen: () => {},
        onError: (error) => fail(error, deps.log ?? SILENT),
        ...tls,
      },
      (request, info) => answer(request, info, { hub, config, startedAtMs }),
    );
  } catch (cause) {
    await hub.drain(0);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot listen on "${formatHost(hostname, port)}": ${reason}`, { cause });
  }
  const scheme = tls === undefined ? "ws" : "wss";
  let stopped: Promise<void> | undefined;
  return {
    url: `${scheme}://${formatHost(hostname, server.addr.port)}`,
    port: server.addr.port,
    metrics: () => hub.metrics(),
    [Symbol.asyncDispose]: () => stopped ??= stopServer({ hub, server, stop }),
  };
}

interface Service {
  readonly hub: Hub;
  readonly config: RelayConfig;
  readonly startedAtMs: number;
}

function answer(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>, service: Service): Response {
  const { pathname, host: urlHost } = new URL(request.url);
  if (request.method === "GET" && pathname === "/health") return health(service);
  if (request.method !== "GET" || pathname !== CONNECT_PATH) {
    return new Response("Not found\n", { status: 404 });
  }
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return new Response("Connect with a WebSocket\n", {
      status: 426,
      headers: { upgrade: "websocket", connection: "upgrade" },
    });
  }
  const { hub, config } = service;
  if (!hub.hasRoom()) {
    return new Response("The relay is full or stopping\n", { status: 503, headers: { "retry-after": "5" } });
  }
  // Read first: the upgrade takes the request away.
  const { hostname, port } = info.remoteAddr;
  const host = request.headers.get("host") ?? urlHost;
  let upgraded: Deno.WebSocketUpgrade;
  try {
    // The runtime pings after half of the timeout without a message, and closes after the other half.
    upgraded = Deno.upgradeWebSocket(request, { idleTimeout: config.idleTimeoutSecs });
  } catch {
    // Not a proper handshake, such as one without a key.
    return new Response("Cannot upgrade: the WebSocket handshake is not valid\n", { status: 400 });
  }
  hub.accept(upgraded.socket, { remote: formatHost(hostname, port), host });
  return upgraded.response;
}

/** A request that went away in the middle, or a fault of ours. */
function fail(error: unknown, log: LineLog): Response {
  log.debug(
    `Cannot answer a request: ${error instanceof Error ? error.stack ?? error.message : String(error)}`,
  );
  return new Response("Cannot answer the request\n", { status: 500 });
}

/** Counts only: who may see this page may not learn rooms or members. */
function health({ hub, startedAtMs }: Service): Response {
  const { connections, pending, rooms } = hub.metrics();
  return Response.json({
    status: "ok",
    version: VERSION,
    protocol: PROTOCOL_VERSION,
    uptimeSecs: Math.floor((performance.now() - startedAtMs) / 1000),
    connections,
    pending,
    rooms,
  });
}

async function stopServer(
  { hub, server, stop }: {
    readonly hub: Hub;
    readonly server: Deno.HttpServer<Deno.NetAddr>;
    readonly stop: AbortController;
  },
): Promise<void> {
  await hub.drain(DRAIN_TIMEOUT_MS);
  stop.abort();
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const deadline = setTimeout(resolve, STOP_TIMEOUT_MS);
  await Promise.race([server.finished, timeout]);
  clearTimeout(deadline);
}

async function readPem(path: string, flag: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read ${flag} "${path}": ${reason}`, { cause });
  }
}
