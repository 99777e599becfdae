/**
 * Rules the owner of a host adds in config.toml. Each carries examples, which are checked when the settings are loaded.
 */
import * as z from "zod";
import type { Arg } from "./shell_words.ts";

/** One rule: what becomes of a program called with arguments like these. */
export const PolicyRule = z.strictObject({
  /** Name of the program, without a path. */
  program: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$/, "must be the plain name of a program"),
  /**
   * What the arguments must look like, one after the other. `*` stands for any text inside one argument that does not begin with a
   * dash, unless the pattern itself does; `**` as the last one for any further arguments that do not begin with a dash.
   * @default any arguments
   */
  args: z.array(z.string().min(1).max(256)).max(32).optional(),
  /** `allow`: known to only read in plan mode. `refuse`: not run in plan or edit mode, not even in isolation. */
  decision: z.enum(["allow", "refuse"]),
  /** Commands the rule must apply to. */
  match: z.array(z.string().min(1)).min(1, { error: "must name at least one command" }),
  /** Commands it must not apply to. */
  not_match: z.array(z.string().min(1)).min(1, { error: "must name at least one command" }),
});
export type PolicyRule = z.infer<typeof PolicyRule>;

/**
 * Whether a rule applies to a call. A word that is not known before the command runs can be anything: it keeps an `allow` from applying
 * and never keeps a `refuse` from it.
 *
 * @param words The program first.
 */
export function ruleApplies(rule: PolicyRule, words: readonly Arg[]): boolean {
  const [program, ...args] = words;
  if (program?.exact !== true || programName(program.text) !== rule.program) return false;
  if (rule.args === undefined) return true;
  if (rule.decision === "refuse" && args.some((arg) => arg.many)) return true;
  const patterns = rule.args.at(-1) === "**" ? rule.args.slice(0, -1) : rule.args;
  const isOpen = patterns.length < rule.args.length;
  if (args.length < patterns.length || (!isOpen && args.length > patterns.length)) return false;
  return args.every((arg, index) => {
    if (!arg.exact) return rule.decision === "refuse";
    const pattern = patterns[index];
    return pattern === undefined ? !arg.text.startsWith("-") : matchesText(pattern, arg.text);
  });
}

/** The name of a program without its folder, as deny rules compare it. */
export function programName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Compares without regular expressions, so that no pattern can be slow. */
function matchesText(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return pattern === text;
  if (!pattern.startsWith("-") && text.startsWith("-")) return false;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
