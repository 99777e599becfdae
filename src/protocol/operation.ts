/**
 * The table of operations: everything that one host can do for another, by name.
 * Executors, MCP tools and the documentation are derived from it.
 */
import type * as z from "zod";
import type { Operation } from "./define_operation.ts";
import { exec } from "./operations/exec.ts";
import { getInfo } from "./operations/get_info.ts";

export const OPERATIONS = {
  exec,
  get_info: getInfo,
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;
export type ParamsOf<K extends OperationName> = z.infer<(typeof OPERATIONS)[K]["params"]>;
export type ResultOf<K extends OperationName> = z.infer<(typeof OPERATIONS)[K]["result"]>;

/** Tells whether `name` is an operation. */
export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(OPERATIONS, name);
}
