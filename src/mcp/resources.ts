/**
 * Reads the resources of an MCP client: the roster, each agent, the output of jobs and of runs.
 */
import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from "@modelcontextprotocol/server";
import type { AgentSummary } from "../fleet/fleet.ts";
import { OperationError } from "../errors.ts";
import { plainLine } from "../protocol/plain_line.ts";
import { readJobOutput, type ResourceText } from "./job_output.ts";
import { knownAgents, type ResourceSource } from "./resource_source.ts";
import { describeError } from "./result.ts";
import { readRunResult } from "./run_result.ts";
import { jsonBytes, MAX_READ_BYTES, sliceText } from "./text_slice.ts";
import { formatResourceUri, parseResourceUri, type ResourceUri } from "./uris.ts";

/**
 * Reads a resource.
 *
 * @throws {ResourceNotFoundError} If there is none of that address.
 * @throws {ProtocolError} If it cannot be read now; the message says why.
 */
export async function readResource(
  text: string,
  { source, signal }: { readonly source: ResourceSource; readonly signal: AbortSignal },
): Promise<ResourceText[]> {
  const uri = parseResourceUri(text);
  if (uri === undefined) {
    throw notFound(
      text,
      "there is no such address. Known are agents://, agent://<id>, job://<agent>/<job>/output and run://<id>",
    );
  }
  try {
    return await readParsed(uri, { text, source, signal });
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    const failure = OperationError.from(error);
    if (failure.code === "unknown_agent") throw notFound(text, describeError(failure));
    const isAsked = failure.code === "bad_request" || failure.code === "ambiguous_agent";
    const code = isAsked ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
    throw new ProtocolError(code, describeError(failure));
  }
}

async function readParsed(
  uri: ResourceUri,
  { text, source, signal }: {
    readonly text: string;
    readonly source: ResourceSource;
    readonly signal: AbortSignal;
  },
): Promise<ResourceText[]> {
  switch (uri.kind) {
    case "agents":
      return [{ uri: text, mimeType: "application/json", text: rosterText(await source.agents()) }];
    case "agent": {
      const facts = await describeAgent(uri.agent, { source, signal });
      return [{ uri: text, mimeType: "application/json", text: JSON.stringify(facts, null, 2) }];
    }
    case "job":
      return await readJobOutput(uri, { readPage: (params) => source.jobPage(uri.agent, params, signal) });
    case "run": {
      const whole = await source.run(uri.run, signal);
      if (whole === undefined) {
        const view = await source.distributedRun(uri.run);
        if (view !== undefined) return await readRunResult(uri.run, { view, from: uri.from });
        throw notFound(text, "no such run is known here; runs are known to the machine that began them");
      }
      const piece = sliceText(whole, uri.from ?? 0);
      const contents = [{ uri: text, mimeType: "text/plain", text: piece.text }];
      if (piece.next === undefined) return contents;
      const next = formatResourceUri({ ...uri, from: piece.next });
      const remark = `Not all of it: ${piece.totalBytes - piece.next} bytes follow. Read on at ${next}`;
      return [...contents, { uri: next, mimeType: "text/plain", text: remark }];
    }
  }
}

/** What is known of an agent, and what it answers; what keeps it from answering is no reason to hide what is known. */
async function describeAgent(
  agent: string,
  { source, signal }: { readonly source: ResourceSource; readonly signal: AbortSignal },
): Promise<Record<string, unknown>> {
  const known = await knownAgents(source);
  try {
    const info = await source.agentInfo(agent, signal);
    const card = known.find(({ id }) => id === info.id);
    return { ...(card === undefined ? {} : factsOf(card)), info };
  } catch (error) {
    const card = known.find(({ id }) => id === agent);
    if (card === undefined || !(error instanceof OperationError) || signal.aborted) throw error;
    return { ...factsOf(card), info: null, error: describeError(error) };
  }
}

/** The roster as JSON, as much of it as one read may be. */
function rosterText(agents: readonly AgentSummary[]): string {
  const shown: string[] = [];
  let room = MAX_READ_BYTES - 1_024;
  for (const agent of agents) {
    const text = JSON.stringify(factsOf(agent));
    room -= jsonBytes(text) + 2;
    if (room < 0) break;
    shown.push(text);
  }
  const leftOut = agents.length - shown.length;
  return `{"count":${agents.length},"leftOut":${leftOut},"agents":[\n${shown.join(",\n")}\n]}`;
}

/** Nothing is measured for a resource, so there is no latency to show. */
function factsOf({ latencyMs: _notMeasured, ...facts }: AgentSummary): Omit<AgentSummary, "latencyMs"> {
  return facts;
}

function notFound(uri: string, why: string): ResourceNotFoundError {
  return new ResourceNotFoundError(uri, `Cannot read resource "${shorten(uri)}": ${why}`);
}

function shorten(text: string): string {
  return plainLine(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}
