/**
 * Chooses the hosts of a run: reads the target, leaves out those that cannot or shall not be asked, and takes the sample.
 * Whoever gets nobody is told why, and what there is.
 */
import { OperationError } from "../errors.ts";
import { plainLine } from "../protocol/plain_line.ts";
import {
  matchesTarget,
  parseTarget,
  type Target,
  type UnknownWord,
  unknownWords,
} from "../protocol/target.ts";
import { sampleHosts } from "../protocol/target_sample.ts";
import { formatTerm } from "../protocol/target_term.ts";
import type { AgentSummary } from "./fleet.ts";
import { compareNames } from "./name_ranges.ts";
import type { LeftOut } from "./run.ts";

/** What is to be chosen. */
export interface ChooseOptions {
  readonly target: string;
  /** Whether this machine may be among them. */
  readonly includeSelf: boolean;
  /** Ids of those that may be chosen: the hosts of an earlier run that did not succeed. @default all */
  readonly only?: ReadonlySet<string>;
}

/** Who was chosen. */
export interface ChosenHosts {
  /** At least one, in natural order of their names. */
  readonly hosts: AgentSummary[];
  /** Who matches and was left out, in the same order; those that a sample did not take are not among them. */
  readonly leftOut: LeftOut[];
}

/** Words that an error lists of each kind. */
const MAX_LISTED = 20;
/** Unknown words that an error tells of. */
const MAX_UNKNOWN = 5;
const GRAMMAR =
  'A target is "all", tags such as "web,db", "os:linux", "arch:arm64", "mode:edit", "name:web-*" or "id:...", joined by "&", ' +
  '"|", "!" and parentheses';

/**
 * Chooses hosts.
 *
 * @param agents - everyone who is there
 * @throws {OperationError} With `bad_request` if the target cannot be read or has words that nobody is meant by, with
 * `unknown_agent` if nobody is left.
 */
export function chooseHosts(agents: readonly AgentSummary[], options: ChooseOptions): ChosenHosts {
  const { target, matching } = match(agents, options.target);
  const left: AgentSummary[] = [];
  const leftOut: LeftOut[] = [];
  for (const agent of matching) {
    const reason = reasonAgainst(agent, options);
    if (reason === undefined) left.push(agent);
    else leftOut.push({ agent: { id: agent.id, name: agent.name }, reason });
  }
  if (left.length === 0) throw nobodyLeftError(options.target, leftOut);
  return { hosts: sampleHosts(target.sample, left), leftOut };
}

/**
 * Finds everyone whom a target means, whether they can be asked for anything or not.
 *
 * @returns at least one, in natural order of their names
 * @throws {OperationError} As {@link chooseHosts}.
 */
export function matchAgents(agents: readonly AgentSummary[], text: string): AgentSummary[] {
  const { target, matching } = match(agents, text);
  return sampleHosts(target.sample, matching);
}

function match(
  agents: readonly AgentSummary[],
  text: string,
): { readonly target: Target; readonly matching: AgentSummary[] } {
  const target = readTarget(text);
  const unknown = unknownWords(target, agents);
  if (unknown.length > 0) throw unknownError(text, unknown, agents);
  const matching = agents.filter((agent) => matchesTarget(target, agent))
    .sort((a, b) => compareNames(a.name, b.name) || (a.id < b.id ? -1 : 1));
  if (matching.length > 0) return { target, matching };
  throw new OperationError("unknown_agent", `${cannotChoose(text)}: no host matches`, {
    remedy: whatExists(agents),
  });
}

function readTarget(text: string): Target {
  try {
    return parseTarget(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new OperationError("bad_request", error.message, { remedy: GRAMMAR, cause: error });
  }
}

function reasonAgainst(agent: AgentSummary, options: ChooseOptions): LeftOut["reason"] | undefined {
  if (agent.isSelf && !options.includeSelf) return "self";
  // What this machine does for itself is not asked of it over the relay.
  if (!agent.isSelf && !agent.accepts) return "not_accepting";
  return options.only === undefined || options.only.has(agent.id) ? undefined : "succeeded_before";
}

function unknownError(
  text: string,
  unknown: readonly UnknownWord[],
  agents: readonly AgentSummary[],
): OperationError {
  const reasons = unknown.slice(0, MAX_UNKNOWN).map((word, i) => {
    const isFirst = unknown.findIndex(({ term }) => term.kind === word.term.kind) === i;
    // What there is of a kind stands once.
    return isFirst ? `${describeUnknown(word)}, ${describeKnown(word)}` : describeUnknown(word);
  });
  if (unknown.length > MAX_UNKNOWN) {
    reasons.push(`and ${unknown.length - MAX_UNKNOWN} more words that no host has`);
  }
  const meant = unknown.flatMap((word) => suggest(word, agents) ?? []).slice(0, MAX_UNKNOWN);
  return new OperationError("bad_request", `${cannotChoose(text)}: ${reasons.join("; ")}`, {
    remedy: meant.length === 0
      ? "Name what exists; list_agents shows it"
      : `Did you mean ${meant.join(", ")}?`,
  });
}

function describeUnknown({ term }: UnknownWord): string {
  switch (term.kind) {
    case "tag":
      return `no host has the tag "${term.tag}"`;
    case "name":
      return `no host has a name like "${term.glob}"`;
    case "id":
      return `no host has an id that begins with "${term.prefix}"`;
    default:
      return `no host is of "${formatTerm(term)}"`;
  }
}

function describeKnown({ known }: UnknownWord): string {
  return known.length === 0 ? "there are none" : `there are ${listed(known)}`;
}

/** A term that means somebody, for a bare word that is no tag but a name or the beginning of an id. */
function suggest({ term }: UnknownWord, agents: readonly AgentSummary[]): string | undefined {
  if (term.kind !== "tag") return undefined;
  const named = agents.find(({ name }) => name.toLowerCase() === term.tag);
  if (named !== undefined) return `"name:${plainLine(named.name)}"`;
  const isIdPart = /^[a-z2-7]{4,20}$/.test(term.tag) && agents.some(({ id }) => id.startsWith(term.tag));
  return isIdPart ? `"id:${term.tag}"` : undefined;
}

function nobodyLeftError(text: string, leftOut: readonly LeftOut[]): OperationError {
  const countOf = (reason: LeftOut["reason"]) => leftOut.filter((one) => one.reason === reason).length;
  const [self, deaf, done] = [countOf("self"), countOf("not_accepting"), countOf("succeeded_before")];
  const total = leftOut.length;
  return new OperationError(
    "unknown_agent",
    `${cannotChoose(text)}: ${whyNobody({ self, deaf, done, total })}`,
    {
      remedy: self > 0
        ? "Pass include_self to have this machine too"
        : deaf > 0
        ? "Start them without --no-agent"
        : "There is nothing to repeat for them",
    },
  );
}

function whyNobody(
  { self, deaf, done, total }: { self: number; deaf: number; done: number; total: number },
): string {
  if (self === total) return "this machine alone matches, and it is left out";
  if (deaf === total) {
    return total === 1
      ? "the one that matches runs nothing for others"
      : `the ${total} that match run nothing for others`;
  }
  if (done === total) {
    return total === 1 ? "the one that matches succeeded before" : `the ${total} that match succeeded before`;
  }
  const parts = [
    self > 0 ? ["this machine is left out"] : [],
    deaf > 0 ? [`${deaf} ${deaf === 1 ? "runs" : "run"} nothing for others`] : [],
    done > 0 ? [`${done} succeeded before`] : [],
  ].flat();
  return `${total} match, of which ${parts.join(", and ")}`;
}

function cannotChoose(text: string): string {
  return `Cannot choose hosts by "${plainLine(text.length > 200 ? `${text.slice(0, 200)}...` : text)}"`;
}

function whatExists(agents: readonly AgentSummary[]): string {
  if (agents.length === 0) return "Nobody is there; list_agents shows who comes";
  const words = (of: (agent: AgentSummary) => readonly string[]) => {
    const found = [...new Set(agents.flatMap(of))].sort();
    return found.length === 0 ? "none" : listed(found);
  };
  return [
    `There are tags: ${words(({ tags }) => tags)}`,
    `os: ${words(({ platform }) => [platform.family])}`,
    `modes: ${words(({ mode }) => [mode])}`,
  ].join("; ");
}

function listed(words: readonly string[]): string {
  const shown = words.slice(0, MAX_LISTED).map((word) => `"${plainLine(word)}"`).join(", ");
  return words.length > MAX_LISTED ? `${shown} and ${words.length - MAX_LISTED} more` : shown;
}
