/**
 * A helper program of the benchmarks in a process of its own, which speaks JSON, one value a line, on its stdin and
 * stdout. It ends when it is disposed of.
 */
import { ProcessLog } from "../helpers/process_log.ts";
import { programEnvironment } from "../helpers/processes.ts";

const END_MS = 3_000;
const ANSWER_MS = 120_000;

/** A running program. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Sends a value. */
  send(value: unknown): Promise<void>;
  /** Waits for the next value. */
  receive(): Promise<unknown>;
}

/** What is started. */
export interface ProgramOptions {
  /** @default this Deno */
  readonly command?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program; what it writes to stderr is shown. */
export function startProgram({ command = Deno.execPath(), args, env }: ProgramOptions): Program {
  const child = new Deno.Command(command, {
    args: [...args],
    clearEnv: true,
    env: programEnvironment(env),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const log = new ProcessLog();
  const reading = log.read(child.stdout);
  const writer = child.stdin.getWriter();
  writer.closed.catch(() => {}); // A write to a program that ended rejects by itself.
  let taken = 0;
  let hasEnded = false;
  const status = child.status.then(() => {
    hasEnded = true;
  });
  const kill = (signal: Deno.Signal) => {
    if (!hasEnded) child.kill(signal);
  };
  return {
    pid: child.pid,
    send: (value) => writer.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`)),
    async receive() {
      const [line] = await log.waitFor(/^.+$/, { from: taken, timeoutMs: ANSWER_MS });
      taken = log.lines.indexOf(line, taken) + 1;
      return JSON.parse(line);
    },
    async [Symbol.asyncDispose]() {
      const killer = setTimeout(() => kill("SIGKILL"), END_MS);
      kill("SIGTERM");
      await status;
      clearTimeout(killer);
      await writer.close().catch(() => {}); // Its reader is gone.
      await reading;
    },
  };
}

/** Arguments of Deno that run a program of this folder. */
export function denoArgs(file: string, ...args: readonly string[]): string[] {
  const { pathname } = new URL(`./programs/${file}`, import.meta.url);
  return ["run", "--frozen", "-A", decodeURIComponent(pathname), ...args];
}
