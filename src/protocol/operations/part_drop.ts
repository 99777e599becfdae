/**
 * The operation `part_drop`: remove what a distributed run left on a host.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { Ticket } from "../part.ts";
import { RunId } from "../run.ts";

export const partDrop = defineOperation({
  title: "Remove the parts of a run",
  description: "Removes all parts of a run of mapreduce from a host, and ends what it runs there.",
  access: "manage",
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  params: z.strictObject({ run: RunId, ticket: Ticket }),
  result: z.object({ bytes: z.number().int().nonnegative().describe("Bytes that were freed") }),
});
