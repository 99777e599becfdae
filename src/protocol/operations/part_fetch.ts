/**
 * The operation `part_fetch`: have a host take parts of a distributed run from another one.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { MAX_PARTS_IN_REQUEST, PartName, Ticket } from "../part.ts";
import { RunId } from "../run.ts";

export const partFetch = defineOperation({
  title: "Take parts from another host",
  description:
    "Has a host take parts of mapreduce from the host they lie on, without a way through the coordinator. A part that it has " +
    "already is not taken again.",
  access: "manage",
  hints: { readOnly: false, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    run: RunId,
    ticket: Ticket,
    /** Where the parts lie: an address in the room, as `formatAddress` writes it. */
    from: z.string().max(64),
    parts: z.array(z.object({ name: PartName, bytes: z.number().int().nonnegative() })).min(1).max(
      MAX_PARTS_IN_REQUEST,
    ),
  }),
  result: z.object({ bytes: z.number().int().nonnegative().describe("Bytes that were taken now") }),
});
