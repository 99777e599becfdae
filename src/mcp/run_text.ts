/**
 * All of a run as text, host by host, as far as it is held: the resource `run://<id>`. What hosts said stands behind a bar on each
 * line, so that nothing in it can pass for a line about other hosts.
 */
import type { HostOutcome, RunRecord } from "../fleet/run.ts";
import { type OperationName, OPERATIONS, type ToolOperationName } from "../protocol/operation.ts";
import { Output } from "../protocol/operations/exec.ts";
import { plainLine, plainLines } from "../protocol/plain_line.ts";
import { RESULT_TEXTS } from "./result.ts";
import { formatResourceUri } from "./uris.ts";

/** Renders a run with every host of it. */
export function describeWholeRun(record: RunRecord): string {
  const { id, tool, target, status, reason, startedAt, endedAt, hosts, leftOut, notKept } = record;
  const ended = endedAt === undefined ? "" : `, ended ${new Date(endedAt).toISOString()}`;
  const lines = [
    `Run ${id}: ${plainLine(tool)} on ${plainLine(target)}: ${status}${
      reason === undefined ? "" : `, ${plainLine(reason)}`
    }`,
    `Begun ${new Date(startedAt).toISOString()}${ended}. ${hosts.length} hosts, ${leftOut.length} left out`,
    ...(notKept === undefined ? [] : [`Not written down: ${plainLine(notKept)}`]),
    ...leftOut.map(({ agent, reason: why }) =>
      `Left out: ${plainLine(agent.name)} (${plainLine(agent.id)}): ${why}`
    ),
  ];
  for (const host of hosts) lines.push("", ...describeHost(host, record.op));
  return `${lines.join("\n")}\n`;
}

function describeHost(host: HostOutcome, op: OperationName): string[] {
  const { agent, status, exitCode, signal, durationMs, error, note, job } = host;
  const facts = [
    status,
    ...(typeof exitCode === "number" ? [`exit code ${exitCode}`] : []),
    ...(typeof signal === "string" ? [`ended by ${plainLine(signal)}`] : []),
    ...(durationMs === undefined ? [] : [`${Math.round(durationMs)} ms`]),
  ];
  return [
    `== ${plainLine(agent.name)} (${plainLine(agent.id)}): ${facts.join(", ")}`,
    ...(error === undefined ? [] : [`Error: ${plainLine(error.message)} [${error.code}]`]),
    ...(note === undefined ? [] : [`Note: ${plainLine(note)}`]),
    ...(job === undefined
      ? []
      : [`Whole output: ${formatResourceUri({ kind: "job", agent: agent.id, job })}`]),
    ...(host.result === undefined ? [] : describeResult(host, op)),
  ];
}

/** What a host answered may be of an older version; it is shown as well as it can be. */
function describeResult({ result, agent }: HostOutcome, op: OperationName): string[] {
  if (op === "exec") {
    const { stdout, stderr } = Object(result);
    return [...describeOutput("stdout", stdout), ...describeOutput("stderr", stderr)];
  }
  const parsed = OPERATIONS[op].result.safeParse(result);
  if (!parsed.success || !Object.hasOwn(RESULT_TEXTS, op)) return barred(JSON.stringify(result));
  // The name has just been looked up, and the schema of that operation has produced the data.
  const render = RESULT_TEXTS[op as ToolOperationName] as (value: unknown, of: typeof agent) => string;
  return barred(render(parsed.data, agent));
}

function describeOutput(name: string, value: unknown): string[] {
  const parsed = Output.safeParse(value);
  if (!parsed.success || parsed.data.bytes === 0) return [];
  const { head, tail, bytes, truncated, invalidUtf8 } = parsed.data;
  const facts = [`${bytes} bytes`, ...(invalidUtf8 ? ["not all of it UTF-8"] : [])];
  return [
    `${name} (${facts.join(", ")}):`,
    ...barred(head),
    ...(truncated ? ["[the middle is left out here]"] : []),
    ...(tail === "" ? [] : barred(tail)),
  ];
}

function barred(text: string): string[] {
  return plainLines(text.replace(/\r?\n$/, "")).split(/\n/).map((line) => `| ${line}`);
}
