/**
 * Decides from the words of a command line which subcommand is meant.
 */

/** Words after which commander shows help or the version of the program. */
const ANSWERED_BY_PROGRAM = ["-h", "--help", "-V", "--version"];

/** What the decision depends on. */
export interface ArgumentsOptions {
  /** Flags that are followed by a value. */
  readonly flagsWithValue: readonly string[];
  readonly isTerminal: boolean;
}

/**
 * Puts the subcommand first. Flags may stand before it; without one, it is `mcp` if stdin is no terminal, so that
 * a client that starts the bare program gets its server, and else the program's help.
 *
 * @example
 * ```ts
 * withCommandFirst(["--room", "home", "run"], options); // ["run", "--room", "home"]
 * ```
 */
export function withCommandFirst(words: readonly string[], options: ArgumentsOptions): string[] {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--") break;
    if (ANSWERED_BY_PROGRAM.includes(word)) return [...words];
    if (!word.startsWith("-")) return [word, ...words.slice(0, i), ...words.slice(i + 1)];
    if (options.flagsWithValue.includes(word)) i++;
  }
  return [options.isTerminal ? "help" : "mcp", ...(options.isTerminal ? [] : words)];
}

/** Tells whether stacks are wanted; looked at before anything else is read. */
export function isVerbose(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end < 0 ? undefined : end).includes("--verbose");
}

/** Takes values out of commander's complaints: a mistyped flag may carry a secret. */
export function withoutValues(complaint: string): string {
  return complaint.replace(/'(-[^'=]*)=[^]*?'(?=\n|$)/, "'$1'").replace(/(but got \d+): [^]*/, "$1\n");
}
