/**
 * The tools as an MCP client is shown them: names, texts, schemas and hints, word for word, and the server's
 * instructions. Models and their clients depend on them.
 */
import assert from "node:assert/strict";
import { allTools } from "../../src/mcp/tools.ts";
import { TOOL_OPERATIONS } from "../../src/protocol/operation.ts";
import { connectMcp } from "../helpers/mcp_client.ts";
import { assertSnapshot } from "../helpers/snapshot.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

/** Words that a description is for: fewer say too little, more cost every conversation. */
const MAX_DESCRIPTION_CHARACTERS = 1200;

Deno.test("the server shows its tools as in their snapshot", async () => {
  await using home = await temporaryFolder();
  await using session = await connectMcp({ home: home.folder });
  const { tools } = await session.client.listTools();
  assert.deepEqual(tools.map(({ name }) => name), allTools().map(({ name }) => name));
  await assertSnapshot("tools.json", `${JSON.stringify(tools, null, 2)}\n`);
  await assertSnapshot("instructions.txt", `${session.client.getInstructions()}\n`);
});

Deno.test("every operation has its tool, with the operation's parameters and agent_id", () => {
  const tools = new Map(allTools().map((tool) => [tool.name, tool]));
  for (const [name, operation] of Object.entries(TOOL_OPERATIONS)) {
    const tool = tools.get(name);
    assert.deepEqual(Object.keys(tool?.input.shape ?? {}), [
      "agent_id",
      ...Object.keys(operation.params.shape),
    ]);
    assert.deepEqual(Object.keys(tool?.output.shape ?? {}), [
      "agent",
      ...Object.keys(operation.result.shape),
    ]);
  }
});

for (const { name, title, description, input, hints } of allTools()) {
  Deno.test(`the tool ${name} is explained to a model that has never seen it`, () => {
    assert.match(name, /^[a-z]+(_[a-z]+)*$/);
    assert.match(title, /^[A-Z]/);
    assert.match(description, /^[A-Z][^]*\.$/);
    assert.ok(description.length <= MAX_DESCRIPTION_CHARACTERS, `${description.length} characters`);
    for (const [key, schema] of Object.entries(input.shape)) {
      assert.ok((schema.description ?? "").length > 10, `${name}.${key} is not explained`);
    }
    assert.ok(!(hints.readOnly && hints.destructive), "what reads only destroys nothing");
    assert.ok(!hints.readOnly || hints.idempotent, "reading twice is reading once");
  });
}

Deno.test("an operation that only reads is hinted as such, and no other", () => {
  for (const [name, { access, hints }] of Object.entries(TOOL_OPERATIONS)) {
    assert.equal(hints.readOnly, access === "read", name);
  }
});
