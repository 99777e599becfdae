/**
 * The relay's settings: flags, then `REMOTE_AGENTS_RELAY_*` environment, then defaults. Pure: arguments and
 * environment come in, a configuration or the text to print comes out.
 */
import { Command, CommanderError } from "@commander-js/extra-typings";
import { MAX_MESSAGE_BYTES } from "../src/protocol/limits.ts";
import { PROTOCOL_VERSION } from "../src/protocol/version.ts";
import { VERSION } from "../src/version.ts";
import {
  ConfigError,
  parseBind,
  parseInteger,
  parsePublicHost,
  parseRoomIds,
  parseYesNo,
  type RawValue,
} from "./config_values.ts";
import { DEFAULT_BYTES_PER_SEC, DEFAULT_FRAMES_PER_SEC } from "./core/limits.ts";
import { HELP_EXAMPLES } from "./help.ts";

/** How a relay runs. */
export interface RelayConfig {
  readonly hostname: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Ids of the rooms that may be joined; none: every room. */
  readonly allowedRooms: ReadonlySet<string>;
  /** Seconds after which a silent connection that answers no ping is closed. */
  readonly idleTimeoutSecs: number;
  readonly maxConnections: number;
  readonly maxRoomSize: number;
  /** The name that peers dial, where a proxy rewrites Host. */
  readonly publicHost: string | undefined;
  readonly maxFramesPerSec: number;
  readonly maxBytesPerSec: number;
  readonly tls: { readonly certPath: string; readonly keyPath: string } | undefined;
  readonly verbose: boolean;
}

/** What runs when nothing is said. */
export const DEFAULT_CONFIG: RelayConfig = {
  hostname: "127.0.0.1",
  port: 8080,
  allowedRooms: new Set(),
  idleTimeoutSecs: 90,
  maxConnections: 10_000,
  maxRoomSize: 4096,
  publicHost: undefined,
  maxFramesPerSec: DEFAULT_FRAMES_PER_SEC,
  maxBytesPerSec: DEFAULT_BYTES_PER_SEC,
  tls: undefined,
  verbose: false,
};

/** What the arguments ask for. */
export type Invocation =
  | { readonly kind: "run"; readonly config: RelayConfig }
  /** Help or the version, for stdout. */
  | { readonly kind: "print"; readonly text: string };

/** Looks up an environment variable. */
export type ReadEnv = (name: string) => string | undefined;

const ENV_PREFIX = "REMOTE_AGENTS_RELAY_";

/**
 * Reads the relay's command line.
 *
 * @param args - the arguments after the program's name
 * @param readEnv - an empty variable counts as absent
 * @throws {ConfigError} If a value, a flag or a combination is wrong.
 */
export function readInvocation(args: readonly string[], readEnv: ReadEnv): Invocation {
  let printed = "";
  const command = createCommand((text) => printed += text);
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "print", text: printed };
    const reason = error.message.replace(/^error: /, "").replace(/\.$/, "").replaceAll("\n", " ");
    throw new ConfigError(`Cannot read the arguments: ${reason}; see --help`);
  }
  const flags = command.opts();
  const raw = (flag: string, value: string | undefined): RawValue | undefined =>
    value === undefined ? readVariable(flag, readEnv) : { text: value, origin: flag };
  const integer = (
    flag: string,
    value: string | undefined,
    limits: { readonly min: number; readonly max: number; readonly fallback: number },
  ): number => {
    const found = raw(flag, value);
    return found === undefined ? limits.fallback : parseInteger(found, limits);
  };

  const fallback = DEFAULT_CONFIG;
  const bind = raw("--bind", flags.bind);
  const roomVariable = readVariable("--allow-room", readEnv);
  const rooms = flags.allowRoom?.map((text) => ({ text, origin: "--allow-room" })) ??
    (roomVariable === undefined ? [] : [roomVariable]);
  const publicHost = raw("--public-host", flags.publicHost);
  const verbose = readVariable("--verbose", readEnv);
  const maxCount = { min: 1, max: 1_000_000 };
  const maxRate = 1_000_000_000_000;
  const config: RelayConfig = {
    ...(bind === undefined ? { hostname: fallback.hostname, port: fallback.port } : parseBind(bind)),
    allowedRooms: parseRoomIds(rooms),
    idleTimeoutSecs: integer("--idle-timeout-secs", flags.idleTimeoutSecs, {
      min: 1,
      max: 86_400,
      fallback: fallback.idleTimeoutSecs,
    }),
    maxConnections: integer("--max-connections", flags.maxConnections, {
      ...maxCount,
      fallback: fallback.maxConnections,
    }),
    maxRoomSize: integer("--max-room-size", flags.maxRoomSize, {
      ...maxCount,
      fallback: fallback.maxRoomSize,
    }),
    publicHost: publicHost === undefined ? undefined : parsePublicHost(publicHost),
    maxFramesPerSec: integer("--max-frames-per-sec", flags.maxFramesPerSec, {
      min: 1,
      max: maxRate,
      fallback: fallback.maxFramesPerSec,
    }),
    // At least one message of the largest size, or no such message would ever pass.
    maxBytesPerSec: integer("--max-bytes-per-sec", flags.maxBytesPerSec, {
      min: MAX_MESSAGE_BYTES,
      max: maxRate,
      fallback: fallback.maxBytesPerSec,
    }),
    tls: readTls(raw("--tls-cert", flags.tlsCert), raw("--tls-key", flags.tlsKey)),
    verbose: flags.verbose ?? (verbose === undefined ? fallback.verbose : parseYesNo(verbose)),
  };
  return { kind: "run", config };
}

function readVariable(flag: string, readEnv: ReadEnv): RawValue | undefined {
  const origin = ENV_PREFIX + flag.slice(2).toUpperCase().replaceAll("-", "_");
  const text = readEnv(origin);
  return text === undefined || text === "" ? undefined : { text, origin };
}

function readTls(cert: RawValue | undefined, key: RawValue | undefined): RelayConfig["tls"] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { certPath: cert.text, keyPath: key.text };
  const [given, missing] = cert === undefined ? [key?.origin, "--tls-cert"] : [cert.origin, "--tls-key"];
  throw new ConfigError(`Cannot use ${given} alone: give ${missing} too`);
}

function createCommand(print: (text: string) => void) {
  const { hostname, port, ...defaults } = DEFAULT_CONFIG;
  return new Command("remote-agents-relay")
    .description(
      "Moves end-to-end encrypted bytes between the peers of a room. It holds no key and no token, and can " +
        "read nothing that peers say to each other.",
    )
    .version(
      `remote-agents-relay ${VERSION} (protocol ${PROTOCOL_VERSION})`,
      "--version",
      "print the version",
    )
    .helpOption("--help", "print this help")
    .option(
      "--bind <host:port>",
      `where to listen; port 0 picks a free one (default: ${hostname}:${port})`,
    )
    .option(
      "--allow-room <room-id>",
      "serve this room only; repeat for more (default: every room)",
      (value: string, earlier: string[] | undefined) => [...(earlier ?? []), value],
    )
    .option(
      "--idle-timeout-secs <n>",
      `close a connection that was silent for so long (default: ${defaults.idleTimeoutSecs})`,
    )
    .option("--max-connections <n>", `refuse more connections (default: ${defaults.maxConnections})`)
    .option("--max-room-size <n>", `refuse more connections in one room (default: ${defaults.maxRoomSize})`)
    .option("--public-host <name>", "the host that peers dial, if a proxy in front rewrites the Host header")
    .option(
      "--max-frames-per-sec <n>",
      `frames a second that one connection may send (default: ${defaults.maxFramesPerSec})`,
    )
    .option(
      "--max-bytes-per-sec <n>",
      `bytes a second that one connection may send (default: ${defaults.maxBytesPerSec})`,
    )
    .option("--tls-cert <file>", "certificate chain in PEM; with --tls-key, peers connect with wss://")
    .option("--tls-key <file>", "private key in PEM")
    .option("--verbose", "log joins too, and stack traces of faults")
    .addHelpText("after", HELP_EXAMPLES)
    .allowExcessArguments(false)
    .configureOutput({ writeOut: print, writeErr: () => {} })
    .exitOverride();
}
