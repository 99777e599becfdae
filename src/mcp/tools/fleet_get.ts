/**
 * The tools `fleet_get` and `fleet_cancel`: look at a run that goes on, or has ended, and end one.
 */
import * as z from "zod";
import { OperationError } from "../../errors.ts";
import { cancelRun } from "../../fleet/cancel_run.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Run } from "../../fleet/fan_out.ts";
import type { MapReduceHandle } from "../../fleet/mapreduce/service.ts";
import { requireRun } from "../../fleet/plan_run.ts";
import { RunId } from "../../protocol/run.ts";
import { FleetResult } from "../fleet_result.ts";
import { SHOWN_INPUT } from "../flow_input.ts";
import { describeDistributedRun } from "../texts/mapreduce.ts";
import type { Tool, ToolAnswer, ToolContext } from "../tool.ts";
import { answerRecord, watchRun } from "./fleet_answer.ts";

const GetInput = z.strictObject({
  run: RunId.optional().describe("The run's id. Without it: the newest run"),
  ...SHOWN_INPUT,
  wait_ms: SHOWN_INPUT.wait_ms.describe("Milliseconds to wait for the run's end. Default 0: answer at once"),
});

const CancelInput = z.strictObject({ run: RunId, ...SHOWN_INPUT }).omit({ wait_ms: true });

/** Milliseconds that `fleet_cancel` waits for the commands' end: TERM, two seconds, KILL, and the way there and back. */
const CANCEL_WAIT_MS = 10_000;

const COUNTS_OF_NONE = {
  hosts: 0,
  succeeded: 0,
  failed: 0,
  refused: 0,
  timed_out: 0,
  gone: 0,
  skipped: 0,
  running: 0,
  waiting: 0,
} as const;

/** Looks at a run. */
export const fleetGet: Tool = {
  name: "fleet_get",
  title: "Look at a run",
  description:
    "Tells what has become of a run of a fleet tool: which machines are done and how, and which run on. With wait_ms it waits for " +
    "the end of the run. Runs are remembered for 7 days by the machine that began them, at most 200; what machines answered is " +
    "held as long as that program runs and there is room, after that job_get reads what commands wrote.",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  input: GetInput,
  output: FleetResult,
  async handle(args, context) {
    const { run: id, ...shown } = GetInput.parse(args);
    const run = id === undefined ? await newestRun(context.fleet) : await requireFleetRun(context.fleet, id);
    // Looking does not hold the run: who stops looking leaves it alone.
    await watchRun(run, shown.wait_ms ?? 0, context);
    return answerRecord(run.record, shown);
  },
};

/** Ends a run. */
export const fleetCancel: Tool = {
  name: "fleet_cancel",
  title: "End a run",
  description:
    "Ends a run of a fleet tool or of mapreduce: no other machine is begun, and the commands that run for it are ended on their " +
    "machines with all that they started. What is done stays done, and undo_run puts back what fleet_write overwrote; of a run of " +
    "mapreduce nothing is left.",
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  input: CancelInput,
  output: FleetResult,
  async handle(args, context) {
    const { run: id, ...shown } = CancelInput.parse(args);
    const distributed = await findDistributedRun(context.fleet, id);
    if (distributed !== undefined) return await cancelDistributedRun(distributed, context);
    const run = await requireRun(context.fleet, id);
    await cancelRun(context.fleet, run, context.signal);
    await watchRun(run, CANCEL_WAIT_MS, context);
    return answerRecord(run.record, shown);
  },
};

/** Finds a run of mapreduce that is none of a fleet tool. */
async function findDistributedRun(fleet: Fleet, id: RunId): Promise<MapReduceHandle | undefined> {
  return await fleet.runs.find(id) === undefined ? await fleet.mapReduces.find(id) : undefined;
}

async function requireFleetRun(fleet: Fleet, id: RunId): Promise<Run> {
  if (await findDistributedRun(fleet, id) === undefined) return await requireRun(fleet, id);
  throw new OperationError("bad_request", `Cannot show run ${id} here: it is one of mapreduce`, {
    remedy: `Call mapreduce with resume "${id}", or read run://${id}`,
  });
}

/** Ends a distributed run, and answers in the shape of the others: it has no hosts of its own kind, and notes tell how it stands. */
async function cancelDistributedRun(run: MapReduceHandle, { signal }: ToolContext): Promise<ToolAnswer> {
  const { id, request, step, status: before } = run.status;
  if (before === "running" && step === "ended") {
    throw new OperationError("busy", `Cannot end run ${id}: another program of this machine carries it out`, {
      remedy: "End it there",
    });
  }
  run.cancel();
  await run.wait(CANCEL_WAIT_MS, signal);
  const { status } = run.status;
  const text = await describeDistributedRun(run.status);
  const answer: z.infer<typeof FleetResult> = {
    run: id,
    tool: "mapreduce",
    target: request.target,
    status: status === "running" || status === "cancelled" ? status : "ended",
    counts: COUNTS_OF_NONE,
    groups: [],
    hosts: [],
    hostsOmitted: 0,
    leftOut: [],
    notes: text.split("\n"),
  };
  return { structured: answer, text };
}

async function newestRun({ runs }: Fleet): Promise<Run> {
  const [newest] = runs.recent();
  const run = newest === undefined ? undefined : await runs.find(newest.id);
  if (run !== undefined) return run;
  throw new OperationError("bad_request", "Cannot show the newest run: there is none", {
    remedy: "Runs begin with fleet_exec and the other fleet tools",
  });
}
