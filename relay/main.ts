/**
 * The program `remote-agents-relay`: reads the settings, starts the relay, and stops it on SIGTERM and SIGINT.
 * Everything it says goes to stderr but help and version.
 */
import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import { type Invocation, readInvocation } from "./config.ts";
import { ConfigError } from "./config_values.ts";
import type { LineLog } from "./refusal_log.ts";
import { startRelay } from "./serve.ts";

const MAX_WAITING_LINES = 1000;
const encoder = new TextEncoder();

/** Runs the program until a signal ends it. */
async function main(): Promise<number> {
  let verbose = false;
  try {
    const invocation: Invocation = readInvocation(Deno.args, (name) => Deno.env.get(name));
    if (invocation.kind === "print") {
      Deno.stdout.writeSync(encoder.encode(invocation.text));
      return 0;
    }
    verbose = invocation.config.verbose;
    configureLog(verbose);
    const signalled = listenForSignals();
    const relay = await startRelay(invocation.config, { log: createLog() });
    writeLine(`Relay listening on ${relay.url}`);
    await signalled;
    await relay[Symbol.asyncDispose]();
    return 0;
  } catch (error) {
    const isConfig = error instanceof ConfigError;
    const message = error instanceof Error ? error.message : String(error);
    writeLine(verbose && !isConfig && error instanceof Error ? error.stack ?? message : message);
    return isConfig ? 2 : 1;
  }
}

/** A second signal while stopping changes nothing: stopping is bounded. */
function listenForSignals(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGINT", () => resolve());
  // Windows has no SIGTERM.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => resolve());
  return promise;
}

/** Lines go in as values: braces in them are not LogTape's placeholders. */
function createLog(): LineLog {
  const logger = getLogger(["remote-agents", "relay"]);
  return {
    debug: (line) => logger.debug("{line}", { line }),
    warn: (line) => logger.warn("{line}", { line }),
  };
}

function configureLog(verbose: boolean): void {
  configureSync({
    sinks: { stderr: createStderrSink() },
    loggers: [
      { category: "remote-agents", lowestLevel: verbose ? "debug" : "warning", sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

/** A reader that does not empty the pipe must not stop the relay: past a bound, lines are dropped. */
function createStderrSink(): (record: LogRecord) => void {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return ({ level, message }) => {
    if (waiting >= MAX_WAITING_LINES) return;
    waiting++;
    const line = encoder.encode(`${level}: ${message.join("")}\n`);
    // Nobody may read stderr any more; the relay goes on.
    last = last.then(() => Deno.stderr.write(line)).catch(() => {}).finally(() => waiting--);
  };
}

function writeLine(line: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(`${line}\n`));
  } catch {
    // Nobody reads stderr any more; the relay goes on.
  }
}

if (import.meta.main) Deno.exit(await main());
