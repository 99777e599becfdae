/**
 * The tool `undo_run`: put back what a run of `fleet_write` overwrote.
 */
import * as z from "zod";
import { requireRun } from "../../fleet/plan_run.ts";
import { DEFAULT_PARALLEL } from "../../fleet/plan_run.ts";
import { planUndo } from "../../fleet/undo_run.ts";
import { RunId } from "../../protocol/run.ts";
import { FleetResult } from "../fleet_result.ts";
import { FLEET_WAIT_MS, SHOWN_INPUT } from "../flow_input.ts";
import type { Tool } from "../tool.ts";
import { answerRun } from "./fleet_answer.ts";

const Input = z.strictObject({
  run: RunId.describe("The run of fleet_write to undo"),
  force: z.boolean().optional().describe("Also where the file has been changed since. Default false"),
  ...SHOWN_INPUT,
});

/** Undoes a run. */
export const undoRun: Tool = {
  name: "undo_run",
  title: "Undo a run of fleet_write",
  description:
    "Puts back what a run of fleet_write overwrote, on every machine that it reached, from the backups that it made; a file that " +
    "the run created is removed. A file that was changed since is left alone, unless force is given. What is there now is kept " +
    "as a backup too. The undo is a run itself, and tells of every machine what became of it.",
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  input: Input,
  output: FleetResult,
  async handle(args, context) {
    const { run: id, force, ...shown } = Input.parse(args);
    const { record } = await requireRun(context.fleet, id);
    await context.fleet.present(); // Whoever has left is told by its line; without a room there is nobody to ask.
    const run = context.fleet.runs.start({
      ...planUndo(record, { force: force ?? false }),
      tool: "undo_run",
      op: "backup_restore",
      params: { run: id },
      target: record.target,
      leftOut: [],
      flow: { parallel: DEFAULT_PARALLEL, canary: 0, waveSize: 0, maxFailures: Infinity },
      waitMs: shown.wait_ms ?? FLEET_WAIT_MS,
    });
    return await answerRun(run, shown, context);
  },
};
