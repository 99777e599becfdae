/**
 * Ends a command with everything it started. Used by `spawn.ts`.
 *
 * The command leads a process group and session of its own, which a signal reaches as a whole. Children that made
 * another session or group are found by their parents. What is out of reach is a process that made its own session
 * and whose parents ended before: a daemon that detached itself on purpose.
 */
import { type ProcessEntry, type ProcessTable, processTable } from "./process_table.ts";

/** How long a tree has between TERM and KILL. */
export const KILL_GRACE_MS = 2000;
/** How long we wait for a killed process to vanish; only one that hangs in the kernel takes longer. */
const VANISH_MS = 1000;
const FIRST_POLL_MS = 4;
const LAST_POLL_MS = 50;

/** How {@link killTree} goes about it. */
export interface KillTreeOptions {
  /** Milliseconds between TERM and KILL. @default {KILL_GRACE_MS} */
  readonly graceMs?: number | undefined;
  /** Where processes are seen and signalled. @default the system */
  readonly table?: ProcessTable;
}

/**
 * Returns the pids below `roots`, at any depth and in no particular order, without the roots themselves.
 *
 * @param entries - pairs of a process and its parent; loops, as pid reuse can make them, are harmless
 */
export function descendantsOf(
  entries: Iterable<Pick<ProcessEntry, "pid" | "parentPid">>,
  roots: Iterable<number>,
): Set<number> {
  const children = new Map<number, number[]>();
  for (const { pid, parentPid } of entries) {
    const siblings = children.get(parentPid);
    if (siblings === undefined) children.set(parentPid, [pid]);
    else siblings.push(pid);
  }
  const rootSet = new Set(roots);
  const found = new Set<number>();
  const open = [...rootSet];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (found.has(child) || rootSet.has(child)) continue;
      found.add(child);
      open.push(child);
    }
  }
  return found;
}

/**
 * Returns the living members of the tree of `leader`: itself, its group and session, what is in `known` and still the
 * same process, and the descendants of all these. Never the first process nor `self`.
 *
 * @param known - members found before, by pid; they count only with the same start time, as a pid may be given again
 */
export function membersOf(
  entries: readonly ProcessEntry[],
  leader: number,
  options: { readonly known?: ReadonlyMap<number, ProcessEntry>; readonly self: number },
): ProcessEntry[] {
  const roots = entries.filter((entry) => {
    const before = options.known?.get(entry.pid);
    if (before !== undefined) return before.startedAt === entry.startedAt;
    return entry.pid === leader || entry.groupId === leader || entry.sessionId === leader;
  }).map(({ pid }) => pid);
  const tree = descendantsOf(entries, roots).union(new Set(roots));
  return entries.filter(({ pid, isZombie }) => tree.has(pid) && !isZombie && pid > 1 && pid !== options.self);
}

/**
 * Ends the tree of a command that runs: TERM to every member, and KILL to what is left after `graceMs`. To be called
 * while the leader has not been waited for, so that its pid is still its own.
 *
 * @param leader - pid of the command, started by `start_process.ts`
 * @returns when no member is left, or a killed one did not vanish within a second
 */
export async function killTree(leader: number, options: KillTreeOptions = {}): Promise<void> {
  const table = options.table ?? processTable();
  if (table.killWhole !== undefined) return await table.killWhole(leader);
  const known = new Map<number, ProcessEntry>();
  // Two rounds with KILL, as a process may have started another between the look and the signal.
  for (
    const [signal, waitMs] of [
      ["SIGTERM", options.graceMs ?? KILL_GRACE_MS],
      ["SIGKILL", VANISH_MS],
      ["SIGKILL", VANISH_MS],
    ] as const
  ) {
    const members = membersOf(await table.list(), leader, { known, self: Deno.pid });
    if (members.length === 0) return;
    // The number of a group with a living member cannot have been given to another.
    if (members.some(({ groupId }) => groupId === leader)) table.signal(-leader, signal);
    for (const member of members) {
      known.set(member.pid, member);
      if (member.groupId !== leader) table.signal(member.pid, signal);
    }
    await vanished(members, table, waitMs);
  }
}

/** Waits until none of `members` lives, at most `waitMs`. */
async function vanished(
  members: readonly ProcessEntry[],
  table: ProcessTable,
  waitMs: number,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  let pollMs = FIRST_POLL_MS;
  let living = await table.living(members);
  while (living.length > 0) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return;
    await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, leftMs)));
    pollMs = Math.min(2 * pollMs, LAST_POLL_MS);
    living = await table.living(living);
  }
}
