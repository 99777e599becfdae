/**
 * The page about the command line: the help of every command, as it is printed.
 */
import type { HelpText } from "./_help_texts.ts";
import { code, codeBlock, pageHead, table } from "./_markdown.ts";

/**
 * Renders the page.
 *
 * @param texts - the help of the program and its subcommands
 */
export function cliPage(texts: readonly HelpText[]): string {
  return [
    pageHead("Command line", "src/cli/program.ts"),
    "From source, `deno task agent <arguments>` is `remote-agent <arguments>`, and `deno task relay <arguments>` is",
    "`remote-agents-relay <arguments>` (its help is in [CONFIG.md](CONFIG.md#the-relay)).\n",
    table(["exit code", "meaning"], [
      ["0", "It did what it was asked to"],
      ["1", "It failed; with `call`, also when the command that it ran exited with another code than 0"],
      ["2", "Arguments, settings or files must be corrected; one line on stderr says which and how"],
    ]),
    "Results go to stdout, everything else to stderr. `--verbose` shows the stack of an error.\n",
    ...texts.map(({ command, text }) => `## ${code(command)}\n\n${codeBlock(text, "text")}`),
  ].join("\n");
}
