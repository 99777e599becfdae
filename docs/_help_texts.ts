/**
 * The help texts of both programs, as they look in a terminal of 80 columns; for the documentation and its snapshots.
 */
import { fileURLToPath } from "node:url";
import { createProgram } from "../src/cli/program.ts";

const HELP_COLUMNS = 80;
const RELAY_MAIN = fileURLToPath(new URL("../relay/main.ts", import.meta.url));

/** The help of one command. */
export interface HelpText {
  /** What is typed before `--help`: `remote-agent`, `remote-agent run`. */
  readonly command: string;
  readonly text: string;
}

/** The help of `remote-agent` and of each of its subcommands, in their order. */
export function helpTexts(): HelpText[] {
  const program = createProgram({ withSettings: nothing, plain: nothing });
  return [program, ...program.commands].map((command) => {
    let text = "";
    command.configureOutput({
      writeOut: (part) => text += part,
      getOutHelpWidth: () => HELP_COLUMNS,
      getOutHasColors: () => false,
    });
    command.outputHelp();
    return { command: command === program ? program.name() : `${program.name()} ${command.name()}`, text };
  });
}

/** The help of `remote-agents-relay`, asked from the program itself, because its command line is private to it. */
export async function relayHelpText(): Promise<HelpText> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-env", RELAY_MAIN, "--help"],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (code !== 0) throw new Error(`Cannot get the relay's help: ${new TextDecoder().decode(stderr)}`);
  return { command: "remote-agents-relay", text: new TextDecoder().decode(stdout) };
}

/** The flags that a help text explains, in their order: `--bind <host:port>`. */
export function flagsOf({ text }: HelpText): string[] {
  return [...text.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+(?: <[^>]+>)?)/gm)].map(([, flag]) => flag ?? "");
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
