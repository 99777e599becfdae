/**
 * The executor of `part_drop`: removes what a distributed run left here, and ends what it runs.
 */
import type { Spool } from "../parts/spool.ts";
import type { Executor } from "./executor.ts";

/** What {@link createPartDrop} needs. */
export interface PartDropOptions {
  readonly spool: Spool;
}

/** Makes the executor. */
export function createPartDrop({ spool }: PartDropOptions): Executor<"part_drop"> {
  return async (params) => ({ bytes: await spool.drop(params) });
}
