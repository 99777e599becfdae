import assert from "node:assert/strict";
import { type ByteSource, readTokenFile } from "../../../src/config/token_file.ts";
import { ConfigError } from "../../../src/errors.ts";

/** Standard input that gives one part a read; it fails when read after its end on a terminal. */
function source(parts: readonly (string | Uint8Array)[], isTerminal = false): ByteSource {
  const left = parts.map((part) => typeof part === "string" ? new TextEncoder().encode(part) : part);
  return {
    isTerminal: () => isTerminal,
    read(into) {
      const part = left.shift();
      if (part === undefined) {
        return isTerminal
          ? Promise.reject(new Error("a terminal waits for ever here"))
          : Promise.resolve(null);
      }
      into.set(part);
      return Promise.resolve(part.length);
    },
  };
}

const good: readonly (readonly [string, readonly string[], string])[] = [
  ["a line", ["12345678\n"], "12345678"],
  ["a Windows line", ["12345678\r\n"], "12345678"],
  ["text without an end of line", ["12345678"], "12345678"],
  ["parts", ["1234", "5678", "\n"], "12345678"],
  ["blanks as they are", [" 1234567 \n"], " 1234567 "],
];
for (const [what, parts, expected] of good) {
  Deno.test(`readTokenFile() reads ${what} from standard input`, async () => {
    const read = await readTokenFile("-", { origin: "here", stdin: source(parts) });
    assert.deepEqual(read, { text: expected, warnings: [] });
  });
}

Deno.test("readTokenFile() stops at the end of the line on a terminal", async () => {
  const stdin = source(["1234", "5678\n"], true);
  assert.equal((await readTokenFile("-", { origin: "here", stdin })).text, "12345678");
});

const bad: readonly (readonly [string, Uint8Array | string, string])[] = [
  ["several lines", "12345678\n12345678\n", "it has several lines"],
  ["what is not UTF-8", new Uint8Array([0xff, 0xfe]), "it is not UTF-8"],
  ["more than 4096 bytes", "x".repeat(4097), "it has over 4096 bytes"],
];
for (const [what, part, expected] of bad) {
  Deno.test(`readTokenFile() refuses ${what}`, async () => {
    await assert.rejects(
      readTokenFile("-", { origin: "here", stdin: source([part]) }),
      { name: "ConfigError", message: `Cannot read the token from here: ${expected}` },
    );
  });
}

Deno.test("readTokenFile() refuses standard input that has another use", async () => {
  await assert.rejects(
    readTokenFile("-", { origin: "flag --token-file (standard input)", stdin: undefined }),
    {
      name: "ConfigError",
      message:
        "Cannot read the token from flag --token-file (standard input): it carries the MCP messages or the " +
        "tool's arguments here; give a file, REMOTE_AGENTS_TOKEN or config.toml",
    },
  );
});

Deno.test("readTokenFile() says so when there is no such file", async () => {
  await assert.rejects(
    readTokenFile("/nonexistent/token", { origin: "here", stdin: undefined }),
    ConfigError,
  );
});

Deno.test({
  name: "readTokenFile() warns of a file that others can read",
  ignore: Deno.build.os === "windows",
  async fn() {
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(path, "12345678\n");
      await Deno.chmod(path, 0o600);
      const options = { origin: "here", stdin: undefined };
      assert.deepEqual(await readTokenFile(path, options), { text: "12345678", warnings: [] });
      await Deno.chmod(path, 0o644);
      const { warnings } = await readTokenFile(path, options);
      assert.deepEqual(warnings, [
        `Others on this machine can read the secret in ${path}: run "chmod 600 ${path}"`,
      ]);
    } finally {
      await Deno.remove(path);
    }
  },
});
