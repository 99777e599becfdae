/**
 * A run as a whole, host by host with all that is held of its output, for whoever reads the resource of it.
 */
import type { HostOutcome, RunRecord } from "../../fleet/run.ts";
import { plainLine, plainLines } from "../../protocol/plain_line.ts";
import { textOfHost } from "./fold_texts.ts";

/** Renders every host of a run. What hosts said stands behind a bar, so that nothing in it can pass for a line about others. */
export function describeRun(record: RunRecord): string {
  const { id, tool, target, status, reason, startedAt, endedAt, hosts, leftOut } = record;
  const textOf = textOfHost(record.op);
  return [
    `Run ${id}: ${tool} on ${plainLine(target)}, ${status}${
      reason === undefined ? "" : ` (${plainLine(reason)})`
    }`,
    `Began ${iso(startedAt)}${endedAt === undefined ? "" : `, ended ${iso(endedAt)}`}`,
    ...hosts.flatMap((host) => describeHost(host, textOf(host))),
    ...leftOut.map(({ agent, reason }) => `Left out: ${nameOf(agent)}: ${reason}`),
  ].join("\n");
}

function describeHost(host: HostOutcome, text: string): string[] {
  const { agent, status, exitCode, signal, job, durationMs, error, note } = host;
  const facts = [
    ...(typeof exitCode === "number" ? [`exit code ${exitCode}`] : []),
    ...(typeof signal === "string" ? [`ended by ${plainLine(signal)}`] : []),
    ...(job === undefined ? [] : [`job ${plainLine(job)}`]),
    ...(durationMs === undefined ? [] : [`${Math.round(durationMs)} ms`]),
  ];
  return [
    `== ${status}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}: ${nameOf(agent)}`,
    ...(error === undefined ? [] : [`Error: ${plainLine(error.message)} [${error.code}]`]),
    ...(note === undefined ? [] : [`Note: ${plainLine(note)}`]),
    ...(text === "" ? [] : plainLines(text).split("\n").map((line) => `| ${line}`)),
  ];
}

function nameOf({ id, name }: HostOutcome["agent"]): string {
  return `${plainLine(name)} (${plainLine(id)})`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
