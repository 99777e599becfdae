/**
 * Reads ignore files as gitignore(5) describes them and tells what they say about a path. Used by `walk.ts`.
 */
import { parseGlob } from "./search/glob.ts";
import { Matcher } from "./search/matcher.ts";

/** Rules that are read of one file. */
const MAX_RULES = 2_000;
/** Characters of one rule. */
const MAX_RULE_LENGTH = 1_000;

/** What rules say about an entry; undefined if they say nothing. */
export type Verdict = "ignore" | "keep" | undefined;

/** The rules of one ignore file. */
export interface IgnoreRules {
  /** True if rules were left out because there are too many, or one is too long. */
  readonly isCut: boolean;
  /**
   * Asks for one entry; those above it are not looked at.
   *
   * @param path - relative to the folder of the ignore file, with slashes
   */
  verdict(path: string, isFolder: boolean): Verdict;
}

interface Rule {
  readonly keeps: boolean;
  readonly foldersOnly: boolean;
  readonly test: (path: string, name: string) => boolean;
}

/** Reads the text of an ignore file. What is no pattern matches nothing. */
export function parseIgnoreRules(text: string): IgnoreRules {
  const rules: Rule[] = [];
  let isCut = false;
  for (const line of text.replace(/^\uFEFF/, "").split("\n")) {
    if (rules.length >= MAX_RULES || line.length > MAX_RULE_LENGTH) {
      isCut = true;
      continue;
    }
    const rule = parseRule(line.replace(/\r$/, ""));
    if (rule !== undefined) rules.push(rule);
  }
  rules.reverse(); // The last rule that matches decides.
  return {
    isCut,
    verdict(path, isFolder) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      const rule = rules.find((one) => (isFolder || !one.foldersOnly) && one.test(path, name));
      return rule === undefined ? undefined : rule.keeps ? "keep" : "ignore";
    },
  };
}

function parseRule(line: string): Rule | undefined {
  // A space at the end counts only behind a backslash.
  let glob = line.replace(/(?<!\\) +$/, "");
  if (glob === "" || glob.startsWith("#")) return undefined;
  const keeps = glob.startsWith("!");
  if (keeps) glob = glob.slice(1);
  const foldersOnly = /[^\\]\/$/.test(glob) || glob === "/";
  if (foldersOnly) glob = glob.slice(0, -1);
  const isAnchored = glob.includes("/");
  glob = glob.replace(/^\//, "");
  if (glob === "") return undefined;
  const base = { keeps, foldersOnly };
  // Most rules are plain names.
  if (!/[*?[\\]/.test(glob)) {
    return { ...base, test: isAnchored ? (path) => path === glob : (_, name) => name === glob };
  }
  try {
    const matcher = new Matcher(parseGlob(glob, { hasBraces: false }));
    return { ...base, test: (path, name) => matcher.test(isAnchored ? path : name) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // As in git, what cannot be read matches nothing.
    throw error;
  }
}
