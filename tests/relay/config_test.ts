import assert from "node:assert/strict";
import { DEFAULT_CONFIG, readInvocation, type RelayConfig } from "../../relay/config.ts";
import { ConfigError, formatHost } from "../../relay/config_values.ts";

const ROOM = "a".repeat(32);
const OTHER = `${"b".repeat(31)}a`;

function read(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return readInvocation(args, (name) => env[name]);
}

const cases: readonly {
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  expected: Partial<RelayConfig>;
}[] = [
  { args: [], expected: {} },
  { args: ["--bind", "0.0.0.0:0"], expected: { hostname: "0.0.0.0", port: 0 } },
  { args: ["--bind=[::1]:9000"], expected: { hostname: "::1", port: 9000 } },
  {
    args: [],
    env: { REMOTE_AGENTS_RELAY_BIND: "localhost:1" },
    expected: { hostname: "localhost", port: 1 },
  },
  {
    args: ["--bind", "127.0.0.1:2"],
    env: { REMOTE_AGENTS_RELAY_BIND: "localhost:1" },
    expected: { hostname: "127.0.0.1", port: 2 },
  },
  { args: [], env: { REMOTE_AGENTS_RELAY_BIND: "" }, expected: {} },
  { args: ["--allow-room", ROOM, "--allow-room", OTHER], expected: { allowedRooms: new Set([ROOM, OTHER]) } },
  {
    args: [],
    env: { REMOTE_AGENTS_RELAY_ALLOW_ROOM: `${ROOM}, ${OTHER}` },
    expected: { allowedRooms: new Set([ROOM, OTHER]) },
  },
  {
    args: ["--allow-room", ROOM],
    env: { REMOTE_AGENTS_RELAY_ALLOW_ROOM: OTHER },
    expected: { allowedRooms: new Set([ROOM]) },
  },
  { args: ["--idle-timeout-secs", "5"], expected: { idleTimeoutSecs: 5 } },
  {
    args: ["--max-connections", "7", "--max-room-size", "3"],
    expected: { maxConnections: 7, maxRoomSize: 3 },
  },
  {
    args: ["--max-frames-per-sec", "10", "--max-bytes-per-sec", "2000000"],
    expected: { maxFramesPerSec: 10, maxBytesPerSec: 2_000_000 },
  },
  { args: ["--public-host", "Relay.Example.org:8443"], expected: { publicHost: "relay.example.org:8443" } },
  {
    args: ["--tls-cert", "c.pem"],
    env: { REMOTE_AGENTS_RELAY_TLS_KEY: "k.pem" },
    expected: { tls: { certPath: "c.pem", keyPath: "k.pem" } },
  },
  { args: ["--verbose"], env: { REMOTE_AGENTS_RELAY_VERBOSE: "no" }, expected: { verbose: true } },
  { args: [], env: { REMOTE_AGENTS_RELAY_VERBOSE: "1" }, expected: { verbose: true } },
];

for (const { args, env = {}, expected } of cases) {
  Deno.test(`readInvocation() reads ${JSON.stringify(args)} with ${JSON.stringify(env)}`, () => {
    assert.deepEqual(read(args, env), { kind: "run", config: { ...DEFAULT_CONFIG, ...expected } });
  });
}

const errors: readonly [args: readonly string[], env: Readonly<Record<string, string>>, text: RegExp][] = [
  [["--bind", "8080"], {}, /--bind: "8080" is not host:port/],
  [["--bind", "::1:8080"], {}, /--bind/],
  [["--bind", "a:65536"], {}, /--bind/],
  [[], { REMOTE_AGENTS_RELAY_BIND: "x" }, /REMOTE_AGENTS_RELAY_BIND: "x"/],
  [["--bind"], {}, /argument missing/],
  [["--bnd", "x"], {}, /unknown option '--bnd'/],
  [["serve"], {}, /too many arguments/],
  [["--allow-room", "prod"], {}, /--allow-room: "prod" is not a room id.*remote-agent room-id/],
  [["--idle-timeout-secs", "0"], {}, /from 1 to 86400/],
  [["--idle-timeout-secs", "1.5"], {}, /"1\.5" is not a whole number/],
  [["--max-connections", "-1"], {}, /"-1" is not a whole number/],
  [["--max-room-size", "many"], {}, /"many"/],
  [["--max-bytes-per-sec", "1000"], {}, /from 1048576/],
  [[], { REMOTE_AGENTS_RELAY_MAX_FRAMES_PER_SEC: "x" }, /REMOTE_AGENTS_RELAY_MAX_FRAMES_PER_SEC: "x"/],
  [["--public-host", "wss://relay.example"], {}, /"wss:\/\/relay\.example" is not a host/],
  [["--public-host", "a/b"], {}, /"a\/b" is not a host/],
  [["--tls-cert", "c.pem"], {}, /--tls-cert alone: give --tls-key too/],
  [[], { REMOTE_AGENTS_RELAY_TLS_KEY: "k" }, /REMOTE_AGENTS_RELAY_TLS_KEY alone: give --tls-cert too/],
  [[], { REMOTE_AGENTS_RELAY_VERBOSE: "maybe" }, /"maybe" is neither true nor false/],
];

for (const [args, env, text] of errors) {
  Deno.test(`readInvocation() refuses ${JSON.stringify(args)} with ${JSON.stringify(env)}`, () => {
    assert.throws(() => read(args, env), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, text);
      assert.match(error.message, /^Cannot [^\n]*[^.\n]$/);
      return true;
    });
  });
}

Deno.test("readInvocation() prints the version, and a help that names every flag", () => {
  const version = read(["--version"]);
  assert.ok(version.kind === "print");
  assert.match(version.text, /^remote-agents-relay \d+\.\d+\.\d+ \(protocol 1\)\n$/);
  const help = read(["--help"]);
  assert.ok(help.kind === "print");
  for (
    const flag of ["--bind", "--allow-room", "--public-host", "--tls-cert", "--tls-key", "Examples", "proxy"]
  ) {
    assert.ok(help.text.includes(flag), flag);
  }
});

Deno.test("formatHost() puts brackets round IPv6", () => {
  assert.deepEqual([formatHost("::1", 8), formatHost("127.0.0.1", 8)], ["[::1]:8", "127.0.0.1:8"]);
});
