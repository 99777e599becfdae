import assert from "node:assert/strict";
import * as z from "zod";
import type { AgentList, AgentSummary } from "../../../../src/fleet/fleet.ts";
import { listAgents } from "../../../../src/mcp/tools/list_agents.ts";
import { SAMPLE_PLATFORM } from "../../../helpers/sample_card.ts";
import { fakeFleet } from "../_fake_fleet.ts";

const agent: AgentSummary = {
  id: "a".repeat(20),
  name: "web",
  isSelf: false,
  tags: ["prod", "eu"],
  platform: SAMPLE_PLATFORM,
  mode: "plan",
  version: "1",
  role: "service",
  accepts: true,
  connectedSince: "2026-01-01T00:00:00.000Z",
  latencyMs: 2.3,
  connections: 1,
};
const { distro: _, ...plain } = SAMPLE_PLATFORM;
const self: AgentSummary = {
  ...agent,
  name: "me",
  isSelf: true,
  tags: [],
  accepts: false,
  latencyMs: null,
  platform: plain,
};

async function list(answer: AgentList, args: Record<string, unknown> = {}) {
  const fleet = fakeFleet({
    list: (choose = (all) => all) => Promise.resolve({ ...answer, agents: choose(answer.agents) }),
  });
  return await listAgents.handle(args, { fleet, signal: new AbortController().signal });
}

Deno.test("list_agents takes a target or nothing, and only reads", () => {
  assert.equal(listAgents.input.safeParse({ agent_id: "web" }).success, false);
  assert.equal(listAgents.input.safeParse({ target: "" }).success, false);
  assert.equal(listAgents.input.safeParse({ target: "web" }).success, true);
  assert.equal(z.toJSONSchema(listAgents.input).additionalProperties, false);
  assert.ok(listAgents.hints.readOnly && !listAgents.hints.destructive);
});

Deno.test("list_agents shows who is in the room in words and in structure", async () => {
  const answer = { agents: [self, agent], isConnected: true, anomalies: { bad_record: 2 } };
  const { text, structured } = await list(answer);
  assert.equal(
    text,
    "2 machines in the room:\n" +
      `- me (${"a".repeat(20)}): linux, x86_64, mode plan, this machine, runs nothing for others\n` +
      `- web (${"a".repeat(20)}): Debian GNU/Linux 12, x86_64, mode plan, tags prod,eu, 2.3 ms`,
  );
  assert.deepEqual(structured, answer);
  assert.deepEqual(listAgents.output.parse(structured), answer);
});

Deno.test("list_agents says so when there is no room", async () => {
  const { text } = await list({ agents: [self], isConnected: false, anomalies: {} });
  assert.match(text, /^1 machine \(this one: no room is set\):\n- me /);
});

Deno.test("list_agents with a target lists whom that means, whether they run commands or not", async () => {
  const answer = { agents: [self, agent], isConnected: true, anomalies: {} };
  assert.match((await list(answer, { target: "eu" })).text, /^1 machine in the room:\n- web [^\n]*$/);
  assert.match((await list(answer, { target: "all" })).text, /^2 machines in the room:/);
  await assert.rejects(list(answer, { target: "moon" }), /no host has the tag "moon"/);
});
