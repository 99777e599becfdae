/**
 * What an operation is: a thing that one host can do, described once for the wire, the policy, MCP and the documentation.
 */
import type * as z from "zod";

/**
 * What an operation does to a host; modes allow by it. `execute` runs commands, which are judged one by one; `manage` concerns the
 * agent itself, such as the end of a job, and is allowed wherever anything is.
 */
export type Access = "read" | "write" | "execute" | "manage";

/** Hints for a model's client, with the meaning of MCP's tool annotations. */
export interface Hints {
  readonly readOnly: boolean;
  readonly destructive: boolean;
  readonly idempotent: boolean;
  readonly openWorld: boolean;
}

/** One operation. `params` and `result` are objects, because MCP wants them so. */
export interface Operation<P extends z.ZodObject = z.ZodObject, R extends z.ZodObject = z.ZodObject> {
  /** A few words, for lists. */
  readonly title: string;
  /** Written for a model that has never seen the tool. */
  readonly description: string;
  readonly access: Access;
  /**
   * Who may ask for it. `caller`: agents that may command the host. `ticket`: whoever holds a run's ticket, so that hosts can take
   * parts from each other, and from a coordinator that runs nothing for others. @default "caller"
   */
  readonly authority?: "caller" | "ticket";
  readonly hints: Hints;
  readonly params: P;
  readonly result: R;
}

/** Types an operation by its schemas. */
export function defineOperation<P extends z.ZodObject, R extends z.ZodObject>(
  operation: Operation<P, R>,
): Operation<P, R> {
  return operation;
}
