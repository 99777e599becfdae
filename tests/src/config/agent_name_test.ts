import assert from "node:assert/strict";
import * as fc from "fast-check";
import { agentNameOf } from "../../../src/config/agent_name.ts";
import { AgentName } from "../../../src/protocol/card.ts";

const cases: readonly (readonly [string, string])[] = [
  ["web-1", "web-1"],
  ["web-1.example.com", "web-1.example.com"],
  ["Ada's MacBook Pro.local", "Ada-s-MacBook-Pro.local"],
  ["--x--", "x"],
  ["日本", "host"],
  ["", "host"],
];
for (const [hostName, expected] of cases) {
  Deno.test(`agentNameOf() makes "${expected}" of "${hostName}"`, () => {
    assert.equal(agentNameOf(hostName), expected);
  });
}

Deno.test("agentNameOf() gives a valid name for any host name", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 100 }), (hostName) => {
    assert.ok(AgentName.safeParse(agentNameOf(hostName)).success);
  }));
});
