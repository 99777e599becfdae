/**
 * Resources and prompts of a real `remote-agent mcp`, by both generations of the protocol: what is read is what the host says.
 */
import assert from "node:assert/strict";
import { eventually } from "../helpers/eventually.ts";
import { MODERN_META, type RawMcp, startRawMcp } from "../helpers/raw_mcp.ts";
import { openRoom } from "../helpers/room.ts";

/** The texts of a resource. */
function textsOf({ contents }: { contents: readonly object[] }): string[] {
  return contents.map((content) => "text" in content && typeof content.text === "string" ? content.text : "");
}

for (const era of ["modern", "legacy"] as const) {
  Deno.test(`mcp shows the room, its agents and their jobs as resources, by the ${era} protocol`, async () => {
    await using room = await openRoom();
    const [mcp] = await Promise.all([room.mcp({ era, name: "assistant" }), room.agent("web-1")]);
    const agents = await mcp.waitForAgents("web-1", "assistant");
    const { client } = mcp;

    const { resources } = await client.listResources();
    assert.equal(resources[0]?.uri, "agents://");
    const web = agents.find(({ name }) => name === "web-1") ?? assert.fail("web-1 is not there");
    const listed = resources.find(({ name }) => name === "web-1") ?? assert.fail("web-1 is not listed");
    assert.equal(listed.uri, `agent://${web.id}`);

    const [roster = ""] = textsOf(await client.readResource({ uri: "agents://" }));
    const names: string[] = JSON.parse(roster).agents.map(({ name }: { name: string }) => name);
    assert.deepEqual(names.sort(), agents.map(({ name }) => name).sort());

    const [facts = ""] = textsOf(await client.readResource({ uri: listed.uri }));
    const { info } = await mcp.info("web-1").then((answer) => ({ info: answer }));
    assert.deepEqual([JSON.parse(facts).name, JSON.parse(facts).info.pid], ["web-1", info.pid]);

    // The oracle is the same text, made here.
    const { job } = await mcp.exec({ agent_id: "web-1", command: "seq 1 300000; echo err >&2; exit 4" });
    const numbers = Array.from({ length: 300_000 }, (_, i) => `${i + 1}\n`).join("");
    const texts = textsOf(await client.readResource({ uri: `job://web-1/${job}/output` }));
    assert.match(texts[0] ?? "", /on web-1 .*: ended, exit code 4/);
    assert.ok(texts[1] === numbers, "the whole output is read");
    assert.equal(texts[2], "err\n");
    const end = textsOf(
      await client.readResource({
        uri: `job://web-1/${job}/output?stream=stdout&from=${numbers.length - 7}`,
      }),
    );
    assert.equal(end[1], "300000\n");

    for (const uri of ["agent://nobody", "file:///etc/passwd", "run://r_abcdefghij2345672345"]) {
      await assert.rejects(client.readResource({ uri }), { code: -32602, data: { uri } });
    }
    const { messages } = await client.getPrompt({ name: "fleet_health" });
    assert.match(JSON.stringify(messages), /fleet_info/);
  });
}

/** How often the client was told that the list of resources has changed. */
function toldChanges(mcp: RawMcp): number {
  return mcp.messages().filter(({ method }) => method === "notifications/resources/list_changed").length;
}

for (const era of ["modern", "legacy"] as const) {
  Deno.test(`mcp tells a client that wants to know who came and left, by the ${era} protocol`, async () => {
    await using room = await openRoom();
    await using mcp = startRawMcp({ home: await room.home(), env: room.env });
    if (era === "modern") {
      await mcp.post("subscriptions/listen", {
        _meta: MODERN_META,
        notifications: { resourcesListChanged: true },
      });
      await mcp.output.waitFor(/notifications\/subscriptions\/acknowledged/);
    } else {
      const clientInfo = { name: "raw", version: "1" };
      await mcp.request("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
      assert.equal(toldChanges(mcp), 0, "nothing before the client is ready");
      await mcp.notify("notifications/initialized");
    }
    await mcp.process.log.waitFor(/Joined the room/);
    await eventually("the client was told of the room", () => toldChanges(mcp) > 0);
    const before = toldChanges(mcp);
    const agent = await room.agent("web-1");
    await eventually("the client was told of the agent that came", () => toldChanges(mcp) > before);
    const listed = await mcp.request("resources/list", era === "modern" ? { _meta: MODERN_META } : {});
    assert.match(JSON.stringify(listed.result), /"name":"web-1"/);
    const came = toldChanges(mcp);
    await agent[Symbol.asyncDispose]();
    await eventually("the client was told of the agent that left", () => toldChanges(mcp) > came);
  });
}
