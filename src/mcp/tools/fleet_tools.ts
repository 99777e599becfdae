/**
 * The fleet tools: one operation on many machines. Each is a row of a table, and takes the operation's parameters with those of
 * the flow.
 */
import * as z from "zod";
import { OperationError } from "../../errors.ts";
import { planRun } from "../../fleet/plan_run.ts";
import { writeCheck } from "../../fleet/write_check.ts";
import type { Hints } from "../../protocol/define_operation.ts";
import { describeIssues } from "../../protocol/describe_issues.ts";
import { TOOL_OPERATIONS, type ToolOperationName } from "../../protocol/operation.ts";
import { FleetResult } from "../fleet_result.ts";
import { FLEET_WAIT_MS, FLOW_INPUT, planOf, splitFlow } from "../flow_input.ts";
import type { Tool } from "../tool.ts";
import { answerDryRun, answerRun } from "./fleet_answer.ts";

/** One row. */
interface FleetTool {
  readonly title: string;
  readonly description: string;
  readonly hints: Hints;
  /** The operation's part of the arguments. */
  readonly input: () => z.ZodRawShape;
  /** Tells which operation is meant, and its parameters, from that part. */
  readonly callOf: (
    args: Record<string, unknown>,
  ) => { op: ToolOperationName; params: Record<string, unknown> };
}

const ANSWER =
  "Machines that answered the same are shown as one group, others as what differs; machines that run on are named " +
  "with their jobs, and fleet_get goes on from there. Every machine that was meant is accounted for.";

const GIT_ACTIONS = {
  status: "git_status",
  diff: "git_diff",
  log: "git_log",
  pull: "git_pull",
  commit: "git_commit",
  push: "git_push",
} as const satisfies Record<string, ToolOperationName>;
type GitAction = keyof typeof GIT_ACTIONS;
// The keys of a constant object are exactly its literal keys.
const GIT_ACTION_NAMES = Object.keys(GIT_ACTIONS) as [GitAction, ...GitAction[]];

/** The table. */
const FLEET_TOOLS = {
  fleet_exec: {
    title: "Run a command on many machines",
    description:
      `Runs one command on all machines that a target means, some at a time, as exec does on one. ${ANSWER} Each machine judges ` +
      "the command by its own mode. To change something carefully, look with dry_run first, then use canary, wave_size and " +
      "max_failures.",
    hints: TOOL_OPERATIONS.exec.hints,
    input: () => without(TOOL_OPERATIONS.exec.params.shape, "wait_ms", "max_output_bytes"),
    callOf: (params) => ({ op: "exec", params }),
  },
  fleet_read: {
    title: "Read a file on many machines",
    description:
      `Reads the same file on all machines that a target means, and shows where it differs. ${ANSWER}`,
    hints: TOOL_OPERATIONS.read_file.hints,
    input: () => TOOL_OPERATIONS.read_file.params.shape,
    callOf: (params) => ({ op: "read_file", params }),
  },
  fleet_write: {
    title: "Write a file on many machines",
    description:
      "Writes the same content to a file on all machines that a target means, each in one step and with a backup, and checks by " +
      `its hash that every machine has it. undo_run puts everything back that the run overwrote. ${ANSWER}`,
    hints: TOOL_OPERATIONS.write_file.hints,
    input: () => TOOL_OPERATIONS.write_file.params.shape,
    callOf: (params) => ({ op: "write_file", params }),
  },
  fleet_git: {
    title: "Use git on many machines",
    description:
      "Does the same with a git repository on all machines that a target means: action says what, the other arguments are those " +
      `of git_status, git_diff, git_log, git_pull, git_commit and git_push. ${ANSWER}`,
    hints: { readOnly: false, destructive: true, idempotent: false, openWorld: true },
    input: gitInput,
    callOf: ({ action, ...params }) => ({ op: GIT_ACTIONS[action as GitAction], params }), // The schema parsed it.
  },
  fleet_search: {
    title: "Search files on many machines",
    description:
      `Finds files by name or content on all machines that a target means, as file_search does on one. ${ANSWER}`,
    hints: TOOL_OPERATIONS.file_search.hints,
    input: () => TOOL_OPERATIONS.file_search.params.shape,
    callOf: (params) => ({ op: "file_search", params }),
  },
  fleet_info: {
    title: "Describe many machines",
    description:
      `Asks all machines that a target means what they are and how they are doing, as get_info does one. ${ANSWER}`,
    hints: TOOL_OPERATIONS.get_info.hints,
    input: () => TOOL_OPERATIONS.get_info.params.shape,
    callOf: (params) => ({ op: "get_info", params }),
  },
} as const satisfies Record<string, FleetTool>;
type FleetToolName = keyof typeof FLEET_TOOLS;

/** The tools, in the table's order. */
export function fleetTools(): Tool[] {
  return (Object.keys(FLEET_TOOLS) as FleetToolName[]).map(fleetTool); // The keys of a constant object.
}

/** One of them. */
export function fleetTool(name: FleetToolName): Tool {
  const { title, description, hints, input, callOf }: FleetTool = FLEET_TOOLS[name];
  return {
    name,
    title,
    description,
    hints,
    input: z.strictObject({ ...FLOW_INPUT, ...input() }),
    output: FleetResult,
    async handle(args, context) {
      const { flow, params: rest } = splitFlow(args);
      const call = callOf(rest);
      const planned = await planRun(context.fleet, { tool: name, ...call, ...planOf(flow) });
      const params = checkParams(call.op, planned.params);
      if (flow.dry_run === true) return answerDryRun({ ...planned, params }, flow);
      const run = context.fleet.runs.start({
        ...planned,
        params,
        waitMs: flow.wait_ms ?? FLEET_WAIT_MS,
        ...(call.op === "write_file" ? { check: await writeCheck(params) } : {}),
      });
      return await answerRun(run, flow, context);
    },
  };
}

/** Checks at once what every host would refuse. @throws {OperationError} */
function checkParams(op: ToolOperationName, params: unknown): Record<string, unknown> {
  const parsed = TOOL_OPERATIONS[op].params.safeParse(params);
  if (parsed.success) {
    const { command, argv } = parsed.data as Record<string, unknown>; // An object, as all parameters are.
    if (op !== "exec" || (command === undefined) !== (argv === undefined)) return parsed.data;
    throw new OperationError("bad_request", 'Cannot run exec: give either "command" or "argv"', {
      remedy: "Of an earlier run a command of over 64 KiB is not kept: give it again",
    });
  }
  throw new OperationError("bad_request", `Cannot run ${op}: ${describeIssues(parsed.error)}`, {
    cause: parsed.error,
  });
}

/** An argument of git operations: what they take for it, and what each says about it. */
interface GitField {
  readonly schemas: z.ZodType[];
  /** Actions by what they say. */
  readonly texts: Map<string, string[]>;
}

/** The parameters of all git operations: those that only some of them take are optional, and say whose they are. */
function gitInput(): z.ZodRawShape {
  const fields = new Map<string, GitField>();
  for (const action of GIT_ACTION_NAMES) {
    for (
      const [key, schema] of Object.entries<z.ZodType>(TOOL_OPERATIONS[GIT_ACTIONS[action]].params.shape)
    ) {
      const field: GitField = fields.get(key) ?? { schemas: [], texts: new Map() };
      if (!field.schemas.some((known) => isAlike(known, schema))) field.schemas.push(schema);
      const text = schema.description ?? "";
      field.texts.set(text, [...(field.texts.get(text) ?? []), action]);
      fields.set(key, field);
    }
  }
  const shape: Record<string, z.ZodType> = {
    action: z.enum(GIT_ACTION_NAMES).describe("What to do: git_<action> tells more about it"),
  };
  for (const [key, { schemas, texts }] of fields) {
    const [first = z.never()] = schemas;
    // What one action takes is not refused because another takes less; each checks its own arguments. What they say stands once.
    const schema = schemas.length === 1 ? first : z.union(schemas.map((one) => one.clone(one.def)));
    const actions = [...texts.values()].flat();
    const isInAll = actions.length === GIT_ACTION_NAMES.length;
    const description = [...texts].map(([text, of]) =>
      isInAll && texts.size === 1 ? text : `${of.join(", ")}: ${text}`
    ).join(". ");
    shape[key] = (isInAll ? schema : schema.optional()).describe(description);
  }
  return shape;
}

/** Whether two schemas take the same, whatever they say about it. */
function isAlike(a: z.ZodType, b: z.ZodType): boolean {
  const [one, other] = [a, b].map((schema) => {
    const { description: _, ...rules } = z.toJSONSchema(schema, { io: "input" });
    return JSON.stringify(rules);
  });
  return one === other;
}

function without(shape: Readonly<Record<string, z.ZodType>>, ...keys: readonly string[]): z.ZodRawShape {
  return Object.fromEntries(Object.entries(shape).filter(([key]) => !keys.includes(key)));
}
