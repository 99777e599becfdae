import assert from "node:assert/strict";
import { cliHome } from "../_run_cli.ts";

const TOKEN = "hunter2hunter2";
const KEY = "another secret";

Deno.test("config shows values with their origins and no secret, as a table and as JSON", async () => {
  await using home = await cliHome(`room = "home"\ntoken = "${TOKEN}"\n`);
  const words = ["config", "--encryption-key", KEY, "--tags", "a,b"];
  const env = { REMOTE_AGENTS_RELAY: "wss://relay.example.com" };
  const table = await home.run(words, { env });
  const json = await home.run([...words, "--json"], { env });
  for (const { code, stdout, stderr } of [table, json]) {
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.ok(!stdout.includes(TOKEN) && !stdout.includes(KEY));
  }
  const rows = table.stdout.split("\n").map((line) => line.split(/ {2,}/));
  const row = (key: string) => rows.find((cells) => cells[0] === key);
  assert.deepEqual(row("relay"), ["relay", "wss://relay.example.com", "REMOTE_AGENTS_RELAY"]);
  assert.deepEqual(row("room"), ["room", "home", `${home.configFile}:1`]);
  assert.deepEqual(row("token"), ["token", "set (14 characters)", `${home.configFile}:2`]);
  assert.deepEqual(row("encryption_key"), ["encryption_key", "set (14 characters)", "flag --encryption-key"]);
  assert.deepEqual(row("tags"), ["tags", "a, b", "flag --tags"]);
  assert.deepEqual(row("mode"), ["mode", "plan", "default"]);
  const { configFile, settings } = JSON.parse(json.stdout);
  assert.equal(configFile, home.configFile);
  assert.deepEqual(settings.tags, { value: ["a", "b"], origin: "flag --tags" });
  assert.deepEqual(settings.token, { value: "set (14 characters)", origin: `${home.configFile}:2` });
});

Deno.test("config warns when a room cannot be joined", async () => {
  await using home = await cliHome('room = "home"\n');
  const { code, stderr } = await home.run(["config"]);
  assert.equal(code, 0);
  assert.match(stderr, /^Warning: Cannot join a room: relay and token are not set; /);
});
