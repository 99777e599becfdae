/**
 * Listings and searches as short texts. Names and lines come from files that anybody may have written, so nothing in them can
 * end a line or move a terminal's cursor: what is shown of them cannot pass for something that the tool says.
 */
import type { AgentRef } from "../../fleet/fleet.ts";
import type { Named } from "../../protocol/operations/list_dir.ts";
import type { ResultOf } from "../../protocol/operation.ts";
import { plainLine, plainLineWithTabs } from "../../protocol/plain_line.ts";

/** Characters of a text; the structured content has all. */
const MAX_SHOWN_CHARACTERS = 40_000;

/** Renders a page of a listing. */
export function describeListDir(result: ResultOf<"list_dir">, agent: AgentRef): string {
  const { path, entries, totals, leftOut, next, stopped } = result;
  const lines = entries.map((entry) => {
    const size = entry.size === null ? "-" : String(entry.size);
    const changed = entry.mtime === null ? "-" : entry.mtime.slice(0, 16).replace("T", " ");
    const name = plainLine(entry.path) + (entry.kind === "directory" ? "/" : "");
    const target = entry.target === undefined ? "" : ` -> ${plainLine(entry.target)}`;
    const kind = ["file", "directory", "symlink"].includes(entry.kind) ? "" : ` (${entry.kind})`;
    const bytes = entry.invalidUtf8 === true ? " (not UTF-8)" : "";
    return `${entry.mode ?? "----"} ${size.padStart(10)} ${changed} ${name}${target}${kind}${bytes}`;
  });
  const notes = leftOutNotes([
    ["hidden", leftOut.hidden],
    ["ignored", leftOut.ignored],
    ["denied by path rules", leftOut.denied],
    ["unreadable folders", leftOut.unreadable],
    ["ignore files not respected in full", leftOut.ignoreFiles],
  ]);
  return join(
    [
      `${entries.length} of ${totals.entries} entries of ${plainLine(path)} on ${agent.name}` +
      ` (${totals.directory} folders, ${totals.file} files in all; ${totals.examined} examined)`,
    ],
    lines,
    [
      ...notes,
      ...(stopped === null ? [] : [`Incomplete: ${stopped.message}`]),
      ...(next === null ? [] : [`There are more: pass cursor "${next}" for the next page`]),
    ],
  );
}

/** Renders what a search found. */
export function describeFileSearch(result: ResultOf<"file_search">, agent: AgentRef): string {
  const { path, files, totals, leftOut, truncated, engine } = result;
  const lines = files.flatMap((file) => {
    const name = plainLine(file.path) + (file.kind === "directory" ? "/" : "");
    const count = file.count === null ? "" : ` (${file.count})`;
    return [
      file.lines.length === 0 ? `${name}${count}` : `--- ${name}${count}`,
      ...file.lines.map(({ line, text, column, cut }) => {
        const [before, after] = [(cut?.before ?? 0) > 0 ? "[...]" : "", (cut?.after ?? 0) > 0 ? "[...]" : ""];
        const shown = plainLineWithTabs(text);
        return `${line}${column === undefined ? "-" : ":"} ${before}${shown}${after}`;
      }),
    ];
  });
  const notes = leftOutNotes([
    ["hidden", leftOut.hidden],
    ["ignored", leftOut.ignored],
    ["symbolic links", leftOut.symlinks],
    ["FIFOs, sockets, devices", leftOut.special],
    ["denied by path rules", leftOut.denied],
    ["unreadable", leftOut.unreadable],
    ["too large", leftOut.tooLarge],
    ["binary files that match", leftOut.binary],
    ["ignore files not respected in full", leftOut.ignoreFiles],
  ]);
  const what = totals.lines === 0 ? "" : `${totals.lines} matching lines in `;
  const how = totals.searched === 0 ? "" : `${totals.searched} files searched with ${engine}, `;
  return join(
    [
      `${what}${totals.found} found in ${
        plainLine(path)
      } on ${agent.name} (${how}${totals.examined} examined)`,
    ],
    lines,
    [...notes, ...truncated.map(({ message }) => `Incomplete: ${message}`)],
  );
}

function leftOutNotes(parts: readonly (readonly [string, number | Named])[]): string[] {
  const notes = parts.flatMap(([name, value]) => {
    if (typeof value === "number") return value === 0 ? [] : [`${value} ${name}`];
    if (value.count === 0) return [];
    const more = value.count > value.first.length ? ", ..." : "";
    return [`${value.count} ${name} (${value.first.map((path) => plainLine(path)).join(", ")}${more})`];
  });
  return notes.length === 0 ? [] : [`Left out: ${notes.join("; ")}`];
}

/** Joins the parts; of `lines` as many as there is room for. */
function join(head: readonly string[], lines: readonly string[], tail: readonly string[]): string {
  let characters = 0;
  const end = lines.findIndex((line) => (characters += line.length + 1) > MAX_SHOWN_CHARACTERS);
  const shown = end === -1 ? lines : lines.slice(0, end);
  const rest = lines.length - shown.length;
  const note = rest === 0 ? [] : [`[${rest} more lines are in the structured content only]`];
  return [...head, ...shown, ...note, ...tail].join("\n");
}
