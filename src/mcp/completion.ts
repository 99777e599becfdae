/**
 * What an argument of a prompt or a resource may go on as, in the protocol's form.
 */

/** By the protocol. */
const MAX_COMPLETIONS = 100;

/** What an argument may go on as. */
export interface Completion {
  readonly values: string[];
  readonly total: number;
  readonly hasMore: boolean;
}

/** Those of `candidates` that begin with `value`, each once, as many as the protocol allows. */
export function completion(candidates: readonly string[], value: string): Completion {
  const all = [...new Set(candidates)].filter((candidate) => candidate.startsWith(value));
  return { values: all.slice(0, MAX_COMPLETIONS), total: all.length, hasMore: all.length > MAX_COMPLETIONS };
}
