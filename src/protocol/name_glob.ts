/**
 * Globs over names of hosts: `*` any characters, `?` one, `[a-c]` one of a class, `[!a-c]` one that is not. Matching looks at
 * each character of a name at most once for each of the glob, whatever the glob is.
 */

/** Characters of a glob: names have at most 64. */
export const MAX_GLOB_CHARACTERS = 128;

/** One character of a glob: what it may be in a name. */
const CLASS = /^\[[!^]?[A-Za-z0-9._-]+\]$/;

/** What is wrong with a glob. */
export interface GlobProblem {
  /** In words that follow its quoted text. */
  readonly why: string;
  readonly hint?: string;
}

/**
 * Tells what is wrong with a glob.
 *
 * @returns undefined if it can be matched
 */
export function problemOfGlob(glob: string): GlobProblem | undefined {
  if (glob.length > MAX_GLOB_CHARACTERS) {
    return { why: `is over the ${MAX_GLOB_CHARACTERS} characters that a glob may have` };
  }
  for (let at = 0; at < glob.length; at = afterUnit(glob, at)) {
    const unit = glob.slice(at, afterUnit(glob, at));
    if (!unit.startsWith("[")) {
      if (/^[A-Za-z0-9._*?-]$/.test(unit)) continue;
      return {
        why: "holds what no name does",
        hint: "names have letters, digits, dots, underscores and hyphens",
      };
    }
    if (/\d-\d{2}|\d\d-\d|,/.test(unit)) {
      return {
        why: 'has numbers in "[...]", which stands for one character',
        hint:
          'write each name, as in "name:web-7,name:web-12", or a glob for all of them, such as "name:web-*"',
      };
    }
    if (!CLASS.test(unit)) {
      return {
        why: "has a class that cannot be read",
        hint: 'write it as "[a-c]", or "[!a-c]" for all others',
      };
    }
  }
  return undefined;
}

/** Tells whether a name is of a glob that {@link problemOfGlob} finds nothing wrong with. Case counts. */
export function matchesGlob(glob: string, name: string): boolean {
  let [at, unit] = [0, 0];
  // Where to go on if the characters after the last star do not fit: the star takes one more.
  let [starAt, starUnit] = [0, -1];
  while (at < name.length) {
    if (glob[unit] === "*") {
      unit++;
      [starAt, starUnit] = [at, unit];
    } else if (unit < glob.length && matchesUnit(glob, unit, name[at] ?? "")) {
      unit = afterUnit(glob, unit);
      at++;
    } else if (starUnit >= 0) {
      starAt++;
      [at, unit] = [starAt, starUnit];
    } else {
      return false;
    }
  }
  while (glob[unit] === "*") unit++;
  return unit === glob.length;
}

/** Where the next unit begins; a unit is a character or a class. */
function afterUnit(glob: string, at: number): number {
  if (glob[at] !== "[") return at + 1;
  const close = glob.indexOf("]", at);
  return close < 0 ? glob.length : close + 1;
}

function matchesUnit(glob: string, at: number, character: string): boolean {
  const first = glob[at];
  if (first === "?") return true;
  if (first !== "[") return first === character;
  const isInverse = glob[at + 1] === "!" || glob[at + 1] === "^";
  const end = afterUnit(glob, at) - 1;
  let isIn = false;
  for (let i = at + (isInverse ? 2 : 1); i < end;) {
    const isRange = glob[i + 1] === "-" && i + 2 < end;
    const last = glob[isRange ? i + 2 : i] ?? "";
    if ((glob[i] ?? "") <= character && character <= last) isIn = true;
    i += isRange ? 3 : 1;
  }
  return isIn !== isInverse;
}
