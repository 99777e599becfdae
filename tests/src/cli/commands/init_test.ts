import assert from "node:assert/strict";
import { cliHome } from "../_run_cli.ts";
import { execute } from "../../../../src/cli/commands/init.ts";
import { readConfigFile } from "../../../../src/config/config_file.ts";
import { mergeSettings } from "../../../../src/config/merge.ts";
import { Secrets } from "../../../../src/config/redact.ts";
import { nodePaths } from "../../../../src/host/paths.ts";

const WORDS = ["init", "--relay", "wss://relay.example.com", "--room", "it's home"];

Deno.test("init writes a config.toml with a new token that config and room-id read", async () => {
  await using home = await cliHome();
  const made = await home.run([...WORDS, "--tags", "gpu", "--no-agent"], {
    env: { REMOTE_AGENTS_MODE: "edit" },
  });
  assert.equal(made.code, 0, made.stderr);
  const tokens = made.stdout.match(/ra1_[a-z2-7]{55}/g) ?? [];
  assert.equal(tokens.length, 1, "the token is shown once");
  assert.ok(made.stdout.includes(`--room 'it'\\''s home' --token-file -`));
  const source = readConfigFile(await Deno.readTextFile(home.configFile), "x");
  const values = Object.fromEntries(Object.entries(source).map(([key, { value }]) => [key, value]));
  assert.deepEqual(values, {
    relay: "wss://relay.example.com",
    room: "it's home",
    token: tokens[0],
    tags: ["gpu"],
    no_agent: true,
    mode: "edit",
  });
  const shown = await home.run(["config"]);
  assert.equal(shown.code, 0);
  assert.equal(shown.stderr, "");
  assert.ok(shown.stdout.includes("ra1_…(59 characters)") && !shown.stdout.includes(tokens[0] ?? ""));
  const roomId = await home.run(["room-id"]);
  assert.match(roomId.stdout, /^[a-z2-7]{32}\n$/);
});

Deno.test("init takes the token from stdin and does not show it", async () => {
  await using home = await cliHome();
  const { code, stdout } = await home.run([...WORDS, "--token-file", "-"], { stdin: "hunter2hunter2\n" });
  assert.equal(code, 0);
  assert.ok(!stdout.includes("hunter2"));
  assert.ok((await Deno.readTextFile(home.configFile)).includes('token = "hunter2hunter2"'));
});

Deno.test("init leaves an existing file alone, and with --force replaces even a broken one", async () => {
  await using home = await cliHome("broken = ");
  const refused = await home.run(WORDS);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /it exists; --force replaces it and keeps a copy beside it\n$/);
  assert.ok(!refused.stdout.includes("ra1_"));
  assert.equal(await Deno.readTextFile(home.configFile), "broken = ");
  const forced = await home.run([...WORDS, "--force"]);
  assert.equal(forced.code, 0);
  assert.ok(forced.stdout.includes(`Kept the old file as ${home.configFile}.1.bak`));
  assert.equal(await Deno.readTextFile(`${home.configFile}.1.bak`), "broken = ");
});

Deno.test("init without a terminal asks nothing and names what is missing", async () => {
  await using home = await cliHome();
  const { code, stderr } = await home.run(["init", "--room", "home"]);
  assert.equal(code, 2);
  assert.equal(stderr, `remote-agent: Cannot write ${home.configFile}: relay missing; give --relay <url>\n`);
});

async function initWith(answers: Record<string, string>): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const given = { token: { value: "hunter2hunter2", origin: "REMOTE_AGENTS_TOKEN" } };
    const context = {
      ...mergeSettings([given], { command: "init", hostName: "x" }),
      paths: nodePaths(Deno.build.os, { REMOTE_AGENTS_HOME: folder }),
      secrets: new Secrets(),
      signal: new AbortController().signal,
    };
    await execute(context, { force: false }, (question) => answers[question]);
    return await Deno.readTextFile(context.paths.configFile);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("init asks a person for relay and room", async () => {
  const text = await initWith({ "Relay (wss://…):": "wss://r.example.com", "Room:": "home" }) ?? "";
  assert.deepEqual(
    Object.values(readConfigFile(text, "x")).map(({ value }) => value),
    ["wss://r.example.com", "home", "hunter2hunter2"],
  );
});

Deno.test("init refuses a wrong answer", async () => {
  await assert.rejects(initWith({ "Relay (wss://…):": "https://r.example.com", "Room:": "home" }), {
    name: "ConfigError",
    message: 'Cannot read "relay" from the answer: "https://r.example.com" is not a ws:// or wss:// URL: ' +
      'use "wss://r.example.com"',
  });
});
