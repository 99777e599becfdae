/**
 * The system's processes: who is whose child, and how to signal one. Linux is read from /proc without starting
 * anything; other Unixes through `ps`; Windows ends trees itself.
 */

/** One process. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  /** 0 where the system does not tell. */
  readonly sessionId: number;
  /** When it started, in the system's own form: with the pid it names a process for good. */
  readonly startedAt: string;
  /** Ended, but not waited for yet. */
  readonly isZombie: boolean;
}

/** The signals that end a process, politely and not. */
export type EndSignal = "SIGTERM" | "SIGKILL";

/** What is known of the processes, and done to them. */
export interface ProcessTable {
  list(): Promise<ProcessEntry[]>;
  /** Returns those of `entries` that are still the same process and have not ended. */
  living(entries: readonly ProcessEntry[]): Promise<ProcessEntry[]>;
  /** Sends a signal, to a group if `pid` is negative. A process that is gone or not ours is passed over. */
  signal(pid: number, signal: EndSignal): void;
  /** Ends a process with its descendants, where the system has a way of its own. */
  readonly killWhole?: ((pid: number) => Promise<void>) | undefined;
}

/** How long a helper such as `ps` may take. */
const HELPER_MS = 3000;

/** Returns the table of the system that this runs on. */
export function processTable(os: typeof Deno.build.os = Deno.build.os): ProcessTable {
  if (os === "windows") return { ...psTable(), killWhole: taskkill };
  return os === "linux" || os === "android" ? PROC_TABLE : psTable();
}

/**
 * Reads a line of `/proc/<pid>/stat` (proc(5)). The name of the program, in parentheses, may hold anything,
 * parentheses and line breaks included.
 *
 * @returns undefined if it is not such a line
 */
export function parseStat(text: string): ProcessEntry | undefined {
  const nameEnd = text.lastIndexOf(")");
  const pid = Number.parseInt(text, 10);
  // Fields 3, 4, 5, 6 and 22 of the page; the first after the name is number 3.
  const fields = text.slice(nameEnd + 2).trim().split(" ");
  const [state, parentPid, groupId, sessionId] = fields;
  const startedAt = fields[19];
  if (nameEnd < 0 || !Number.isInteger(pid) || state === undefined || startedAt === undefined) {
    return undefined;
  }
  return {
    pid,
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    sessionId: Number(sessionId),
    startedAt,
    isZombie: state === "Z" || state === "X",
  };
}

/** Reads the output of `ps -axo pid=,ppid=,pgid=,stat=,lstart=`; lines of another form are left out. */
export function parsePs(text: string): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S.*?)\s*$/.exec(line);
    if (match === null) continue;
    const [, pid, parentPid, groupId, state = "", startedAt = ""] = match;
    entries.push({
      pid: Number(pid),
      parentPid: Number(parentPid),
      groupId: Number(groupId),
      sessionId: 0,
      startedAt,
      isZombie: state.startsWith("Z"),
    });
  }
  return entries;
}

const PROC_TABLE: ProcessTable = {
  list: () => Promise.resolve(listProc()),
  living: (entries) =>
    Promise.resolve(entries.filter(({ pid, startedAt }) => {
      const now = readProc(pid);
      return now !== undefined && now.startedAt === startedAt && !now.isZombie;
    })),
  signal,
};

/** Synchronous: /proc never blocks, and a snapshot must not be torn apart by other work. */
function listProc(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    const entry = Number.isInteger(pid) ? readProc(pid) : undefined;
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function readProc(pid: number): ProcessEntry | undefined {
  try {
    return parseStat(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    // It ended between the look at the folder and this one.
    return undefined;
  }
}

function psTable(): ProcessTable {
  const list = async () => parsePs(await runHelper("ps", ["-axo", "pid=,ppid=,pgid=,stat=,lstart="]));
  return {
    list,
    living: async (entries) => {
      const now = new Map((await list()).map((entry) => [entry.pid, entry]));
      return entries.filter(({ pid, startedAt }) => {
        const entry = now.get(pid);
        return entry !== undefined && entry.startedAt === startedAt && !entry.isZombie;
      });
    },
    signal,
  };
}

function signal(pid: number, name: EndSignal): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // Gone already, or under another user: nothing that we could do about it.
  }
}

async function taskkill(pid: number): Promise<void> {
  await runHelper("taskkill", ["/T", "/F", "/PID", String(pid)]);
}

async function runHelper(program: string, args: string[]): Promise<string> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), HELPER_MS);
  try {
    const command = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      env: { LC_ALL: "C" },
      signal: controller.signal,
    });
    return new TextDecoder().decode((await command.output()).stdout);
  } finally {
    clearTimeout(timer);
  }
}
