/**
 * Renders reports, as text for the terminal and as the document. Pure.
 */
import type { Machine } from "./machine.ts";
import type { Goal, PartReport, Table } from "./report.ts";

/** One part that was run. */
export interface Measured {
  readonly title: string;
  readonly report: PartReport;
  /** The machine's load average of one minute before and after. */
  readonly load: readonly [before: number, after: number];
  readonly seconds: number;
}

/** Everything that the document says. */
export interface BenchRun {
  readonly date: Date;
  readonly machine: Machine;
  readonly parts: readonly Measured[];
}

/** Renders a table with aligned columns. */
export function renderTable({ columns, rows }: Table): string {
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...rows.map((row) => row[i]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${
      widths.map((width, i) => i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width))
        .join(" | ")
    } |`;
  const rule = `|${
    widths.map((width, i) => i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`).join("|")
  }|`;
  return [line(columns), rule, ...rows.map(line)].join("\n");
}

/** Renders one part for the terminal. */
export function renderPart({ title, report, load, seconds }: Measured): string {
  const tables = report.tables.map((table) => `${table.title}\n\n${renderTable(table)}`);
  const goals = report.goals.map(renderGoal);
  const head = `## ${title} (${seconds.toFixed(0)} s, load ${
    load.map((value) => value.toFixed(2)).join(" to ")
  })`;
  return [head, ...tables, ...(goals.length === 0 ? [] : [goals.join("\n")])].join("\n\n");
}

/** Renders docs/BENCHMARKS.md. */
export function renderDocument({ date, machine, parts }: BenchRun): string {
  const goals = parts.flatMap(({ report }) => report.goals);
  const missed = goals.filter(({ isMet }) => !isMet);
  const loads = parts.flatMap(({ load }) => load);
  const sections = parts.map(({ title, report, load, seconds }) =>
    [
      `## ${title}`,
      report.method,
      ...report.tables.map((table) => `**${table.title}**\n\n${renderTable(table)}`),
      ...report.notes,
      `Took ${seconds.toFixed(0)} s; load average ${
        load.map((value) => value.toFixed(2)).join(" before, ")
      } after.`,
    ].join("\n\n")
  );
  return [
    "# Benchmarks",
    "Written by `deno task bench`, which measures both sides of every comparison in one run. Do not edit by hand.",
    [
      `- Date: ${date.toISOString().slice(0, 10)}`,
      `- Machine: ${machine.processor}, ${machine.cores} cores, ${
        machine.memoryGib.toFixed(0)
      } GiB, ${machine.kernel}`,
      `- Deno ${machine.deno} (V8 ${machine.v8})${
        machine.node === undefined ? "" : `, Node ${machine.node}`
      }`,
      `- Load average of one minute: ${loads[0]?.toFixed(2)} before the start, at most ` +
      `${Math.max(...loads).toFixed(2)} during the run, the benchmarks themselves included`,
      "- All traffic is on loopback. On other machines the ratios say more than the numbers.",
    ].join("\n"),
    "## Goals",
    renderTable({
      title: "Goals",
      columns: ["goal", "measured", "met"],
      rows: goals.map(({ goal, measured, isMet }) => [goal, measured, isMet ? "yes" : "no"]),
    }),
    ...(missed.length === 0 ? [] : [
      "Why goals are missed:",
      missed.map(({ goal, measured, why }) => `- ${goal}: ${measured}. ${why}`).join("\n"),
    ]),
    ...sections,
  ].join("\n\n") + "\n";
}

function renderGoal({ goal, measured, isMet }: Goal): string {
  return `${isMet ? "met   " : "MISSED"} ${goal}: ${measured}`;
}
