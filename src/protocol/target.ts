/**
 * The language by which people and models say which hosts are meant: terms such as `web`, `os:linux` or `name:db-*`, joined by
 * `|`, `&`, `,` and `!`, and at the end a sample such as `10%`. docs/TARGETS.md is the page for users.
 */
import { formatExpression, matchesExpression, type TargetExpression, termsOf } from "./target_expression.ts";
import { parseExpression, readLastSample } from "./target_parser.ts";
import { formatSample, type TargetSample } from "./target_sample.ts";
import { canonicalArch, formatTerm, matchesTerm, type TargetHost, type TargetTerm } from "./target_term.ts";
import { targetError, tokenizeTarget } from "./target_tokens.ts";

/** Which hosts are meant. */
export interface Target {
  readonly expression: TargetExpression;
  /** How many of those that match; all of them without it. */
  readonly sample?: TargetSample;
}

/**
 * Reads a target.
 *
 * ```
 * target = [ or "&" ] sample | or          (the sample only behind a top-level "&", or alone)
 * or     = and { "|" and }
 * and    = list { "&" list }
 * list   = "!" unary | primary { "," primary }
 * unary  = "!" unary | primary
 * primary = term | "(" or ")"
 * ```
 *
 * @throws {SyntaxError} If it is none, with the place, the reason, and what to write instead where that can be told.
 * @example
 * ```ts
 * parseTarget("web,db & !canary & 10%");
 * ```
 */
export function parseTarget(text: string): Target {
  const tokens = tokenizeTarget(text);
  const [first] = tokens;
  if (first === undefined) {
    throw targetError(text, { at: 0, why: "it is empty", hint: 'write "all" for every host' });
  }
  const sample = readLastSample(text, tokens);
  if (sample === undefined) return { expression: parseExpression(text, tokens) };
  if (tokens.length === 1) return { expression: { kind: "all" }, sample };
  return { expression: parseExpression(text, tokens.slice(0, -2)), sample };
}

/**
 * Writes a target in its one canonical form. {@link parseTarget} reads it as the same target, unless the spaces that this form
 * has bring a text of almost the greatest length over the limit.
 */
export function formatTarget({ expression, sample }: Target): string {
  if (sample === undefined) return formatExpression(expression, "top");
  if (expression.kind === "all") return formatSample(sample);
  const context = expression.kind === "or" ? "and" : "top";
  return `${formatExpression(expression, context)} & ${formatSample(sample)}`;
}

/** Tells whether a host matches; whether a sample takes it is for `sampleHosts` to say. */
export function matchesTarget(target: Target, host: TargetHost): boolean {
  return matchesExpression(target.expression, host);
}

/** A term that means nothing here. */
export interface UnknownWord {
  readonly term: TargetTerm;
  /** What there is of its kind: tags, names, ids or processors, sorted. */
  readonly known: readonly string[];
}

/**
 * Finds the terms that no host at all is meant by, so that a word that was mistyped is told from one that is not the case now.
 * Modes and systems are always known words, so they are never among them.
 */
export function unknownWords(target: Target, hosts: readonly TargetHost[]): UnknownWord[] {
  const known = knownWords(hosts);
  const unknown = new Map<string, UnknownWord>();
  for (const term of termsOf(target.expression)) {
    const text = formatTerm(term);
    if (unknown.has(text)) continue;
    const words = known(term.kind);
    if (words === undefined) continue;
    const isKnown = term.kind === "tag"
      ? words.set.has(term.tag)
      : term.kind === "arch"
      ? words.set.has(term.arch)
      : hosts.some((host) => matchesTerm(term, host));
    if (!isKnown) unknown.set(text, { term, known: words.sorted });
  }
  return [...unknown.values()];
}

/** Collects the words of each kind when they are first asked for. */
function knownWords(hosts: readonly TargetHost[]) {
  const found = new Map<string, { readonly set: ReadonlySet<string>; readonly sorted: readonly string[] }>();
  return (kind: TargetTerm["kind"]) => {
    const wordsOf = WORDS_OF[kind];
    if (wordsOf === undefined) return undefined;
    const before = found.get(kind);
    if (before !== undefined) return before;
    const set = new Set(hosts.flatMap((host) => wordsOf(host)));
    const words = { set, sorted: [...set].sort() };
    found.set(kind, words);
    return words;
  };
}

const WORDS_OF: { readonly [K in TargetTerm["kind"]]?: (host: TargetHost) => readonly string[] } = {
  tag: ({ tags }) => tags,
  name: ({ name }) => [name],
  id: ({ id }) => [id],
  arch: ({ platform }) => [canonicalArch(platform.arch)],
};
