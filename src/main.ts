/**
 * Where the program starts and ends: arguments in, exit code out. An error becomes one line on stderr.
 */
import { isVerbose } from "./cli/arguments.ts";
import { runCli } from "./cli/cli.ts";
import { describeError, exitCodeOf } from "./cli/describe_error.ts";
import { printError } from "./cli/output.ts";
import { Secrets } from "./config/redact.ts";

if (import.meta.main) await main(Deno.args);

async function main(words: readonly string[]): Promise<never> {
  const secrets = new Secrets();
  const fail = (error: unknown): never => {
    const redact = (text: string) => secrets.redact(text);
    printError(`remote-agent: ${describeError(error, { isVerbose: isVerbose(words), redact })}`);
    Deno.exit(exitCodeOf(error));
  };
  // What nobody awaited is a fault of the program: it must not go on in an unknown state.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail(event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    fail(event.error);
  });
  let exitCode: number;
  try {
    exitCode = await runCli(words, { secrets });
  } catch (error) {
    return fail(error);
  }
  Deno.exit(exitCode);
}
