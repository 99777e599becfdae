/**
 * What travels between hosts in a distributed run: parts, which are pieces of its data that lie on one host, and the ticket that
 * opens them. Used by the `part_` operations.
 */
import * as z from "zod";

/** The right to read and remove the parts of one run: 160 random bits that its coordinator tells to the hosts it uses. */
export const Ticket = z.string().regex(/^[a-z2-7]{32}$/).describe("Opens the run's parts");
export type Ticket = z.infer<typeof Ticket>;

/** Names a part within its run, such as `in.3` or `map.3.1.0`. Never a path: letters, digits and dots. */
export const PartName = z.string().regex(/^[a-z][a-z0-9]*(\.[0-9]{1,9}){0,4}$/).describe("Name of a part");
export type PartName = z.infer<typeof PartName>;

/** One part as its host describes it. */
export const PartInfo = z.object({
  name: PartName,
  bytes: z.number().int().nonnegative(),
  records: z.number().int().nonnegative().describe("Lines"),
});
export type PartInfo = z.infer<typeof PartInfo>;

/** Parts that one map output is divided into, at most. */
export const MAX_REDUCERS = 256;
/** Parts that one request names, at most. */
export const MAX_PARTS_IN_REQUEST = 16_384;
