import assert from "node:assert/strict";
import { completeResource, listResources, RESOURCE_TEMPLATES } from "../../../src/mcp/resource_list.ts";
import { parseResourceUri, URI_TEMPLATES } from "../../../src/mcp/uris.ts";
import { OperationError } from "../../../src/errors.ts";
import { resourceSource, summary } from "./_resource_source.ts";

const runs = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: `r_${"abcdefghijklmnopqrstuvwxyz"[i % 26]}${"2".repeat(19)}`,
    title: `fleet_exec ${i}`,
    startedAt: 1_700_000_000_000 + i,
  }));

Deno.test("listResources() lists the roster, the agents and the runs, at addresses that can be read", async () => {
  const source = resourceSource([summary("web-1", { tags: ["web"] })], { runs: () => runs(2) });
  const resources = await listResources(source);
  assert.deepEqual(resources.map(({ name }) => name), ["agents", "web-1", ...runs(2).map(({ id }) => id)]);
  assert.match(resources[1]?.description ?? "", /Debian.*mode edit, tags web/);
  for (const { uri } of resources) assert.notEqual(parseResourceUri(uri), undefined, uri);
});

Deno.test("listResources() lists 200 agents and 20 runs at most, and says that there are more", async () => {
  const agents = Array.from({ length: 1_000 }, (_, i) => summary(`host-${i}`));
  const resources = await listResources(resourceSource(agents, { runs: () => runs(26) }));
  assert.equal(resources.length, 1 + 200 + 20);
  assert.match(resources[0]?.description ?? "", /1000 machines\. 800 of them are not in this list/);
  assert.equal(resources.at(-1)?.title, "fleet_exec 19", "the newest, which come first");
});

Deno.test("listResources() lists the roster although nobody can be reached", async () => {
  const source = resourceSource([], {
    agents: () => Promise.reject(new OperationError("not_connected", "Cannot list the agents")),
  });
  assert.deepEqual((await listResources(source)).map(({ uri }) => uri), ["agents://"]);
});

Deno.test("listResources() keeps what steers terminals out of names", async () => {
  const source = resourceSource([summary("a\u001b[2J\nb")], {
    runs: () => [{ id: "r_\n", title: "x\u202ey", startedAt: 0 }],
  });
  const text = JSON.stringify(await listResources(source));
  assert.ok(!/\\u001b|\\n|\u202e/.test(text), text);
});

for (
  const [template, argument, value, expected] of [
    [URI_TEMPLATES.agent, "agent", "web", [`web2`.padEnd(20, "2"), "web-2"]],
    [URI_TEMPLATES.job, "agent", "db", ["db".padEnd(20, "2"), "db"]],
    [URI_TEMPLATES.job, "stream", "std", ["stdout", "stderr"]],
    [URI_TEMPLATES.job, "job", "", []],
    [URI_TEMPLATES.run, "run", "r_b", [`r_b${"2".repeat(19)}`]],
    [URI_TEMPLATES.agent, "other", "", []],
  ] as const
) {
  Deno.test(`completeResource() completes "${value}" as ${argument} of ${template}`, async () => {
    const source = resourceSource([summary("web-2"), summary("db")], { runs: () => runs(3) });
    assert.deepEqual((await completeResource(template, { argument, value, source })).values, [...expected]);
  });
}

Deno.test("completeResource() refuses a template that is not listed", async () => {
  const asked = { argument: "agent", value: "", source: resourceSource([]) };
  await assert.rejects(completeResource("x://{agent}", asked), /there is no template "x:\/\/\{agent\}"/);
});

Deno.test("RESOURCE_TEMPLATES are explained", () => {
  for (const { name, title, description } of RESOURCE_TEMPLATES) {
    assert.match(name, /^[a-z_]+$/);
    assert.match(title, /^[A-Z]/);
    assert.ok(description.length > 40);
  }
});
