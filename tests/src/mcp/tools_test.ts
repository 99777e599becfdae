import assert from "node:assert/strict";
import { allTools } from "../../../src/mcp/tools.ts";
import { TOOL_OPERATIONS } from "../../../src/protocol/operation.ts";

Deno.test("allTools() puts list_agents first, then every operation, then the fleet's tools, each under a name of its own", () => {
  const names = allTools().map(({ name }) => name);
  const first = ["list_agents", ...Object.keys(TOOL_OPERATIONS)];
  assert.deepEqual(names.slice(0, first.length), first);
  assert.ok(names.includes("fleet_exec"));
  assert.equal(new Set(names).size, names.length);
});

Deno.test("allTools() have names and texts that clients can show", () => {
  for (const { name, title, description } of allTools()) {
    assert.match(name, /^[a-z][a-z0-9_]{1,63}$/);
    assert.ok(title.length > 0 && title.length < 60);
    assert.ok(description.length > 60, name);
  }
});
