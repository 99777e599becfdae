/**
 * What `read_file` and `file_stat` found, as short texts for models.
 */
import type { AgentRef } from "../../fleet/fleet.ts";
import type { ResultOf } from "../../protocol/operation.ts";
import { plainLine } from "../../protocol/plain_line.ts";

type ReadResult = ResultOf<"read_file">;
type StatResult = ResultOf<"file_stat">;

/** Renders what was read: a line about it, the text itself, and how to go on. */
export function describeReadFile(result: ReadResult, agent: AgentRef): string {
  const { path, kind, text, base64, notes, next } = result;
  const facts = kind === "text" ? textFacts(result) : [result.mimeType ?? kind, `${result.size} bytes`];
  const goOn = next === undefined ? [] : [
    `There is more: call again with ${
      "offset" in next ? `offset ${next.offset}` : `start_line ${next.start_line}`
    }`,
  ];
  return [
    `${quoted(path)} on ${agent.name}: ${facts.join(", ")}`,
    ...(text === undefined || text === "" ? [] : ["---", text.replace(/\n$/, ""), "---"]),
    // Images go as images; bytes are in the structured content, and here for clients that show text only.
    ...(kind === "binary" && base64 !== undefined ? [base64] : []),
    ...notes,
    ...goOn,
  ].join("\n");
}

/** Renders what is at a path. */
export function describeFileStat(result: StatResult, agent: AgentRef): string {
  const { path, kind, size, permissions, link, owner, group, userId, groupId } = result;
  const who = userId === null ? [] : [`owner ${owner ?? userId}:${group ?? groupId}`];
  return [
    `${quoted(path)} on ${agent.name}: ${kind}, ${size} bytes`,
    ...(link === undefined ? [] : [
      `${quoted(link.path)} is a link to ${quoted(link.target)}${
        link.isBroken ? ", which leads to nothing" : ""
      }`,
    ]),
    [
      ...(permissions === null ? [] : [`permissions ${permissions}`]),
      ...who,
      `modified ${result.modified ?? "at an unknown time"}`,
    ].join(", "),
    `by the host's rules it ${result.mayRead ? "may" : "may not"} be read and ${
      result.mayWrite ? "may" : "may not"
    } be written`,
    ...(result.sha256 === undefined ? [] : [`sha256 ${result.sha256}`]),
    ...result.notes,
  ].join("\n");
}

function textFacts(result: ReadResult): string[] {
  const { startLine, lines = 0, totalLines, size, encoding, lineEndings, offset, length = 0, hasBom } =
    result;
  const what = startLine === undefined
    ? `bytes ${offset ?? 0} to ${(offset ?? 0) + length}`
    : lines === 0
    ? "no lines"
    : `lines ${startLine} to ${startLine + lines - 1}${totalLines === undefined ? "" : ` of ${totalLines}`}`;
  const endings = lineEndings === undefined || lineEndings === "lf" || lineEndings === "none"
    ? []
    : [`${lineEndings} line endings`];
  return [
    what,
    `${size} bytes`,
    `${encoding ?? "text"}${hasBom === true ? " with a byte order mark" : ""}`,
    ...endings,
  ];
}

/** A name may hold line feeds and codes of terminals. */
function quoted(path: string): string {
  return `"${plainLine(path)}"`;
}
