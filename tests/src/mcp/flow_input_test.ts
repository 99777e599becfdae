import assert from "node:assert/strict";
import * as z from "zod";
import { FLOW_INPUT, FlowInput, planOf, SHOWN_INPUT, splitFlow } from "../../../src/mcp/flow_input.ts";
import { fleetTools } from "../../../src/mcp/tools/fleet_tools.ts";
import { TOOL_OPERATIONS, type ToolOperationName } from "../../../src/protocol/operation.ts";

const FLOW: FlowInput = {
  target: "web",
  include_self: true,
  dry_run: false,
  parallel: 3,
  canary: "10%",
  wave_size: 4,
  max_failures: 0,
  retry_failed: `r_${"a".repeat(20)}`,
  wait_ms: 5,
  mask_numbers: true,
  max_tokens: 2_000,
};

Deno.test("splitFlow() tells the flow from the operation's arguments, and loses none", () => {
  const { flow, params } = splitFlow({ ...FLOW, command: "true", env: { A: "1" } });
  assert.deepEqual([flow, params], [FLOW, { command: "true", env: { A: "1" } }]);
  assert.deepEqual(splitFlow({}), { flow: {}, params: {} });
  assert.deepEqual(
    Object.keys(FLOW).sort(),
    Object.keys(FLOW_INPUT).sort(),
    "the example has every argument",
  );
});

Deno.test("splitFlow() takes no argument for one of the flow that only objects have", () => {
  assert.deepEqual(splitFlow({ toString: 1, constructor: 2 }).params, { toString: 1, constructor: 2 });
});

Deno.test("planOf() hands on whom and how fast, under the plan's names", () => {
  assert.deepEqual(planOf(FLOW), {
    target: "web",
    includeSelf: true,
    retryFailed: FLOW.retry_failed,
    parallel: 3,
    canary: "10%",
    waveSize: 4,
    maxFailures: 0,
  });
  assert.deepEqual(Object.values(planOf({})).filter((value) => value !== undefined), []);
});

/** The operations of each fleet tool. */
const OPERATIONS_OF: Readonly<Record<string, readonly ToolOperationName[]>> = {
  fleet_exec: ["exec"],
  fleet_read: ["read_file"],
  fleet_write: ["write_file"],
  fleet_git: ["git_status", "git_diff", "git_log", "git_pull", "git_commit", "git_push"],
  fleet_search: ["file_search"],
  fleet_info: ["get_info"],
};
/** Arguments of an operation that its fleet tool decides by itself. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = { fleet_exec: ["max_output_bytes", "wait_ms"] };

Deno.test("every fleet tool has its operations in this table", () => {
  assert.deepEqual(fleetTools().map(({ name }) => name), Object.keys(OPERATIONS_OF));
});

for (const tool of fleetTools()) {
  const operations = OPERATIONS_OF[tool.name] ?? [];
  const own = new Set(operations.flatMap((op) => Object.keys(TOOL_OPERATIONS[op].params.shape)));
  const leftOut = new Set(LEFT_OUT[tool.name] ?? []);

  Deno.test(`no argument of ${tool.name}'s operation is one of the flow`, () => {
    const clashes = [...own].filter((key) => Object.hasOwn(FLOW_INPUT, key) && !leftOut.has(key));
    assert.deepEqual(clashes, []);
  });

  Deno.test(`${tool.name} takes all arguments of the flow and of its operation`, () => {
    const expected = [...Object.keys(FLOW_INPUT), ...[...own].filter((key) => !leftOut.has(key))];
    const extra = tool.name === "fleet_git" ? ["action"] : [];
    assert.deepEqual(Object.keys(tool.input.shape).sort(), [...expected, ...extra].sort());
  });
}

const good: readonly object[] = [
  {},
  { canary: 0 },
  { canary: "0.5%" },
  { canary: "100%" },
  { max_failures: 100_000 },
  { wait_ms: 0 },
  { wait_ms: 600_000 },
];
const bad: readonly object[] = [
  { target: "" },
  { target: "x".repeat(4_097) },
  { canary: "10" },
  { canary: "-1%" },
  { canary: "1000%x" },
  { canary: -1 },
  { canary: 1.5 },
  { parallel: 0 },
  { parallel: 5_001 },
  { wave_size: 0 },
  { retry_failed: "r_x" },
  { wait_ms: 600_001 },
  { max_tokens: 1 },
];
for (const [values, expected] of [[good, true], [bad, false]] as const) {
  for (const value of values) {
    Deno.test(`FlowInput ${expected ? "takes" : "refuses"} ${JSON.stringify(value).slice(0, 40)}`, () => {
      assert.equal(FlowInput.safeParse(value).success, expected);
    });
  }
}

Deno.test("every argument of the flow is described, and none must be given", () => {
  for (const [key, schema] of Object.entries<z.ZodType>({ ...FLOW_INPUT, ...SHOWN_INPUT })) {
    assert.ok((schema.description ?? "").length > 10, key);
    assert.equal(schema.safeParse(undefined).success, true, key);
  }
});
