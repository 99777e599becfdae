import assert from "node:assert/strict";
import * as z from "zod";
import { OperationError } from "../../../src/errors.ts";
import type { CallOptions } from "../../../src/fleet/fleet.ts";
import { operationTools } from "../../../src/mcp/operation_tools.ts";
import type { Tool } from "../../../src/mcp/tool.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import {
  isOperationName,
  OPERATIONS,
  type ResultOf,
  TOOL_OPERATIONS,
} from "../../../src/protocol/operation.ts";

import { execResult, NO_OUTPUT } from "../../helpers/sample_results.ts";
import { fakeFleet } from "./_fake_fleet.ts";

const agent = { id: "a".repeat(20), name: "web" };
const { signal } = new AbortController();
const result = execResult({ stdout: { ...NO_OUTPUT, head: "out", bytes: 3 } });

function toolOf(name: string): Tool {
  return operationTools().find((tool) => tool.name === name) ?? assert.fail(`There is no tool "${name}"`);
}

/** A fleet that carries out nothing, and remembers what it was asked. */
function recordingFleet(answer: (options: CallOptions) => Promise<unknown> = () => Promise.resolve(result)) {
  const calls: unknown[] = [];
  const fleet = fakeFleet({
    async call(query, call, options) {
      calls.push([query, call.op, call.params]);
      const value = await answer(options);
      return { agent, result: OPERATIONS[call.op].result.parse(value) as ResultOf<typeof call.op> }; // As its schema says.
    },
  });
  return { fleet, calls };
}

Deno.test("operationTools() makes one tool of each operation, with its words and hints", () => {
  const tools = operationTools();
  assert.deepEqual(tools.map(({ name }) => name), Object.keys(TOOL_OPERATIONS));
  for (const { name, title, description, hints } of tools) {
    assert.ok(isOperationName(name));
    const operation = OPERATIONS[name];
    assert.deepEqual([title, description, hints], [operation.title, operation.description, operation.hints]);
  }
});

for (const tool of operationTools()) {
  Deno.test(`the tool ${tool.name} takes its operation's parameters and an agent_id, and nothing else`, () => {
    const schema = z.toJSONSchema(tool.input);
    assert.ok(isOperationName(tool.name));
    const params = Object.keys(OPERATIONS[tool.name].params.shape);
    assert.deepEqual(Object.keys(schema.properties ?? {}).sort(), ["agent_id", ...params].sort());
    assert.equal(schema.additionalProperties, false);
    assert.ok(!(schema.required ?? []).includes("agent_id"));
    assert.equal(tool.input.safeParse({ agent_id: "" }).success, false);
    assert.equal(tool.input.safeParse({ invented: 1 }).success, false);
    const results = Object.keys(OPERATIONS[tool.name].result.shape);
    assert.deepEqual(Object.keys(tool.output.shape).sort(), ["agent", ...results].sort());
  });
}

Deno.test("handle() calls the agent without the agent_id among the parameters", async () => {
  const { fleet, calls } = recordingFleet();
  const answer = await toolOf("exec").handle({ agent_id: "web", command: "ls" }, { fleet, signal });
  await toolOf("exec").handle({ command: "ls" }, { fleet, signal });
  assert.deepEqual(calls, [["web", "exec", { command: "ls" }], [undefined, "exec", { command: "ls" }]]);
  assert.deepEqual(answer.structured, { agent, ...result });
  assert.deepEqual(toolOf("exec").output.parse(answer.structured), answer.structured);
  assert.match(answer.text, /^Succeeded in 0\.01 s on web\n--- stdout \(3 bytes\)\nout$/);
});

for (
  const [change, hasFailed] of [
    [{}, false],
    [{ exitCode: 1 }, true],
    [{ exitCode: null, signal: "SIGKILL" }, true],
  ] as const
) {
  Deno.test(`handle() marks ${JSON.stringify(change)} as ${hasFailed ? "failed" : "done"}`, async () => {
    const { fleet } = recordingFleet(() => Promise.resolve({ ...result, ...change }));
    const answer = await toolOf("exec").handle({ command: "ls" }, { fleet, signal });
    assert.equal(answer.hasFailed, hasFailed);
  });
}

Deno.test("handle() shows output as it comes, all of it before the answer", async () => {
  const lines: string[] = [];
  const { fleet } = recordingFleet(async ({ onOutput }) => {
    await onOutput?.("stdout", utf8("first\n"));
    assert.deepEqual(lines, ["first\n"]);
    await onOutput?.("stdout", utf8("second\n"));
    return result;
  });
  await toolOf("exec").handle({ command: "ls" }, { fleet, signal, onLines: (text) => void lines.push(text) });
  assert.equal(lines.join(""), "first\nsecond\n");
});

Deno.test("handle() asks for no output that nobody wants", async () => {
  const { fleet } = recordingFleet(({ onOutput }) => {
    assert.equal(onOutput, undefined);
    return Promise.resolve(result);
  });
  await toolOf("exec").handle({ command: "ls" }, { fleet, signal });
});

Deno.test("handle() rejects as the fleet does, and leaves no timer", async () => {
  const { fleet } = recordingFleet(async ({ onOutput }) => {
    await onOutput?.("stdout", utf8("first\n"));
    await onOutput?.("stdout", utf8("second\n"));
    throw new OperationError("peer_gone", "The host left");
  });
  const called = toolOf("exec").handle({ command: "ls" }, { fleet, signal, onLines: () => {} });
  await assert.rejects(called, /The host left/);
});
