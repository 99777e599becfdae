/**
 * The operation `part_read`: read a part of a distributed run, as bytes on stdout.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { PartName, Ticket } from "../part.ts";
import { RunId } from "../run.ts";

export const partRead = defineOperation({
  title: "Read a part",
  description:
    "Sends a part of mapreduce from an offset on, as output on stdout. Whoever holds the run's ticket may read.",
  access: "read",
  authority: "ticket",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    run: RunId,
    ticket: Ticket,
    part: PartName,
    offset: z.number().int().nonnegative(),
  }),
  result: z.object({ bytes: z.number().int().nonnegative().describe("Size of the whole part") }),
});
