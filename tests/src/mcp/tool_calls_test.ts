import assert from "node:assert/strict";
import * as z from "zod";
import { OperationError } from "../../../src/errors.ts";
import type { Tool, ToolAnswer, ToolContext } from "../../../src/mcp/tool.ts";
import { createToolCalls } from "../../../src/mcp/tool_calls.ts";
import { allTools } from "../../../src/mcp/tools.ts";
import { fakeFleet } from "./_fake_fleet.ts";

const context: ToolContext = { fleet: fakeFleet(), signal: new AbortController().signal };
const makeContext = () => Promise.resolve(context);

function tool(handle: Tool["handle"]): Tool {
  return {
    name: "try_it",
    title: "Try it",
    description: "Tries it",
    input: z.strictObject({ count: z.number().int().default(1) }),
    output: z.object({ count: z.number() }),
    hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
    handle,
  };
}

const answering = (answer: ToolAnswer) => createToolCalls([tool(() => Promise.resolve(answer))]);

Deno.test("createToolCalls() lists every tool with schemas of objects, and makes them once", () => {
  const calls = createToolCalls();
  const listed = calls.list();
  assert.deepEqual(listed.map(({ name }) => name), allTools().map(({ name }) => name));
  for (const { inputSchema, outputSchema } of listed) {
    assert.deepEqual([inputSchema.type, outputSchema?.["type"]], ["object", "object"]);
  }
  assert.ok(calls.list() === listed);
});

Deno.test("createToolCalls() gives the handler parsed arguments, and its answer in the protocol's form", async () => {
  const calls = createToolCalls([tool((args, given) => {
    assert.ok(given === context);
    return Promise.resolve({
      structured: { ...args },
      text: "done",
      images: [{ data: "aGk=", mimeType: "image/png" }],
    });
  })]);
  assert.deepEqual(await calls.call({ name: "try_it" }, makeContext), {
    content: [{ type: "text", text: "done" }, { type: "image", data: "aGk=", mimeType: "image/png" }],
    structuredContent: { count: 1 },
  });
});

Deno.test("createToolCalls() answers wrong arguments with the field and the reason, without calling the tool", async () => {
  const calls = createToolCalls([tool(() => assert.fail("The tool was called"))]);
  const answer = await calls.call(
    { name: "try_it", arguments: { count: "x" } },
    () => assert.fail("A context was made"),
  );
  assert.equal(answer.isError, true);
  assert.match(JSON.stringify(answer.content), /Cannot call \\"try_it\\": \\"count\\": .+ \[bad_request\]/);
});

Deno.test("createToolCalls() answers an error of the tool as text, with its code", async () => {
  const failing = createToolCalls([
    tool(() => Promise.reject(new OperationError("refused", "Cannot do it"))),
  ]);
  assert.deepEqual(await failing.call({ name: "try_it" }, makeContext), {
    content: [{ type: "text", text: "Cannot do it [refused]" }],
    isError: true,
  });
  const broken = createToolCalls([tool(() => Promise.reject(new TypeError("x is not y")))]);
  assert.match(JSON.stringify(await broken.call({ name: "try_it" }, makeContext)), /x is not y \[internal\]/);
});

Deno.test("createToolCalls() shows no answer that is not of the schema that clients were shown", async () => {
  const answer = await answering({ structured: { count: "one" }, text: "done" }).call(
    { name: "try_it" },
    makeContext,
  );
  assert.equal(answer.isError, true);
  assert.equal(answer.structuredContent, undefined);
  assert.match(JSON.stringify(answer.content), /Cannot show the answer of \\"try_it\\": \\"count\\"/);
});

Deno.test("createToolCalls() knows no other tool", async () => {
  await assert.rejects(createToolCalls([]).call({ name: "no\nsuch" }, makeContext), {
    code: -32602,
    message: 'Cannot call tool "no\\u{a}such": there is no such tool',
  });
});
