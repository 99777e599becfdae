/**
 * The operation `part_save`: write a part of a distributed run to a file of its host.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { PartName, Ticket } from "../part.ts";
import { RunId } from "../run.ts";
import { ExpectedSha256, FilePath, REPLACED } from "./write_file.ts";

export const partSave = defineOperation({
  title: "Save a part to a file",
  description:
    "Makes a file of a part of mapreduce that is on the host, or replaces one, as write_file does: in one step, and with a backup. " +
    "Without part nothing is written: it only tells whether it could be.",
  access: "write",
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  params: z.strictObject({
    run: RunId,
    ticket: Ticket,
    part: PartName.optional(),
    path: FilePath,
    create_parents: z.boolean().optional(),
    expected_sha256: ExpectedSha256,
  }),
  result: z.object(REPLACED),
});
