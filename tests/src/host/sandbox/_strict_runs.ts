/**
 * Runs many commands in one sandbox, one after the other, and watches what is outside of it.
 */
import type { Confinement, Sandbox } from "../../../../src/host/sandbox/sandbox.ts";
import type { WorkFolder } from "../../../corpus/work_folder.ts";
import { isAlive } from "../../../helpers/is_alive.ts";
import { oracleEnvironment, type RunAll } from "../../safety/_oracle.ts";

/** Says "begin" and "end" with the exit code, as a command may end the driver too. */
const DRIVER = 'i=0; for c in "$@"; do echo "begin $i"; ' +
  'timeout -k 1 "$limit" $0 -c "$c" </dev/null >/dev/null 2>&1; echo "end $i $?"; i=$((i+1)); done';

/** How to run many. */
export interface ManyOptions {
  readonly places: WorkFolder;
  readonly shell: string;
  /** Wraps the driver; undefined runs it as it is. */
  readonly confine?: (argv: readonly string[]) => readonly string[];
  /** Seconds that a command may take. */
  readonly limitSeconds: number;
}

/** Runs all commands and returns their exit codes; undefined for one that ended the driver with itself. */
export async function runMany(
  commands: readonly string[],
  { places, shell, confine = (argv) => argv, limitSeconds }: ManyOptions,
): Promise<(number | undefined)[]> {
  const codes: (number | undefined)[] = [];
  while (codes.length < commands.length) {
    const argv = confine(["/usr/bin/bash", "-c", DRIVER, shell, ...commands.slice(codes.length)]);
    const [program = "", ...args] = argv;
    const { stdout, stderr } = await new Deno.Command(program, {
      args,
      cwd: places.path,
      env: { ...oracleEnvironment(places), limit: String(limitSeconds) },
      clearEnv: true,
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stdout);
    if (!said.startsWith("begin 0\n")) {
      throw new Error(`Cannot run the commands: ${new TextDecoder().decode(stderr)}`);
    }
    const first = codes.length;
    for (const [, i, code] of said.matchAll(/^end (\d+) (\d+)$/gm)) codes[first + Number(i)] = Number(code);
    const [lastBegun] = said.match(/(?<=begin )\d+(?=\n(?!.*begin))/s) ?? [];
    // The next one after that which took the driver along.
    codes.length = Math.max(codes.length, first + Number(lastBegun ?? 0) + 1);
  }
  return Array.from(codes);
}

/** Commands that cannot reach each other run side by side, as some of them only wait. */
const LANES = 3;

/** Runs commands for the oracle in a confinement; the process that must live on stands outside. */
export function runIn(sandbox: Sandbox, confinement: Confinement): RunAll {
  return async (places, shell, commands) => {
    const sentinel = new Deno.Command("/usr/bin/sleep", { args: ["1000"], stdin: "null" }).spawn();
    const confine = (argv: readonly string[]) => sandbox.confine(argv, confinement);
    const lanes = Array.from({ length: LANES }, (_, lane) => commands.filter((_, i) => i % LANES === lane));
    try {
      await Promise.all(lanes.map((lane) => runMany(lane, { places, shell, confine, limitSeconds: 2 })));
      return isAlive(sentinel.pid);
    } finally {
      try {
        sentinel.kill("SIGKILL");
      } catch {
        // It was ended: the oracle is told so above.
      }
      await sentinel.status;
    }
  };
}

/** What stands outside: canaries in every private folder, a port, a socket such as D-Bus has, and the machine's name. */
export interface Surroundings extends AsyncDisposable {
  /** A text that changes if anything of it is touched. */
  readonly state: () => Promise<string>;
  readonly port: number;
  /** A listening Unix socket in `/run`; undefined if we may not make one there. */
  readonly socketInRun: string | undefined;
  /** A file in each of the folders that strict isolation makes private. */
  readonly canaries: readonly string[];
}

/** Puts up the surroundings. */
export async function openSurroundings(): Promise<Surroundings> {
  await using stack = new AsyncDisposableStack();
  let connections = 0;
  const accept = (listener: Deno.Listener): void => {
    const accepting = (async () => {
      for await (const connection of listener) {
        connections++;
        connection.close();
      }
    })();
    stack.defer(async () => {
      listener.close();
      await accepting;
    });
  };
  const id = crypto.randomUUID().slice(0, 8);
  const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  accept(tcp);
  const canaries: string[] = [];
  for (const folder of ["/tmp", "/var/tmp", "/run", "/dev/shm"]) {
    const path = `${folder}/remote-agents-canary-${id}`;
    try {
      await Deno.writeTextFile(path, "sings\n", { createNew: true });
    } catch {
      continue; // It is not for us, or not there.
    }
    stack.defer(() => Deno.remove(path));
    canaries.push(path);
  }
  let socketInRun: string | undefined = `/run/remote-agents-socket-${id}`;
  try {
    accept(Deno.listen({ transport: "unix", path: socketInRun }));
    const path = socketInRun;
    stack.defer(() => Deno.remove(path));
  } catch {
    socketInRun = undefined; // Only root may make one there.
  }
  const all = stack.move();
  return {
    canaries,
    port: tcp.addr.port,
    socketInRun,
    state: async () => {
      const texts = await Promise.all(canaries.map((path) => Deno.readTextFile(path).catch(() => "gone")));
      return JSON.stringify({ connections, texts, name: Deno.hostname() });
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
