/**
 * Applies the owner's rules to whole commands: checks their examples when settings are loaded, and finds what they refuse.
 */
import { findActivity } from "./catastrophe/invocations.ts";
import { ANY, HOME, ONE, OPEN, sourceOf } from "./catastrophe/fields.ts";
import { type PolicyRule, ruleApplies } from "./rules.ts";
import type { CommandInput } from "./shell_policy.ts";
import { type Arg, literalArg } from "./shell_words.ts";

/**
 * Checks that each rule applies to its `match` examples and not to its `not_match` ones.
 *
 * @throws {RangeError} If one does not; the message names the rule and the example.
 */
export function checkRules(rules: readonly PolicyRule[]): void {
  for (const [index, rule] of rules.entries()) {
    const name = `policy rule ${index + 1} ("${rule.decision}" for "${rule.program}")`;
    const missed = rule.match.find((command) => !appliesTo(rule, { command }));
    if (missed !== undefined) {
      throw new RangeError(
        `Cannot use ${name}: it does not apply to "${missed}", which is listed in "match"`,
      );
    }
    const wrong = rule.not_match.find((command) => appliesTo(rule, { command }));
    if (wrong !== undefined) {
      throw new RangeError(`Cannot use ${name}: it applies to "${wrong}", which is listed in "not_match"`);
    }
  }
}

/**
 * Finds the first rule that refuses a command, also through wrappers and nested shells.
 *
 * @returns Its place in the list, from 1.
 */
export function refusingRule(input: CommandInput, rules: readonly PolicyRule[]): number | undefined {
  const index = rules.findIndex((rule) => rule.decision === "refuse" && appliesTo(rule, input));
  return index === -1 ? undefined : index + 1;
}

function appliesTo(rule: PolicyRule, input: CommandInput): boolean {
  return findActivity(input).invocations.some(({ name, args }) =>
    ruleApplies(rule, [name, ...args].map(argOfField))
  );
}

function argOfField(field: string): Arg {
  const isOpen = [ANY, ONE, HOME, OPEN].some((mark) => field.includes(mark));
  return isOpen
    ? { text: sourceOf(field), exact: false, many: true, start: "", pieces: [] }
    : literalArg(field);
}
