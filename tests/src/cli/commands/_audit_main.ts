/**
 * Runs the command `audit` alone, as the program runs it. Arguments: the state folder, and the options as JSON.
 */
import { execute } from "../../../../src/cli/commands/audit.ts";
import { describeError, exitCodeOf } from "../../../../src/cli/describe_error.ts";
import { printError } from "../../../../src/cli/output.ts";
import { watchStopSignals } from "../../../../src/cli/stop_signal.ts";

const [stateFolder = "", options = "{}"] = Deno.args;
using stop = watchStopSignals();
const none = {
  action: undefined,
  since: undefined,
  operation: undefined,
  agent: undefined,
  limit: undefined,
};
try {
  Deno.exitCode = await execute(
    { paths: { configFolder: stateFolder, configFile: "", stateFolder }, signal: stop.signal },
    { ...none, follow: false, json: false, ...JSON.parse(options) },
  );
} catch (error) {
  printError(describeError(error, { isVerbose: false, redact: (text) => text }));
  Deno.exitCode = exitCodeOf(error);
}
