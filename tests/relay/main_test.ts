import assert from "node:assert/strict";
import { CloseCode } from "../../src/protocol/control.ts";
import { rawPeer } from "../helpers/relay.ts";

const MAIN = new URL("../../relay/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Starts the program with the permissions that it is documented to need, and no others. */
function spawnRelay(args: readonly string[], env: Readonly<Record<string, string>> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--frozen",
      "--config",
      CONFIG,
      "--allow-net",
      "--allow-env",
      MAIN,
      ...args,
    ],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Reads stderr until it holds a whole line; the rest comes with `rest()`. */
async function readFirstLine(child: Deno.ChildProcess) {
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  return {
    line: text,
    rest: async () => {
      let more = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) more += part.value;
      return more;
    },
  };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test({
    name: `main prints one line when ready, and on ${signal} tells peers with 1012 and exits with 0`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const child = spawnRelay([], { REMOTE_AGENTS_RELAY_BIND: "127.0.0.1:0" });
      try {
        const { line, rest } = await readFirstLine(child);
        const match = /^Relay listening on (ws:\/\/127\.0\.0\.1:\d+)\n$/.exec(line);
        assert.ok(match?.[1], line);
        await using peer = await rawPeer(match[1]);
        child.kill(signal);
        assert.equal((await peer.closed()).code, CloseCode.restarting);
        assert.equal((await child.status).code, 0);
        assert.equal(await rest(), "");
      } finally {
        endChild(child);
        await child.stdout.cancel();
      }
    },
  });
}

const failures: readonly [args: readonly string[], text: RegExp][] = [
  [["--bind", "nonsense"], /^Cannot read --bind: "nonsense" is not host:port[^\n]*\n$/],
  [["--max-speed", "9"], /^Cannot read the arguments: unknown option '--max-speed'[^\n]*\n$/],
  [["--tls-cert", "/x.pem", "--tls-key", "/y.pem"], /^Cannot read --tls-cert "\/x\.pem": [^\n]*\n$/],
];
for (const [args, text] of failures) {
  Deno.test(`main exits with 2 and one line on stderr for ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await spawnRelay(args).output();
    assert.match(new TextDecoder().decode(stderr), text);
    assert.equal(code, 2);
    assert.equal(stdout.length, 0);
  });
}

Deno.test("main prints its help on stdout and exits with 0", async () => {
  const { code, stdout, stderr } = await spawnRelay(["--help"]).output();
  assert.match(new TextDecoder().decode(stdout), /--allow-room <room-id>/);
  assert.equal(code, 0);
  assert.equal(stderr.length, 0);
});

/** Ends a child that a failed test left running. */
function endChild(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
