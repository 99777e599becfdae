import assert from "node:assert/strict";
import { VERSION } from "../../../src/version.ts";
import { cliHome } from "./_run_cli.ts";

Deno.test("runCli() prints version and help on stdout", async () => {
  await using home = await cliHome();
  assert.deepEqual(await home.run(["--version"]), { code: 0, stdout: `${VERSION}\n`, stderr: "" });
  const help = await home.run(["--help"]);
  assert.equal(help.code, 0);
  assert.equal(help.stderr, "");
  for (
    const word of [
      "First steps",
      "remote-agent init",
      "REMOTE_AGENTS_HOME",
      "flag > ",
      "mcp|hybrid",
      "room-id",
    ]
  ) {
    assert.ok(help.stdout.includes(word), word);
  }
  assert.ok(help.stdout.split("\n").every((line) => line.length <= 80));
  const helpOnRun = await home.run(["help", "run"]);
  assert.match(helpOnRun.stdout, /--token <secret>[^]*\bps\b[^]*--token-file[^]*Example:/);
});

const usageErrors: readonly (readonly [readonly string[], RegExp])[] = [
  [["rnu"], /unknown command 'rnu'[^]*Did you mean run\?/],
  [["config", "--relai", "x"], /unknown option '--relai'[^]*Did you mean --relay\?/],
  [["config", "--tokn=hunter2hunter2"], /unknown option '--tokn'/],
  [["config", "hunter2hunter2"], /too many arguments/],
  [["config", "--token"], /argument missing/],
];
for (const [words, expected] of usageErrors) {
  Deno.test(`runCli() refuses "${words.join(" ")}" with exit code 2`, async () => {
    await using home = await cliHome();
    const { code, stdout, stderr } = await home.run(words);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, expected);
    assert.ok(!stderr.includes("hunter2hunter2"));
  });
}

Deno.test("main() answers a broken config.toml with one line that names file and line, and exit code 2", async () => {
  await using home = await cliHome('room = "home"\ntoken = "hunter2hunter2\n');
  const { code, stdout, stderr } = await home.run(["config"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    `remote-agent: Cannot read ${home.configFile}:2:24: it is not TOML: ` +
      "control characters are not allowed in strings\n",
  );
  const verbose = await home.run(["config", "--verbose"]);
  assert.equal(verbose.code, 2);
  assert.match(verbose.stderr, /\n {4}at /);
  assert.ok(!verbose.stderr.includes("hunter2"));
});

Deno.test("main() refuses a short token with the remedy", async () => {
  await using home = await cliHome();
  const { code, stderr } = await home.run(["config", "--token", "hunter2"]);
  assert.equal(code, 2);
  assert.equal(
    stderr,
    'remote-agent: Cannot read "token" from flag --token: the value must have at least 8 characters and has 7: ' +
      'make one with "remote-agent token"\n',
  );
});

Deno.test("runCli() refuses a token on the stdin of mcp, also without naming mcp", async () => {
  await using home = await cliHome();
  for (const words of [["mcp", "--token-file", "-"], ["--token-file", "-"]]) {
    const { code, stdout, stderr } = await home.run(words, { stdin: "hunter2hunter2\n" });
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^remote-agent: Cannot read the token from flag --token-file \(standard input\): [^\n]+\n$/,
    );
  }
});

Deno.test("runCli() warns of a misspelt variable and goes on", async () => {
  await using home = await cliHome();
  const { code, stderr } = await home.run(["config"], { env: { REMOTE_AGENTS_ROM: "home" } });
  assert.equal(code, 0);
  assert.equal(
    stderr,
    "Warning: The variable REMOTE_AGENTS_ROM is not a setting and has no effect: did you mean REMOTE_AGENTS_ROOM\n",
  );
});
