/**
 * Calls of the tools of operations through a real MCP client, each answer held against the schema that the tool publishes.
 */
import assert from "node:assert/strict";
import type { CallToolResult } from "@modelcontextprotocol/client";
import * as z from "zod";
import { type OperationName, OPERATIONS, type ResultOf } from "../../src/protocol/operation.ts";
import { type McpSession, textOf, ToolError } from "./mcp_client.ts";

/** An answer: its structured content, and what a person or model sees. */
export type ToolAnswerOf<K extends OperationName> = ResultOf<K> & {
  readonly agent: { readonly id: string; readonly name: string };
  readonly shown: CallToolResult;
};

/** Tools of one machine. */
export interface ToolCaller {
  /** Every tool that was called. */
  readonly called: ReadonlySet<string>;
  /** Calls a tool. @throws {ToolError} If it answers with an error. */
  call<K extends OperationName>(name: K, args?: Record<string, unknown>): Promise<ToolAnswerOf<K>>;
  /** Calls a tool that must answer with an error, and returns it. */
  fails(name: OperationName, args?: Record<string, unknown>): Promise<ToolError>;
}

/**
 * Prepares calls.
 *
 * @param agentId - which machine; undefined for the server's own
 */
export async function toolCaller(mcp: McpSession, agentId?: string): Promise<ToolCaller> {
  // A client that has seen the list holds every structured content against its JSON schema and throws if it differs.
  await mcp.client.listTools();
  const called = new Set<string>();
  const where = agentId === undefined ? {} : { agent_id: agentId };
  const ask = async (name: OperationName, args: Record<string, unknown>) => {
    called.add(name);
    const shown = await mcp.call(name, { ...args, ...where });
    assert.notEqual(textOf(shown).trim(), "", `${name} answers with a text`);
    return shown;
  };
  return {
    called,
    async call<K extends OperationName>(name: K, args: Record<string, unknown> = {}) {
      const shown = await ask(name, args);
      if (shown.isError) throw new ToolError(textOf(shown));
      const schema = z.object({
        agent: z.object({ id: z.string(), name: z.string() }),
        ...OPERATIONS[name].result.shape,
      });
      const parsed = schema.parse(shown.structuredContent);
      // The schema of that very operation has just produced it.
      return { ...parsed, shown } as unknown as ToolAnswerOf<K>;
    },
    async fails(name, args = {}) {
      const shown = await ask(name, args);
      assert.equal(shown.isError, true, `${name} must fail: ${JSON.stringify(shown)}`);
      return new ToolError(textOf(shown));
    },
  };
}
