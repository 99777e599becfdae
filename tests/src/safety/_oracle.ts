/**
 * An oracle outside of what is tested: really runs commands and tells which of them changed a file, connected to a socket or ended a
 * process. By itself it runs them under bash in a bubblewrap with a writable folder; what is tested may run them in its own way.
 */
import { GIT_GUARD_ENVIRONMENT } from "../../../src/safety/git_guard.ts";
import { prepareWorkFolder, type WorkFolder } from "../../corpus/work_folder.ts";

/** Why the oracle cannot work on this machine; undefined if it can. */
export async function oracleObstacle(): Promise<string | undefined> {
  for (const program of ["/usr/bin/bwrap", "/usr/bin/bash", "/usr/bin/git", "/usr/bin/timeout"]) {
    const isThere = await Deno.stat(program).then(() => true, () => false);
    if (!isThere) return `there is no ${program}`;
  }
  const { success } = await new Deno.Command("/usr/bin/bwrap", {
    args: ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--unshare-all", "true"],
    stdout: "null",
    stderr: "null",
  }).output();
  return success ? undefined : "bubblewrap does not work here";
}

/** A folder with canaries, and what to do with it. */
export interface Oracle extends AsyncDisposable {
  readonly places: WorkFolder;
  /** Runs commands and returns those that changed something, each with what it changed. */
  culpritsOf(
    commands: readonly string[],
  ): Promise<readonly { readonly command: string; readonly change: string }[]>;
}

/** Runs all commands one after the other, from the prepared folder; true if the process that watches over them lived on. */
export type RunAll = (places: WorkFolder, shell: string, commands: readonly string[]) => Promise<boolean>;

/** What may be other than usual. */
export interface OracleOptions {
  /** @default a bubblewrap that leaves the prepared folder writable */
  readonly runAll?: RunAll;
  /** Anything else that commands must leave as it is; compared before and after. */
  readonly watch?: () => string | Promise<string>;
  /** Where the prepared folder is made. @default the system's temporary files */
  readonly parent?: string;
}

/**
 * Prepares a folder to run commands in. Dispose of it in the end.
 *
 * @param shell Path of the shell that runs them.
 */
export async function openOracle(
  shell = "/usr/bin/bash",
  { runAll = runInWritableFolder, watch = () => "", parent }: OracleOptions = {},
): Promise<Oracle> {
  const root = await Deno.makeTempDir({
    prefix: "oracle-",
    ...(parent === undefined ? {} : { dir: parent }),
  });
  const pristine = `${root}/pristine`;
  const path = `${root}/work`;
  await Deno.mkdir(path);
  const places = await prepareWorkFolder(path);
  await copyTree(path, pristine);
  let connections = 0;
  const listener = Deno.listen({ transport: "unix", path: places.socket });
  const accepting = (async () => {
    for await (const connection of listener) {
      connections++;
      connection.close();
    }
  })();

  /** What differs from the prepared folder after commands ran. */
  const changeOf = async (commands: readonly string[]): Promise<string | undefined> => {
    const connectionsBefore = connections;
    const before = await snapshot(path);
    const watchedBefore = await watch();
    const isSentinelAlive = await runAll(places, shell, commands);
    const after = await snapshot(path);
    if (!isSentinelAlive) return "a process was ended";
    const watched = await watch();
    if (watched !== watchedBefore) return `"${watchedBefore}" became "${watched}"`;
    if (connections !== connectionsBefore) return "a socket was connected to";
    for (const [name, state] of after) if (before.get(name) !== state) return `"${name}" is new or changed`;
    for (const name of before.keys()) if (!after.has(name)) return `"${name}" is gone`;
    return undefined;
  };
  const culpritsOf: Oracle["culpritsOf"] = async (commands) => {
    if (commands.length === 0) return [];
    const change = await changeOf(commands);
    if (change === undefined) return [];
    await restore(pristine, path);
    const [command, ...rest] = commands;
    if (command !== undefined && rest.length === 0) return [{ command, change }];
    const middle = Math.ceil(commands.length / 2);
    const found = [
      ...await culpritsOf(commands.slice(0, middle)),
      ...await culpritsOf(commands.slice(middle)),
    ];
    if (found.length > 0) return found;
    // What only some together do is not to be lost; what happens once and not again came from elsewhere on this machine.
    const again = await changeOf(commands);
    if (again === undefined) return [];
    await restore(pristine, path);
    return [{ command: commands.join("\n"), change: again }];
  };
  return {
    places,
    culpritsOf,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await accepting;
      await Deno.remove(root, { recursive: true });
    },
  };
}

/** The environment of the commands. */
export function oracleEnvironment({ path }: WorkFolder): Record<string, string> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    HOME: `${path}/home`,
    TMPDIR: `${path}/tmp`,
    LANG: "C.UTF-8",
    ...GIT_GUARD_ENVIRONMENT,
  };
}

const runInWritableFolder: RunAll = async (places, shell, commands) => {
  const { path } = places;
  const driver = 'sleep 1000 & sentinel=$!; for c in "$@"; do ' +
    'timeout -k 1 10 $0 -c "$c" </dev/null >/dev/null 2>&1; done; kill -0 $sentinel';
  const { code } = await new Deno.Command("/usr/bin/bwrap", {
    args: [
      ...[
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--tmpfs",
        "/run",
        "--bind",
        path,
        path,
        "--chdir",
        path,
      ],
      ...["--unshare-all", "--new-session", "--die-with-parent", "--cap-drop", "ALL"],
      ...["/usr/bin/bash", "-c", driver, shell, ...commands],
    ],
    env: oracleEnvironment(places),
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return code === 0;
};

/** Every file and folder with all that a command could change about it. */
async function snapshot(root: string): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  const visit = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      const info = await Deno.lstat(path);
      const kind = `${
        entry.isDirectory ? "folder" : entry.isSymlink ? "link" : "file"
      } ${info.mode} ${info.uid}`;
      if (entry.isDirectory) {
        states.set(path.slice(root.length + 1), kind);
        await visit(path);
      } else {
        const text = info.isFile ? await Deno.readTextFile(path).catch(() => "unreadable") : "";
        states.set(path.slice(root.length + 1), `${kind} ${info.ino} ${info.mtime?.getTime()} ${text}`);
      }
    }
  };
  await visit(root);
  return states;
}

async function copyTree(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
  if (!success) throw new Error("Cannot copy the prepared folder");
}

/** Puts everything back but the socket, which must stay where it listens. */
async function restore(pristine: string, path: string): Promise<void> {
  for await (const entry of Deno.readDir(path)) {
    if (entry.name !== "socket") await Deno.remove(`${path}/${entry.name}`, { recursive: true });
  }
  for await (const entry of Deno.readDir(pristine)) {
    await copyTree(`${pristine}/${entry.name}`, `${path}/${entry.name}`);
  }
}
