/**
 * What a part of the benchmarks has to say. A part runs in a process of its own and writes this as JSON.
 */
import * as z from "zod";

/** A table; all cells are text. */
export const Table = z.object({
  title: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(z.string())),
});
export type Table = z.infer<typeof Table>;

/** A goal of the project, and what was measured. */
export const Goal = z.object({
  goal: z.string(),
  measured: z.string(),
  isMet: z.boolean(),
  /** What dominates; shown where the goal is missed. */
  why: z.string(),
});
export type Goal = z.infer<typeof Goal>;

/** The result of one part. */
export const PartReport = z.object({
  /** How it was measured, in a few sentences. */
  method: z.string(),
  tables: z.array(Table),
  goals: z.array(Goal),
  /** What else is worth knowing about the numbers. */
  notes: z.array(z.string()),
});
export type PartReport = z.infer<typeof PartReport>;

/** How a part is to be run. */
export interface PartOptions {
  /** Few and short rounds, to try the benchmarks themselves. */
  readonly quick: boolean;
}

/** Measures one part. */
export type Part = (options: PartOptions) => Promise<PartReport>;
