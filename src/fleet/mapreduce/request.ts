/**
 * A distributed run as its caller asks for it, before the input is looked at. It is kept as it is, so that the run can be resumed.
 */
import * as z from "zod";

/** Where the data comes from. */
export const MapReduceInput = z.discriminatedUnion("type", [
  /** Items of the caller. */
  z.object({ type: z.literal("data"), items: z.array(z.unknown()) }),
  /** A file of the caller's machine. */
  z.object({
    type: z.literal("file"),
    path: z.string(),
    splitBy: z.enum(["lines", "bytes"]),
    recordBytes: z.number().optional(),
  }),
  /** Files of the hosts, mapped where they lie. */
  z.object({ type: z.literal("glob"), pattern: z.string() }),
]);
export type MapReduceInput = z.infer<typeof MapReduceInput>;

/** What is to be done. */
export const MapReduceRequest = z.object({
  /** Who takes part, as `chooseHosts` reads it. */
  target: z.string(),
  includeSelf: z.boolean(),
  input: MapReduceInput,
  map: z.string(),
  combine: z.string().optional(),
  reduce: z.string().optional(),
  isKeyed: z.boolean(),
  format: z.enum(["lines", "json"]),
  reducers: z.number().optional(),
  partitions: z.number().optional(),
  splitBytes: z.number().optional(),
  cwd: z.string().optional(),
  timeoutMs: z.number().optional(),
  slots: z.number().optional(),
  maxRetries: z.number().optional(),
  /** A file of the caller's machine that takes the result. */
  output: z.string().optional(),
});
export type MapReduceRequest = z.infer<typeof MapReduceRequest>;
