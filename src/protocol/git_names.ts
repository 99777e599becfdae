/**
 * What may be the name of a branch or a remote, a revision, a date or a person in a call of git. Whatever passes here cannot be
 * taken for an option, a pattern or a second name.
 */

const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/**
 * Tells whether `name` can be a branch, by the rules of git-check-ref-format(1) and its `--branch`: so it holds no colon, which
 * would make it two names, and does not begin with a dash.
 */
export function isBranchName(name: string): boolean {
  if (name === "" || name === "@" || name === "HEAD" || name.startsWith("-") || CONTROL.test(name)) {
    return false;
  }
  if (/[ ~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$/.test(name)) return false;
  return name.split("/").every((part) => !part.startsWith(".") && !part.endsWith(".lock"));
}

/** Tells whether `name` can be a remote: as a branch, so it is never a URL or a path that begins at the root. */
export function isRemoteName(name: string): boolean {
  return isBranchName(name);
}

/** Tells whether `text` can be a revision or a range of them: one line that does not begin with a dash. */
export function isRevision(text: string): boolean {
  return text !== "" && !text.startsWith("-") && !CONTROL.test(text);
}

/** A range of revisions, as it is written with two or three dots. */
export interface RevisionRange {
  readonly from: string;
  readonly to: string;
  /** Three dots: what is on either side and not on both. */
  readonly isSymmetric: boolean;
}

/** Splits `a..b` or `a...b`; a side that is missing is `HEAD`. Undefined if `text` is one revision. */
export function parseRange(text: string): RevisionRange | undefined {
  const parts = /^(.*?)(\.{2,3})(?!\.)(.*)$/s.exec(text);
  if (parts === null) return undefined;
  const [, from = "", dots = "", to = ""] = parts;
  return { from: from || "HEAD", to: to || "HEAD", isSymmetric: dots.length === 3 };
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?$/;
const AGO = /^\d{1,6} (?:second|minute|hour|day|week|month|year)s? ago$/;

/** Tells whether `text` is a point in time that git is sure to understand: what it does not, it takes for now, in silence. */
export function isGitDate(text: string): boolean {
  return DATE.test(text) || TIME.test(text) || AGO.test(text);
}

/**
 * Returns what git is to be given for a date. A day alone would mean that day at the present time of the day, so it becomes
 * its beginning or its end.
 */
export function gitDate(text: string, end: "since" | "until"): string {
  return DATE.test(text) ? `${text}T${end === "since" ? "00:00:00" : "23:59:59"}` : text;
}

/** Tells whether `text` is `Name <mail>`; anything else git would search the history for. */
export function isAuthor(text: string): boolean {
  return /^[^<>]*[^<>\s][^<>]* <[^<>\s]+>$/.test(text) && !CONTROL.test(text);
}
