/**
 * Shows what a run did on its hosts within a budget of tokens, without hiding any: hosts that said the same are one group, odd
 * ones are shown against the usual, and what has no room is counted. Pure; used by the fleet tools.
 */
import type { ErrorCode } from "../protocol/error_code.ts";
import type { HostStatus, RunStatus } from "../protocol/run.ts";
import {
  CHARACTERS_PER_TOKEN,
  cutLine,
  cutMiddle,
  type CutText,
  estimateTokens,
  largestFitting,
} from "./fold_budget.ts";
import { diffAgainst } from "./fold_diff.ts";
import {
  groupHosts,
  type GroupOptions,
  type HostGroup,
  isCarriedOut,
  mergeGroups,
  urgencyOf,
} from "./fold_groups.ts";
import { showAligned, showCommon } from "./mask_numbers.ts";
import { foldNames, type NamedHost } from "./name_ranges.ts";
import type { LeftOut, RunRecord } from "./run.ts";

/** Least tokens of an answer: fewer do not hold a line for each status. */
export const MIN_FOLD_TOKENS = 1_000;
/** Tokens of an answer unless asked for otherwise. */
export const DEFAULT_FOLD_TOKENS = 6_000;

/** Hosts of a run that are shown together. */
export interface FoldedGroup extends CutText {
  /** Their names, folded; if there are too many, the first and how many more. */
  readonly hosts: string;
  readonly count: number;
  readonly status: HostStatus;
  readonly exitCode?: number;
  readonly signal?: string;
  /** Without a message if they differ in it. */
  readonly error?: {
    readonly code: ErrorCode;
    /** Which rule of the host's policy it was. */
    readonly rule?: string;
    readonly message?: string;
    readonly remedy?: string;
  };
  readonly note?: string;
  /** Jobs to read or wait for, at most a few. */
  readonly jobs?: readonly { readonly agent: string; readonly job: string }[];
  /** True if `text` is a unified diff against the text of the first group. */
  readonly isDiff?: boolean;
  /** Bytes of what each of them said; absent for hosts that said different things. */
  readonly bytes?: number;
  /** True if a host has more output than it sent. */
  readonly isCut?: boolean;
  /** Present if there was no room for groups of their own: how many different outcomes these hosts had. */
  readonly outputs?: number;
}

/** One host of a run. */
export interface FoldedHost {
  readonly id: string;
  readonly name: string;
  readonly status: HostStatus;
  readonly exitCode?: number;
  readonly job?: string;
  readonly durationMs?: number;
  /** Index in `groups`. */
  readonly group: number;
}

/** What a run did, within a budget. Every host is in exactly one group. */
export interface FoldedRun {
  /** Its id; null if nothing was done. */
  readonly run: string | null;
  readonly tool: string;
  readonly target: string;
  readonly status: RunStatus;
  readonly reason?: string;
  readonly counts: Readonly<Record<HostStatus | "hosts", number>>;
  readonly groups: readonly FoldedGroup[];
  /** As many as there is room for, what went wrong first. */
  readonly hosts: readonly FoldedHost[];
  readonly hostsOmitted: number;
  readonly leftOut: readonly {
    readonly hosts: string;
    readonly count: number;
    readonly reason: LeftOut["reason"];
  }[];
  readonly notes: readonly string[];
}

/** How a run is shown. */
export interface FoldOptions extends GroupOptions {
  /** Tokens of the rendered text, and of the JSON of the result; see `estimateTokens`. At least `MIN_FOLD_TOKENS`. */
  readonly maxTokens: number;
  /** Renders a result, whose cost is held to the budget too. */
  readonly render: (folded: FoldedRun) => string;
}

/** How much is told of each group beside its text, from much to least: tokens of its names and messages, and jobs. */
const HEADS = [
  { names: 2_000, message: 400, jobs: 10 },
  { names: 400, message: 250, jobs: 10 },
  { names: 150, message: 100, jobs: 5 },
  { names: 60, message: 50, jobs: 2 },
  { names: 30, message: 20, jobs: 1 },
  { names: 24, message: 8, jobs: 0 },
] as const;
type Head = (typeof HEADS)[number];
const [, , , USUAL_HEAD, , LEAST_HEAD] = HEADS;

/** Shares of the budget: for the heads of groups that stay apart, for all heads, and for entries of single hosts. */
const SEPARATE_SHARE = 0.4;
const HEADS_SHARE = 0.5;
const HOSTS_SHARE = 0.2;
/** Groups whose text is compared with the first one's. */
const MAX_DIFFS = 20;

/** Folds a run. The same run gives the same result. */
export function foldRun(record: RunRecord, options: FoldOptions): FoldedRun {
  const maxTokens = Math.max(MIN_FOLD_TOKENS, options.maxTokens);
  const costOf = (folded: FoldedRun) =>
    Math.max(estimateTokens(JSON.stringify(folded)), estimateTokens(options.render(folded)));
  const show = createView(record);

  const groups = chooseGroups(groupHosts(record.hosts, options), {
    fits: (groups) =>
      costOf(show({ groups, head: USUAL_HEAD, textTokens: 0, hosts: [] })) <= maxTokens * SEPARATE_SHARE,
    most: maxTokens / 20,
  });
  const head =
    HEADS.find((head) =>
      costOf(show({ groups, head, textTokens: 0, hosts: [] })) <= maxTokens * HEADS_SHARE
    ) ?? LEAST_HEAD;

  const hosts = hostEntries(groups, maxTokens);
  const reserved = largestFitting({
    least: 0,
    most: hosts.length,
    fits: (count) => estimateTokens(JSON.stringify(hosts.slice(0, count))) <= maxTokens * HOSTS_SHARE,
  });
  const textTokens = largestFitting({
    least: 0,
    most: maxTokens,
    fits: (textTokens) =>
      costOf(show({ groups, head, textTokens, hosts: hosts.slice(0, reserved) })) <= maxTokens,
  });
  const fitting = largestFitting({
    least: 0,
    most: hosts.length,
    fits: (count) => costOf(show({ groups, head, textTokens, hosts: hosts.slice(0, count) })) <= maxTokens,
  });
  return show({ groups, head, textTokens, hosts: hosts.slice(0, fitting) });
}

/** What is shown of a run. */
interface View {
  readonly groups: readonly HostGroup[];
  readonly head: Head;
  /** Most tokens of each text: small ones are whole, and the others share what they leave. */
  readonly textTokens: number;
  readonly hosts: readonly FoldedHost[];
}

/** Puts groups together until their heads fit. */
function chooseGroups(
  all: readonly HostGroup[],
  { fits, most }: { readonly fits: (groups: readonly HostGroup[]) => boolean; readonly most: number },
): readonly HostGroup[] {
  if (all.length <= most && fits(all)) return all;
  for (const by of ["ending", "status"] as const) {
    const merged = (keep: number) => mergeGroups(all, { keep, by });
    const keep = largestFitting({
      least: 0,
      most: Math.min(all.length, Math.floor(most)),
      fits: (keep) => fits(merged(keep)),
    });
    if (keep > 0) return merged(keep);
  }
  return mergeGroups(all, { keep: 0, by: "status" });
}

/** Makes what shows a run; it remembers what is dear and does not change. */
function createView(record: RunRecord): (view: View) => FoldedRun {
  const names = new WeakMap<Hosts, Map<number, string>>();
  const namesOf = (hosts: Hosts, tokens: number) => {
    const known = names.get(hosts) ?? new Map<number, string>();
    names.set(hosts, known);
    const shown = known.get(tokens) ?? namesIn(hosts, tokens);
    known.set(tokens, shown);
    return shown;
  };
  const agents = new WeakMap<HostGroup, Hosts>();
  const agentsOf = (group: HostGroup) => {
    const known = agents.get(group) ?? group.hosts.map(({ agent }) => agent);
    agents.set(group, known);
    return known;
  };
  const sizes = new WeakMap<HostGroup, number>();
  const bytesOf = (group: HostGroup) => {
    const bytes = sizes.get(group) ?? new TextEncoder().encode(group.said.text).byteLength;
    sizes.set(group, bytes);
    return bytes;
  };
  let bodies: { of: readonly HostGroup[]; are: readonly Body[] } | undefined;
  const bodiesOf = (groups: readonly HostGroup[]) => {
    if (bodies?.of !== groups) bodies = { of: groups, are: makeBodies(groups) };
    return bodies.are;
  };
  const counts = countsOf(record);
  const leftOut = leftOutByReason(record);

  return ({ groups, head, textTokens, hosts }) => {
    const shown = groups.map((group, i) => ({
      hosts: namesOf(agentsOf(group), head.names),
      count: group.hosts.length,
      ...endingOf(group, head),
      ...(group.outputs > 1 ? {} : { bytes: bytesOf(group) }),
      // Comparing texts costs more than all else, and there is no use in it while only heads are weighed.
      ...(textTokens === 0 ? noText(group) : showBody(bodiesOf(groups)[i], { group, tokens: textTokens })),
    }));
    const hostsOmitted = record.hosts.length - hosts.length;
    return {
      run: record.id,
      tool: record.tool,
      target: cutLine(record.target, head.message),
      status: record.status,
      ...(record.reason === undefined ? {} : { reason: cutLine(record.reason, head.message) }),
      counts,
      groups: shown,
      hosts,
      hostsOmitted,
      leftOut: leftOut.map(({ hosts, reason }) => ({
        hosts: namesOf(hosts, head.names),
        count: hosts.length,
        reason,
      })),
      notes: notesOf(record, { groups, shown, hostsOmitted }),
    };
  };
}

type Hosts = readonly NamedHost[];

/** Names of hosts; one alone is always named, and the least head has room for one of the longest. */
function namesIn(hosts: Hosts, tokens: number): string {
  const maxCharacters = hosts.length === 1 ? Infinity : Math.floor(tokens * CHARACTERS_PER_TOKEN);
  return foldNames(hosts, { maxCharacters });
}

/** What is shown of what hosts said. */
interface Body {
  readonly text: string;
  readonly isDiff: boolean;
}

function makeBodies(groups: readonly HostGroup[]): readonly Body[] {
  const [usual, ...others] = groups;
  const isUsual = usual !== undefined && isCarriedOut(usual) && usual.said.text !== "";
  const largest = new Set(
    others.filter((group) => isUsual && group.said.text !== "")
      .toSorted((a, b) => b.hosts.length - a.hosts.length).slice(0, MAX_DIFFS),
  );
  return groups.map((group) => {
    const { said } = group;
    const text = showCommon(said);
    const diff = usual !== undefined && largest.has(group)
      ? diffAgainst(showCommon(usual.said), showAligned(said, usual.said))
      : undefined;
    return { text: diff ?? text, isDiff: diff !== undefined };
  });
}

function showBody(
  body: Body | undefined,
  { group, tokens }: { readonly group: HostGroup; readonly tokens: number },
): CutText & Pick<FoldedGroup, "isDiff"> {
  if (body === undefined || group.outputs > 1) return noText(group);
  return { ...cutMiddle(body.text, tokens), ...(body.isDiff ? { isDiff: true } : {}) };
}

function noText(group: HostGroup): CutText {
  return { text: "", omittedCharacters: group.said.text.length + group.mergedCharacters };
}

function endingOf(
  group: HostGroup,
  head: Head,
): Omit<FoldedGroup, keyof CutText | "hosts" | "count" | "bytes"> {
  const { status, exitCode, signal, error, note, isCut, outputs } = group;
  const jobs = jobsOf(group, head.jobs);
  return {
    status,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal: cutLine(signal, head.message) }),
    ...(error === undefined ? {} : {
      error: {
        code: error.code,
        ...(error.rule === undefined ? {} : { rule: error.rule }),
        ...(error.message === undefined ? {} : { message: cutLine(error.message, head.message) }),
        ...(error.remedy === undefined ? {} : { remedy: cutLine(error.remedy, head.message) }),
      },
    }),
    ...(note === undefined ? {} : { note: cutLine(note, head.message) }),
    ...(jobs.length === 0 ? {} : { jobs }),
    ...(isCut ? { isCut } : {}),
    ...(outputs === 1 ? {} : { outputs }),
  };
}

/** Jobs that somebody may want to look at: those that run, and one whose output did not come whole. */
function jobsOf({ hosts, status, isCut }: HostGroup, most: number): { agent: string; job: string }[] {
  const wanted = status === "running" ? most : isCut ? Math.min(1, most) : 0;
  const jobs: { agent: string; job: string }[] = [];
  for (const { agent, job } of hosts) {
    if (jobs.length === wanted) break;
    if (job !== undefined) jobs.push({ agent: agent.name, job });
  }
  return jobs;
}

/** Entries of single hosts, what went wrong first: as many as might fit. */
function hostEntries(groups: readonly HostGroup[], maxTokens: number): FoldedHost[] {
  // An entry costs more than ten tokens: its id alone has twenty characters.
  const most = Math.ceil(maxTokens / 10);
  const all = groups.flatMap((group, index) => group.hosts.map((host) => ({ host, index })));
  return all.toSorted((a, b) => urgencyOf(a.host) - urgencyOf(b.host)).slice(0, most).map((
    { host, index },
  ) => ({
    id: host.agent.id,
    name: host.agent.name,
    status: host.status,
    ...(typeof host.exitCode === "number" ? { exitCode: host.exitCode } : {}),
    ...(host.job === undefined ? {} : { job: host.job }),
    ...(host.durationMs === undefined ? {} : { durationMs: Math.round(host.durationMs) }),
    group: index,
  }));
}

function countsOf({ hosts }: RunRecord): FoldedRun["counts"] {
  const counts = {
    hosts: hosts.length,
    succeeded: 0,
    failed: 0,
    refused: 0,
    timed_out: 0,
    gone: 0,
    skipped: 0,
    running: 0,
    waiting: 0,
  };
  for (const { status } of hosts) counts[status]++;
  return counts;
}

/** Hosts that the run leaves out, in the form in which their names are folded. */
function leftOutByReason(
  { leftOut }: RunRecord,
): { hosts: Hosts; reason: LeftOut["reason"] }[] {
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason);
  return [...byReason].map(([reason, all]) => ({
    hosts: all.map(({ agent }) => agent),
    reason,
  }));
}

function notesOf(
  { id }: RunRecord,
  { groups, shown, hostsOmitted }: {
    readonly groups: readonly HostGroup[];
    readonly shown: readonly FoldedGroup[];
    readonly hostsOmitted: number;
  },
): string[] {
  const isLeftOut = shown.some(({ omittedCharacters, outputs, hosts }) =>
    omittedCharacters > 0 || outputs !== undefined || / more$/.test(hosts)
  );
  return [
    ...(groups.some(({ said }) => said.differing.size > 0)
      ? ["Numbers that differ between the hosts of a group are shown as #"]
      : []),
    ...(isLeftOut || hostsOmitted > 0 ? [`What has no room here is in the resource run://${id}`] : []),
    ...(groups.some(({ isCut }) => isCut)
      ? ["Some hosts have more output than they sent: job_get reads all of it with agent_id and job"]
      : []),
  ];
}
