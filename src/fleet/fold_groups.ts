/**
 * Puts the hosts of a run that ended alike and said the same together. Used by `fold.ts`.
 */
import type { WireError } from "../protocol/error_code.ts";
import type { HostStatus } from "../protocol/run.ts";
import { type CommonText, takeNumbers } from "./mask_numbers.ts";
import type { HostOutcome } from "./run.ts";

/** Hosts that are shown together. */
export interface HostGroup {
  /** In the order of the run; of several groups put together, group by group. */
  readonly hosts: readonly HostOutcome[];
  readonly status: HostStatus;
  /** Absent if there is none, or if they differ. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** Absent if there is none, or if they differ in code. Without a message if they differ in that. */
  readonly error?: Pick<WireError, "code"> & Partial<WireError>;
  readonly note?: string;
  /** What each of them said; empty if they said different things. */
  readonly said: CommonText;
  /** Whether what a host answered was not all that it has. */
  readonly isCut: boolean;
  /** How many groups this one was made of because there was no room for all. */
  readonly outputs: number;
  /** Characters that are not shown because of that. */
  readonly mergedCharacters: number;
}

/** How hosts are put together. */
export interface GroupOptions {
  /** What a host said: the same for hosts that said the same, without their names. */
  readonly textOf: (host: HostOutcome) => string;
  /** Whether a host's answer is not all that it has. */
  readonly isCut?: ((host: HostOutcome) => boolean) | undefined;
  /** Whether numbers may differ within a group. @default false */
  readonly maskNumbers?: boolean | undefined;
}

/** Statuses in the order in which they are shown: what went wrong, what did not, and what was not done. */
const ORDER: readonly HostStatus[] = [
  "failed",
  "timed_out",
  "succeeded",
  "refused",
  "gone",
  "skipped",
  "running",
  "waiting",
];

/**
 * Groups hosts by how they ended and what they said: the largest group of those that were carried out first, then failures, other
 * results, and those that were not carried out. Texts are compared by hash, so the cost grows with their size alone.
 */
export function groupHosts(hosts: readonly HostOutcome[], options: GroupOptions): HostGroup[] {
  const groups = new Map<string, GrowingGroup>();
  for (const host of hosts) {
    const text = isUnderWay(host.status) ? "" : options.textOf(host);
    const masked = options.maskNumbers === true ? takeNumbers(text) : { skeleton: text, numbers: [] };
    const error = errorOf(host);
    const ending = [host.status, host.exitCode ?? "", host.signal ?? "", error ?? "", host.note ?? ""];
    // No line feed is left in the first part, so no text can pass for an ending.
    const key = `${JSON.stringify(ending)}\n${masked.skeleton}`;
    const group = groups.get(key);
    if (group !== undefined) {
      group.hosts.push(host);
      group.isCut ||= options.isCut?.(host) ?? false;
      // Only if they do not all have the same words: what is quoted may be another thing of that name.
      if (error !== undefined && !isSame(host.error, group.error)) group.error = error;
      masked.numbers.forEach((number, i) => {
        if (number !== group.numbers[i]) group.differing.add(i);
      });
      continue;
    }
    const differing = new Set<number>();
    groups.set(key, {
      hosts: [host],
      status: host.status,
      ...(typeof host.exitCode === "number" ? { exitCode: host.exitCode } : {}),
      ...(typeof host.signal === "string" ? { signal: host.signal } : {}),
      ...(host.error === undefined ? {} : { error: host.error }),
      ...(host.note === undefined ? {} : { note: host.note }),
      numbers: masked.numbers,
      differing,
      said: { text: text.replace(/\n$/, ""), differing },
      isCut: options.isCut?.(host) ?? false,
      outputs: 1,
      mergedCharacters: 0,
    });
  }
  const all: HostGroup[] = [...groups.values()];
  return inOrder(all, usualOf(all));
}

/** Tells whether a group is of hosts on which the operation was carried out. */
export function isCarriedOut({ status }: Pick<HostGroup, "status">): boolean {
  return status === "succeeded" || status === "failed" || status === "timed_out";
}

/** Where a host stands in lists: what went wrong first, then what is not at its end, and at last what succeeded. */
export function urgencyOf({ status }: Pick<HostOutcome, "status">): number {
  return status === "succeeded" ? ORDER.length : ORDER.indexOf(status);
}

/**
 * Leaves the first group and the largest others as they are, and puts the rest together, so that no host is without a group.
 *
 * @param options.keep - how many stay as they are; the first always does unless this is 0
 * @param options.by - what those have in common that are put together
 */
export function mergeGroups(
  groups: readonly HostGroup[],
  { keep, by }: { readonly keep: number; readonly by: "ending" | "status" },
): HostGroup[] {
  const [first, ...others] = groups;
  if (first === undefined || keep >= groups.length) return [...groups];
  const bySize = [first, ...others.toSorted((a, b) => b.hosts.length - a.hosts.length)];
  const rest = new Map<string, HostGroup[]>();
  for (const group of bySize.slice(keep)) {
    const { status, exitCode, signal, error } = group;
    const ending = [status, exitCode, signal, error?.code, error?.rule];
    const key = JSON.stringify(by === "status" ? [status] : ending);
    const alike = rest.get(key);
    if (alike === undefined) rest.set(key, [group]);
    else alike.push(group);
  }
  return inOrder([...bySize.slice(0, keep), ...[...rest.values()].map(merge)], keep > 0 ? first : undefined);
}

type GrowingGroup = HostGroup & {
  readonly hosts: HostOutcome[];
  isCut: boolean;
  error?: WireError;
  readonly numbers: readonly string[];
  readonly differing: Set<number>;
};

function isUnderWay(status: HostStatus): boolean {
  return status === "running" || status === "waiting";
}

/** The error of a host without its name, so that the same error of two hosts is the same. */
function errorOf({ error, agent }: HostOutcome): WireError | undefined {
  if (error === undefined) return undefined;
  const anonymous = (text: string) =>
    text.replaceAll(`"${agent.name}"`, "this host").replaceAll(`"${agent.id}"`, "this host");
  const { code, message, remedy, rule } = error;
  return {
    code,
    ...(rule === undefined ? {} : { rule }),
    message: anonymous(message),
    ...(remedy === undefined ? {} : { remedy: anonymous(remedy) }),
  };
}

function isSame(a: WireError | undefined, b: WireError | undefined): boolean {
  return a?.message === b?.message && a?.remedy === b?.remedy;
}

/** The normal case: the largest group of those that were carried out, and of equal ones that which succeeded. */
function usualOf(groups: readonly HostGroup[]): HostGroup | undefined {
  let usual: HostGroup | undefined;
  for (const group of groups.filter(isCarriedOut)) {
    const isLarger = usual === undefined || group.hosts.length > usual.hosts.length;
    const isBetter = group.hosts.length === usual?.hosts.length && group.status === "succeeded" &&
      usual.status !== "succeeded";
    if (isLarger || isBetter) usual = group;
  }
  return usual;
}

function inOrder(groups: readonly HostGroup[], first: HostGroup | undefined): HostGroup[] {
  const others = groups.filter((group) => group !== first).toSorted((a, b) =>
    ORDER.indexOf(a.status) - ORDER.indexOf(b.status) ||
    Number(a.outputs > 1) - Number(b.outputs > 1) ||
    b.hosts.length - a.hosts.length
  );
  return first === undefined ? others : [first, ...others];
}

function merge(groups: readonly HostGroup[]): HostGroup {
  const [first, ...others] = groups;
  if (first === undefined) throw new RangeError("Cannot merge groups: there are none");
  if (others.length === 0) return first;
  const common = <T>(of: (group: HostGroup) => T) =>
    others.every((group) => of(group) === of(first)) ? of(first) : undefined;
  const [exitCode, signal, code, rule] = [
    common((group) => group.exitCode),
    common((group) => group.signal),
    common((group) => group.error?.code),
    common((group) => group.error?.rule),
  ];
  return {
    hosts: groups.flatMap((group) => group.hosts),
    status: first.status,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(code === undefined ? {} : { error: { code, ...(rule === undefined ? {} : { rule }) } }),
    said: { text: "", differing: new Set() },
    isCut: groups.some((group) => group.isCut),
    outputs: groups.length,
    mergedCharacters: groups.reduce((sum, group) => sum + group.said.text.length, 0),
  };
}
