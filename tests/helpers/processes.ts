/**
 * The product's programs as real processes, with a home of their own: for tests of the whole path, and for the demo.
 * Each ends when it is disposed of, whatever became of the test.
 */
import { fileURLToPath } from "node:url";
import { ProcessLog } from "./process_log.ts";

const pathOf = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** Arguments of Deno that run the node; what a node is to do follows. */
export const NODE_ARGS: readonly string[] = ["run", "--frozen", "-A", pathOf("src/main.ts")];
/** Arguments of Deno that run the relay with the permissions that it needs without TLS. */
export const RELAY_ARGS: readonly string[] = [
  "run",
  "--frozen",
  "--no-prompt",
  "--allow-net",
  "--allow-env",
  pathOf("relay/main.ts"),
];
/** A process that has not ended so long after SIGTERM is killed; a node takes up to 4 s to end its commands. */
const END_MS = 6_000;

/** A running program. */
export interface RealProcess extends AsyncDisposable {
  readonly pid: number;
  /** What it wrote to stderr. */
  readonly log: ProcessLog;
  /** Its pipes, where it was started with some. */
  readonly child: Deno.ChildProcess;
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
  /** Waits until it has ended. */
  ended(timeoutMs?: number): Promise<Deno.CommandStatus>;
}

/** How a program is started. */
export interface StartOptions {
  /** Arguments of Deno. */
  readonly args: readonly string[];
  /** What is added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether stdin and stdout are pipes, which the caller must then use up. @default false: there is neither */
  readonly pipes?: boolean;
  /** Whether a Ctrl-C in the terminal passes it by, so that only its owner ends it. @default false */
  readonly detached?: boolean;
}

/** The environment of this process without the product's settings, and with additions. */
export function programEnvironment(additions: Readonly<Record<string, string>> = {}): Record<string, string> {
  const own = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("REMOTE_AGENT"));
  return { ...Object.fromEntries(own), ...additions };
}

/** Starts a program under this Deno. */
export function startProcess({ args, env, pipes = false, detached = false }: StartOptions): RealProcess {
  const stdio = pipes ? "piped" : "null";
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    clearEnv: true,
    env: programEnvironment(env),
    stdin: stdio,
    stdout: stdio,
    stderr: "piped",
    detached,
  }).spawn();
  const log = new ProcessLog();
  const reading = log.read(child.stderr);
  let hasEnded = false;
  const status = child.status.then((value) => {
    hasEnded = true;
    return value;
  });
  const kill = (signal: Deno.Signal) => {
    if (!hasEnded) child.kill(signal);
  };
  return {
    pid: child.pid,
    log,
    child,
    kill,
    ended: (timeoutMs = 20_000) =>
      within(status, timeoutMs, () => new Error(`Process ${child.pid} runs on; its log is:\n${log.text}`)),
    async [Symbol.asyncDispose]() {
      const killer = setTimeout(() => kill("SIGKILL"), END_MS);
      kill("SIGTERM");
      await status;
      clearTimeout(killer);
      await reading;
    },
  };
}

/** What a relay writes when it is ready, with its URL. */
export const RELAY_READY = /^Relay listening on (ws:\S+)$/;
/** What a node writes when it is in the room. */
export const NODE_JOINED = /Joined the room/;

/** A relay in its own process. */
export interface RelayProcess extends RealProcess {
  /** `ws://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
}

/**
 * Starts a relay and waits until it listens.
 *
 * @param options.port - one that was just freed. @default a free one
 */
export async function startRelayProcess(
  { port = 0, args = [] }: { readonly port?: number; readonly args?: readonly string[] } = {},
): Promise<RelayProcess> {
  const process = startProcess({ args: [...RELAY_ARGS, "--bind", `127.0.0.1:${port}`, ...args] });
  try {
    const [, url = ""] = await process.log.waitFor(RELAY_READY);
    return { ...process, url, port: Number(new URL(url).port) };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** How a node is started. */
export interface NodeOptions {
  /** Folder of its configuration and state. */
  readonly home: string;
  /** Settings in the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments, such as `--tags`. */
  readonly args?: readonly string[];
}

/**
 * Starts `remote-agent run`.
 *
 * @param options.joins - whether to wait until it is in the room. @default true
 */
export async function startAgentProcess(
  { home, env = {}, args = [], joins = true }: NodeOptions & { readonly joins?: boolean },
): Promise<RealProcess> {
  const process = startProcess({
    args: [...NODE_ARGS, "run", ...args],
    env: { REMOTE_AGENTS_HOME: home, ...env },
  });
  try {
    if (joins) await process.log.waitFor(NODE_JOINED);
    return process;
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** What a program left that ran to its end. */
export interface CliOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `remote-agent` to its end, with `stdin` as a pipe that holds that text. */
export async function runNode(
  { home, env = {}, args = [], stdin = "" }: NodeOptions & { readonly stdin?: string },
): Promise<CliOutcome> {
  await using process = startProcess({
    args: [...NODE_ARGS, ...args],
    env: { REMOTE_AGENTS_HOME: home, ...env },
    pipes: true,
  });
  const feed = async () => {
    const writer = process.child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(stdin));
      await writer.close();
    } catch {
      // A program that reads no input may have ended already.
    }
  };
  const [stdout, { code }] = await Promise.all([
    new Response(process.child.stdout).text(),
    process.ended(60_000),
    feed(),
  ]);
  await process[Symbol.asyncDispose]();
  return { code, stdout, stderr: process.log.text };
}

/** Waits for `promise`, but not longer than `timeoutMs`. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(late()), timeoutMs);
  try {
    return await Promise.race([promise, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}
