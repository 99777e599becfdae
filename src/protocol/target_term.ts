/**
 * One term of a target, such as `web` or `os:linux`: how it is read, written and matched. Used by `target.ts`.
 */
import type { Platform } from "./card.ts";
import { Platform as PlatformSchema, Tag } from "./card.ts";
import { Mode } from "./mode.ts";
import { matchesGlob, problemOfGlob } from "./name_glob.ts";
import { quoteWord } from "./target_tokens.ts";

/** What a target is matched against. */
export interface TargetHost {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly platform: Pick<Platform, "os" | "family" | "arch">;
  readonly mode: Mode;
}

/** A term. */
export type TargetTerm =
  | { readonly kind: "all" }
  | { readonly kind: "tag"; readonly tag: string }
  /** A family, or a system that is a part of one, such as `freebsd`. */
  | { readonly kind: "os"; readonly os: string }
  | { readonly kind: "arch"; readonly arch: string }
  | { readonly kind: "mode"; readonly mode: Mode }
  | { readonly kind: "name"; readonly glob: string }
  /** The beginning of an id. */
  | { readonly kind: "id"; readonly prefix: string };

/** What is wrong with a word, in words that follow its place. */
export interface TermProblem {
  readonly why: string;
  readonly hint?: string;
}

const FAMILIES: readonly string[] = PlatformSchema.shape.family.options;
/** Systems that are less than their family. */
const SYSTEMS: readonly string[] = ["android", "freebsd", "netbsd", "openbsd", "solaris", "illumos", "aix"];
/** Other words for a family. */
const OS_ALIASES = new Map([
  ["darwin", "macos"],
  ["mac", "macos"],
  ["osx", "macos"],
  ["win", "windows"],
  ["win32", "windows"],
]);
const ARCH_ALIASES = new Map([
  ["arm64", "aarch64"],
  ["amd64", "x86_64"],
  ["x64", "x86_64"],
  ["x86-64", "x86_64"],
]);
/** Words that would be tags, and that people mean as operators. */
const OPERATOR_WORDS = new Map([["and", "&"], ["or", "|"], ["not", "!"]]);
const KEYS = ["tag", "os", "arch", "mode", "name", "id"];
/** Keys that people write who mean another. */
const KEY_ALIASES = new Map([
  ["tags", "tag"],
  ["label", "tag"],
  ["role", "tag"],
  ["group", "tag"],
  ["family", "os"],
  ["platform", "os"],
  ["host", "name"],
  ["hostname", "name"],
  ["agent", "name"],
  ["agent_id", "id"],
  ["cpu", "arch"],
]);
const MIN_ID_CHARACTERS = 4;

/** Reads a word: a term, or what is wrong with it. */
export function readTerm(word: string): TargetTerm | TermProblem {
  const problem = problemOfWord(word);
  if (problem !== undefined) return problem;
  const colon = word.indexOf(":");
  if (colon < 0) return readBareWord(word);
  const key = word.slice(0, colon).toLowerCase();
  const value = word.slice(colon + 1);
  if (!KEYS.includes(key)) {
    const meant = KEY_ALIASES.get(key);
    return {
      why: `${quoteWord(`${key}:`)} is no key`,
      hint: meant === undefined ? `keys are ${list(KEYS)}` : `write ${quoteWord(`${meant}:${value}`)}`,
    };
  }
  if (value === "") return { why: `"${key}:" has no value`, hint: "write it directly behind the colon" };
  return readValue(key, value);
}

/** Writes a term in its one canonical form. */
export function formatTerm(term: TargetTerm): string {
  switch (term.kind) {
    case "all":
      return "all";
    case "tag":
      return term.tag === "all" || OPERATOR_WORDS.has(term.tag) ? `tag:${term.tag}` : term.tag;
    case "os":
      return `os:${term.os}`;
    case "arch":
      return `arch:${term.arch}`;
    case "mode":
      return `mode:${term.mode}`;
    case "name":
      return `name:${term.glob}`;
    case "id":
      return `id:${term.prefix}`;
  }
}

/** Tells whether a host is what a term means. */
export function matchesTerm(term: TargetTerm, host: TargetHost): boolean {
  switch (term.kind) {
    case "all":
      return true;
    case "tag":
      return host.tags.includes(term.tag);
    case "os":
      return host.platform.family === term.os || host.platform.os.toLowerCase() === term.os;
    case "arch":
      return canonicalArch(host.platform.arch) === term.arch;
    case "mode":
      return host.mode === term.mode;
    case "name":
      return matchesGlob(term.glob, host.name);
    case "id":
      return host.id.startsWith(term.prefix);
  }
}

/** The one name of a processor that goes by several. */
export function canonicalArch(arch: string): string {
  const lower = arch.toLowerCase();
  return ARCH_ALIASES.get(lower) ?? lower;
}

/** Finds what people write who have another language in mind. */
function problemOfWord(word: string): TermProblem | undefined {
  if (/^["'`]|["'`]$/.test(word)) {
    return { why: `${quoteWord(word)} has quotes`, hint: "write names and tags without them" };
  }
  const pair = /^(\w+)={1,2}(.*)$/s.exec(word);
  if (pair !== null) {
    return {
      why: `${quoteWord(word)} is no term`,
      hint: `write ${quoteWord(`${pair[1]?.toLowerCase()}:${pair[2]}`)}`,
    };
  }
  if (word === "*") return { why: '"*" is no term', hint: 'write "all"' };
  if (/^[-~^][\w:]/.test(word)) {
    return { why: `${quoteWord(word)} is no term`, hint: `write ${quoteWord(`!${word.slice(1)}`)}` };
  }
  return undefined;
}

function readBareWord(word: string): TargetTerm | TermProblem {
  const lower = word.toLowerCase();
  if (lower === "all") return { kind: "all" };
  const operator = OPERATOR_WORDS.get(lower);
  if (operator !== undefined) {
    return {
      why: `${quoteWord(word)} is no operator`,
      hint: `write "${operator}", or "tag:${lower}" for a tag`,
    };
  }
  if (/[*?[]/.test(word)) {
    return {
      why: `a tag such as ${quoteWord(word)} has no wildcards`,
      hint: `for names write ${quoteWord(`name:${word}`)}`,
    };
  }
  return readValue("tag", word);
}

function readValue(key: string, value: string): TargetTerm | TermProblem {
  const lower = value.toLowerCase();
  switch (key) {
    case "os": {
      const os = OS_ALIASES.get(lower) ?? lower;
      if (FAMILIES.includes(os) || SYSTEMS.includes(os)) return { kind: "os", os };
      return {
        why: `no system is called ${quoteWord(value)}`,
        hint: `known are ${list([...FAMILIES, ...SYSTEMS])}`,
      };
    }
    case "arch":
      if (/^[a-z0-9][a-z0-9._-]{0,31}$/.test(lower)) return { kind: "arch", arch: canonicalArch(lower) };
      return { why: `no processor is called ${quoteWord(value)}`, hint: 'write for example "arch:x86_64"' };
    case "mode": {
      const mode = Mode.safeParse(lower);
      if (mode.success) return { kind: "mode", mode: mode.data };
      return { why: `no mode is called ${quoteWord(value)}`, hint: `modes are ${list(Mode.options)}` };
    }
    case "name": {
      const problem = problemOfGlob(value);
      return problem === undefined
        ? { kind: "name", glob: value }
        : { ...problem, why: `the name ${quoteWord(value)} ${problem.why}` };
    }
    case "id":
      if (/^[a-z2-7]{1,20}$/.test(lower) && lower.length >= MIN_ID_CHARACTERS) {
        return { kind: "id", prefix: lower };
      }
      return {
        why: `${quoteWord(value)} is no beginning of an id`,
        hint: `give ${MIN_ID_CHARACTERS} to 20 of its letters a-z and digits 2-7`,
      };
    default:
      if (Tag.safeParse(lower).success) return { kind: "tag", tag: lower };
      return {
        why: `${quoteWord(value)} is no tag`,
        hint:
          "tags have 1 to 32 letters, digits, dots, underscores and hyphens, and begin with a letter or digit",
      };
  }
}

function list(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(", ");
}
