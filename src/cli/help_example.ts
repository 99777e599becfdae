/**
 * Examples below the help of a command.
 */

/** Renders an example; one without a title of its own is a line for the shell. */
export function example(text: string, title = "Example:"): string {
  return `\n${title}\n  ${title === "Example:" ? "$ " : ""}${text}`;
}
