/**
 * The latest that went wrong in this process, for `remote-agent status`.
 */

const MAX_PROBLEMS = 20;
const MAX_CHARACTERS = 500;

/** One that went wrong. */
export interface Problem {
  /** ISO 8601. */
  readonly at: string;
  readonly message: string;
}

/** The latest problems, oldest first. */
export interface Problems {
  readonly latest: readonly Problem[];
  add(message: string): void;
}

/** Makes an empty list. */
export function createProblems(now: () => Date = () => new Date()): Problems {
  let latest: readonly Problem[] = [];
  return {
    get latest() {
      return latest;
    },
    add(message) {
      const shown = message.slice(0, MAX_CHARACTERS).replaceAll(/\p{Cc}+/gu, " ");
      latest = [...latest, { at: now().toISOString(), message: shown }].slice(-MAX_PROBLEMS);
    },
  };
}
