/**
 * What a tool is: data that a client shows and a handler that answers a call. MCP and `remote-agent call` serve the
 * same table.
 */
import type * as z from "zod";
import type { Hints } from "../protocol/define_operation.ts";
import type { Fleet } from "../fleet/fleet.ts";

/** How far a call is. */
export interface ToolProgress {
  /** What is done, in any unit; it should not fall. */
  readonly progress: number;
  /** All that is to be done, in the same unit. */
  readonly total?: number;
  /** What happened last, in a few words. */
  readonly message?: string;
}

/** What a handler is told beside its arguments. */
export interface ToolContext {
  readonly fleet: Fleet;
  /** Aborts when the client cancels or is gone. */
  readonly signal: AbortSignal;
  /** Takes lines of output as they come; absent when the client did not ask for progress. */
  readonly onLines?: ((text: string) => void | Promise<void>) | undefined;
  /**
   * Takes how far the call is, as often as it changes; the client is shown what it can take. Absent when the client did not ask for
   * progress.
   */
  readonly onProgress?: ((progress: ToolProgress) => void) | undefined;
}

/** What a call answered. */
export interface ToolAnswer {
  /** Of the tool's output schema. */
  readonly structured: Record<string, unknown>;
  /** The same in a few words, for clients that show text only. */
  readonly text: string;
  /** Pictures that are shown beside the text. */
  readonly images?: readonly { readonly data: string; readonly mimeType: string }[];
  /** True if what the tool did is to be shown as failed, although it is a normal result. */
  readonly hasFailed?: boolean;
}

/** One tool. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly hints: Hints;
  /**
   * Answers a call.
   *
   * @param args - parsed by `input`
   * @throws {OperationError} What the client is to show as an error.
   */
  handle(args: Record<string, unknown>, context: ToolContext): Promise<ToolAnswer>;
}
