/**
 * Checks the examples of the owner's rules about commands when the settings are loaded. Apart from the table of settings, since
 * it needs the whole shell policy, which only who has rules must load.
 */
import { ConfigError } from "../errors.ts";
import type { ResolvedSettings } from "./merge.ts";

/**
 * Checks that each rule applies to its `match` examples and not to its `not_match` ones.
 *
 * @throws {ConfigError} If one does not; the message names where the rules come from, the rule and the example.
 */
export async function checkPolicyRules({ settings, origins }: ResolvedSettings): Promise<void> {
  if (settings.policy_rules.length === 0) return;
  const { checkRules } = await import("../safety/rule_check.ts");
  try {
    checkRules(settings.policy_rules);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ConfigError(`Cannot use the rules of ${origins.policy_rules}: ${cause.message}`, { cause });
  }
}
