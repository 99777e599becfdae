import assert from "node:assert/strict";
import * as z from "zod";
import { callTool } from "../../../src/cli/call_tool.ts";
import { OperationError } from "../../../src/errors.ts";
import type { Tool, ToolAnswer } from "../../../src/mcp/tool.ts";
import { commandContext, printedBy } from "./_in_process.ts";

function toolOf(handle: Tool["handle"]): Tool {
  return {
    name: "sample",
    title: "Sample",
    description: "A sample",
    input: z.object({}),
    output: z.object({}),
    hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
    handle,
  };
}

const answer = (changes: Partial<ToolAnswer> = {}): Promise<ToolAnswer> =>
  Promise.resolve({ structured: { count: 1 }, text: "one\ntwo", ...changes });

const cases: readonly (readonly [string, Tool["handle"], boolean, number, string, string])[] = [
  ["prints what a tool answers", () => answer(), false, 0, "one\ntwo\n", ""],
  ["prints its structure as JSON", () => answer(), true, 0, '{"count":1}\n', ""],
  ["fails as what was run does", () => answer({ hasFailed: true }), false, 1, "one\ntwo\n", ""],
  [
    "prints an error with its remedy to stderr",
    () => Promise.reject(new OperationError("busy", "Cannot begin", { remedy: "Wait" })),
    false,
    1,
    "",
    "Cannot begin. Wait",
  ],
  [
    "prints an error as JSON to stdout",
    () => Promise.reject(new OperationError("busy", "Cannot begin", { remedy: "Wait" })),
    true,
    1,
    '{"error":{"code":"busy","message":"Cannot begin","remedy":"Wait"}}\n',
    "",
  ],
  ["tells of a fault of ours too", () => Promise.reject(new TypeError("a fault")), false, 1, "", "a fault"],
];
for (const [what, handle, json, code, stdout, stderr] of cases) {
  Deno.test(`callTool() ${what}`, async () => {
    await using opened = await commandContext("exec");
    const printed = await printedBy(() => callTool(opened.context, { tool: toolOf(handle), args: {}, json }));
    assert.deepEqual([printed.value, printed.stdout], [code, stdout]);
    assert.ok(stderr === "" ? printed.stderr === "" : printed.stderr.includes(stderr), printed.stderr);
  });
}

Deno.test("callTool() hands on the arguments, the signal and a fleet, and follows the first answer", async () => {
  await using opened = await commandContext("exec");
  const printed = await printedBy(() =>
    callTool(opened.context, {
      tool: toolOf(async (args, { fleet, signal, onProgress }) => {
        assert.deepEqual(args, { a: 1 });
        assert.equal(signal, opened.context.signal);
        onProgress?.({ progress: 1, total: 2, message: "x\n" });
        return await answer({ text: (await fleet.present()).map(({ name }) => name).join() });
      }),
      args: { a: 1 },
      json: false,
      follow: (first, { fleet }) => {
        assert.notEqual(fleet, undefined);
        return answer({ text: `${first.text}, followed` });
      },
    })
  );
  assert.deepEqual([printed.value, printed.stdout], [0, `${opened.context.settings.name}, followed\n`]);
});
