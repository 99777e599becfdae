import assert from "node:assert/strict";
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { completePrompt, listPrompts, writePrompt } from "../../../src/mcp/prompts.ts";
import { resourceSource, summary } from "./_resource_source.ts";
import { SAMPLE_PLATFORM } from "../../helpers/sample_card.ts";

for (
  const [name, values, words] of [
    ["fleet_health", {}, ["target: all", "fleet_info", "fleet_exec", "Change nothing"]],
    ["fleet_health", { target: " web & os:linux " }, ["target: web & os:linux\n"]],
    ["careful_rollout", { change: "Restart nginx\nthen look" }, [
      "Restart nginx\nthen look\n",
      "target: all",
      "dry_run",
      "canary",
      "wave_size",
      "max_failures",
      "Verify",
      "undo_run",
      "fleet_write",
      "fleet_get",
      "retry_failed",
    ]],
    ["find_in_fleet", { what: "openssl 3.0.1", target: "" }, [
      "openssl 3.0.1",
      "target: all",
      "fleet_search",
      "fleet_get",
    ]],
  ] as const
) {
  Deno.test(`writePrompt() writes ${name} for ${JSON.stringify(values)}`, () => {
    const { text } = writePrompt(name, values);
    for (const word of words) assert.ok(text.includes(word), `"${word}" is not in: ${text}`);
    assert.ok(!text.includes("undefined"));
  });
}

for (
  const [name, values, reason] of [
    ["no_such_prompt\n", {}, /"no_such_prompt\\u\{a\}": there is no such prompt/],
    ["careful_rollout", {}, /the argument "change" is missing/],
    ["careful_rollout", { change: "  " }, /the argument "change" is missing/],
    ["fleet_health", { other: "x" }, /has no argument "other"/],
    ["fleet_health", { __proto__x: "x" }, /has no argument/],
    ["fleet_health", { target: "a".repeat(1_001) }, /"target" is 1001 characters long, at most 1000/],
    ["find_in_fleet", { what: "a".repeat(8_001) }, /"what" is 8001 characters long/],
    ["fleet_health", { target: "web & (" }, /Cannot write prompt "fleet_health": .+/],
  ] as const
) {
  Deno.test(`writePrompt() refuses ${JSON.stringify(name)} with ${JSON.stringify(values).slice(0, 40)}`, () => {
    assert.throws(() => writePrompt(name, values), (error: unknown) => {
      assert.ok(error instanceof ProtocolError);
      assert.equal(error.code, ProtocolErrorCode.InvalidParams);
      assert.match(error.message, reason);
      return true;
    });
  });
}

Deno.test("writePrompt() shows control characters of an argument as text", () => {
  const { text } = writePrompt("find_in_fleet", { what: "a\u001b[2J\u202eb" });
  assert.ok(text.includes("a\\u{1b}[2J\\u{202e}b"));
});

Deno.test("listPrompts() tells each prompt with its arguments", () => {
  const listed = listPrompts();
  assert.deepEqual(
    listed.map(({ name, arguments: of }) => [name, of.map((one) => `${one.name}${one.required ? "" : "?"}`)]),
    [["fleet_health", ["target?"]], ["careful_rollout", ["change", "target?"]], ["find_in_fleet", [
      "what",
      "target?",
    ]]],
  );
});

for (
  const [value, expected] of [
    ["", ["all", "os:linux", "os:windows", "canary", "web"]],
    ["w", ["web"]],
    ["os:", ["os:linux", "os:windows"]],
    ["web & !c", ["web & !canary"]],
    ["(web|os:w", ["(web|os:windows"]],
    ["web,", ["web,all", "web,os:linux", "web,os:windows", "web,canary", "web,web"]],
    ["nothing like it", []],
  ] as const
) {
  Deno.test(`completePrompt() completes the target "${value}"`, async () => {
    const windows = { ...SAMPLE_PLATFORM, os: "windows", family: "windows" } as const;
    const source = resourceSource([
      summary("a", { tags: ["web", "canary"] }),
      summary("b", { tags: ["web"], platform: windows }),
    ]);
    const { values } = await completePrompt("fleet_health", { argument: "target", value, source });
    assert.deepEqual(values, [...expected]);
  });
}

Deno.test("completePrompt() completes nothing else, and refuses a prompt that there is not", async () => {
  const asked = { argument: "change", value: "", source: resourceSource([summary("a")]) };
  assert.deepEqual((await completePrompt("careful_rollout", asked)).values, []);
  await assert.rejects(completePrompt("nothing", asked), /there is no such prompt/);
});
