/**
 * Reads `git push --porcelain`: a line for each branch. Its names are free of control characters and spaces, as those of all refs.
 */
import type { PushedRef } from "../../protocol/operations/git_push.ts";

const OUTCOMES: Readonly<Record<string, PushedRef["outcome"]>> = {
  " ": "updated",
  "+": "forced",
  "*": "created",
  "!": "rejected",
  "=": "up_to_date",
};

/** Reads the lines of branches and passes over all others. */
export function parsePush(text: string): PushedRef[] {
  return text.split("\n").flatMap((line) => {
    const [, flag = "", local = "", remote = "", rest = ""] =
      /^([ +*!=])\t([^\t:]*):([^\t]*)\t(.*)$/s.exec(line) ?? [];
    const outcome = Object.hasOwn(OUTCOMES, flag) ? OUTCOMES[flag] : undefined;
    if (outcome === undefined) return [];
    const [, summary = rest, reason] = /^(.*?) \((.*)\)$/s.exec(rest) ?? [];
    const isRejected = outcome === "rejected";
    return [{ local, remote, outcome, summary, reason: isRejected ? reason ?? summary : null }];
  });
}
