/**
 * The only place that writes for people and scripts: results on stdout, everything else on stderr. A reader that went
 * away, as `head` does, is no error.
 */

const encoder = new TextEncoder();
const STATUS_INTERVAL_MS = 100;

/** Writes one line, or several, to stdout. */
export function printLine(text = ""): void {
  write(Deno.stdout, `${text}\n`);
}

/** Writes a value to stdout as JSON: indented on a terminal, else on one line. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, isTerminal("stdout") ? 2 : undefined));
}

/** Writes what went wrong to stderr. */
export function printError(text: string): void {
  write(Deno.stderr, `${text}\n`);
}

/** Writes a remark that changes nothing to stderr. */
export function printWarning(text: string): void {
  printError(`${paint("Warning:", "yellow", "stderr")} ${text}`);
}

/** Tells whether a stream is a terminal. */
export function isTerminal(stream: "stdin" | "stdout" | "stderr"): boolean {
  return Deno[stream].isTerminal();
}

/** Colours text for a terminal that shows colours; NO_COLOR turns it off (https://no-color.org). */
export function paint(text: string, style: "bold" | "dim" | "yellow", stream: "stdout" | "stderr"): string {
  if (!hasColors(stream)) return text;
  const code = { bold: 1, dim: 2, yellow: 33 }[style];
  return `\x1b[${code}m${text}\x1b[0m`;
}

/** Tells whether a stream shows colours. */
export function hasColors(stream: "stdout" | "stderr"): boolean {
  return !Deno.noColor && isTerminal(stream) && Deno.env.get("TERM") !== "dumb";
}

/** Lays rows out in columns with two spaces between them. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()).join("\n");
}

/** A line on the terminal that is written over, to show how something goes on. */
export interface StatusLine extends Disposable {
  show(text: string): void;
  clear(): void;
}

/** Shows a line on stderr, which must be a terminal; at most ten times a second. */
export function showStatus(): StatusLine {
  let shownAt = -Infinity;
  let isShown = false;
  const clear = () => {
    if (isShown) write(Deno.stderr, "\r\x1b[K");
    isShown = false;
  };
  return {
    show(text) {
      const now = performance.now();
      if (now - shownAt < STATUS_INTERVAL_MS) return;
      shownAt = now;
      isShown = true;
      const { columns } = Deno.consoleSize();
      write(Deno.stderr, `\r\x1b[K${text.slice(0, Math.max(0, columns - 1))}`);
    },
    clear,
    [Symbol.dispose]: clear,
  };
}

/**
 * Asks a question on the terminal.
 *
 * @returns the answer without surrounding blanks, or undefined if there was none
 */
export function askLine(question: string): string | undefined {
  const answer = prompt(question)?.trim();
  return answer === "" ? undefined : answer;
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
