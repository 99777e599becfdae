import assert from "node:assert/strict";
import { mergeSettings } from "../../../src/config/merge.ts";
import { checkPolicyRules } from "../../../src/config/policy_rules.ts";
import { ConfigError } from "../../../src/errors.ts";

const RULE = {
  program: "kubectl",
  args: ["get", "**"],
  decision: "allow",
  match: ["kubectl get pods"],
  not_match: ["kubectl delete pod x"],
};

function resolved(rules: readonly unknown[]) {
  const source = { policy_rules: { value: rules, origin: "/etc/config.toml:7" } };
  return mergeSettings([source], { command: "run", hostName: "machine" });
}

Deno.test("checkPolicyRules() takes rules whose examples hold, and none", async () => {
  await checkPolicyRules(resolved([]));
  await checkPolicyRules(resolved([RULE]));
});

for (
  const [what, rule, pattern] of [
    [
      "match",
      { ...RULE, match: ["kubectl delete pod x"], not_match: ["ls"] },
      /does not apply to "kubectl delete/,
    ],
    [
      "not_match",
      { ...RULE, not_match: ["kubectl get nodes"] },
      /applies to "kubectl get nodes", .* "not_match"/,
    ],
  ] as const
) {
  Deno.test(`checkPolicyRules() names place, rule and example of a wrong ${what}`, async () => {
    await assert.rejects(checkPolicyRules(resolved([RULE, rule])), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /^Cannot use the rules of \/etc\/config\.toml:7: .*policy rule 2/);
      assert.match(error.message, pattern);
      return true;
    });
  });
}
