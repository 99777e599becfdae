import assert from "node:assert/strict";
import { execute } from "../../../../src/cli/commands/agents.ts";
import { startTestRelay } from "../../../helpers/relay.ts";
import { startTestPeer } from "../../../helpers/test_peer.ts";
import { commandContext, printedBy } from "../_in_process.ts";

Deno.test("agents needs a room, and says how to name one", async () => {
  await using opened = await commandContext("agents");
  await assert.rejects(execute(opened.context, { target: undefined, json: false }), {
    name: "ConfigError",
    message: /^Cannot join a room: relay, room, and token are not set/,
  });
});

Deno.test("agents lists everybody else, or whom a target means", async () => {
  await using relay = await startTestRelay();
  const room = { token: crypto.randomUUID(), room: "home" };
  const relayUrl = String(relay.url);
  await using opened = await commandContext("agents", { relay: relayUrl, ...room });
  const list = async (target?: string, json = false) =>
    await printedBy(() => execute(opened.context, { target, json }));
  assert.match((await list()).stdout, /^Nobody else is in the room\./);
  await using web = await startTestPeer({ relayUrl, ...room, name: "web-1", tags: ["web"] });
  await using db = await startTestPeer({ relayUrl, ...room, name: "db-1", tags: ["db"], accepts: false });
  await Promise.all([web.peer.ready(), db.peer.ready()]);
  const [heading, ...rows] = (await list()).stdout.trimEnd().split("\n");
  assert.match(heading ?? "", /^NAME +ID +PLATFORM +MODE +TAGS +SINCE +LATENCY +NOTES$/);
  assert.deepEqual(rows.map((row) => row.split(" ")[0]).sort(), ["db-1", "web-1"]);
  assert.match(rows.find((row) => row.startsWith("db-1")) ?? "", /runs nothing for others$/);
  assert.match((await list("web")).stdout, /^NAME.*\nweb-1 [^\n]*\n$/);
  const [only, ...others] = JSON.parse((await list("web", true)).stdout);
  assert.deepEqual([only.name, others.length], ["web-1", 0]);
  await assert.rejects(list("moon"), /no host has the tag "moon"/);
});
