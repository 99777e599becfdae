/**
 * What the demo prints: short headings, aligned rows, and colour on a terminal only.
 */

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

const encoder = new TextEncoder();
let hasReader = true;

/** Colours text for a terminal; NO_COLOR turns it off (https://no-color.org). */
export function paint(text: string, style: keyof typeof STYLES): string {
  const isShown = !Deno.noColor && Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb";
  return isShown ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

/** Prints nothing any more. */
export function hush(): void {
  hasReader = false;
}

/** Prints a line. */
export function say(line = ""): void {
  if (!hasReader) return;
  const bytes = encoder.encode(`${line}\n`);
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch {
    // The reader went away, as `head` does; the demo still ends as it should.
    hasReader = false;
  }
}

/** Prints the heading of a step. */
export function heading(number: number, title: string, how: string): void {
  say();
  say(`${paint(`${number}  ${title}`, "bold")}  ${paint(how, "dim")}`);
}

/** Prints a row: a name, what there is to say about it, and how long it took. */
export function row(name: string, text: string, tookMs?: number): void {
  const time = tookMs === undefined ? "" : paint(formatMs(tookMs).padStart(8), "dim");
  say(`   ${paint(name.padEnd(10), "cyan")} ${time === "" ? text : `${text.padEnd(54)} ${time}`}`.trimEnd());
}

/** Prints rows of cells in columns, the first of them as a heading. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const cells of rows) cells.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  for (const [i, cells] of rows.entries()) {
    const line = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
    say(`   ${i === 0 ? paint(line, "dim") : line}`);
  }
}

/** Prints a remark that belongs to the step. */
export function remark(text: string): void {
  say(`   ${text}`);
}

/** A time as people read it. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
