import assert from "node:assert/strict";
import { checkRules, refusingRule } from "../../../src/safety/rule_check.ts";
import type { PolicyRule } from "../../../src/safety/rules.ts";
import { judgeCommand } from "../../../src/safety/shell_policy.ts";

const ALLOW: PolicyRule = {
  program: "mytool",
  args: ["show", "**"],
  decision: "allow",
  match: ["mytool show x"],
  not_match: ["mytool set x"],
};
const REFUSE: PolicyRule = {
  program: "docker",
  decision: "refuse",
  match: ["docker ps", "sudo docker ps"],
  not_match: ["podman ps"],
};

Deno.test("checkRules() accepts rules whose examples hold", () => checkRules([ALLOW, REFUSE]));

Deno.test("checkRules() names the rule and the example that does not hold", () => {
  assert.throws(() => checkRules([REFUSE, { ...ALLOW, match: ["mytool set x"] }]), {
    name: "RangeError",
    message:
      'Cannot use policy rule 2 ("allow" for "mytool"): it does not apply to "mytool set x", which is listed in "match"',
  });
  assert.throws(
    () => checkRules([{ ...ALLOW, not_match: ["mytool show y"] }]),
    /applies to "mytool show y", which is listed in "not_match"/,
  );
});

Deno.test("judgeCommand() keeps to the owner's rules", () => {
  const rules = [ALLOW, REFUSE];
  const verdictOf = (command: string) => judgeCommand({ command }, { os: "linux", rules }).verdict;
  assert.equal(verdictOf("mytool show x | wc -l"), "known");
  assert.equal(verdictOf("timeout 5 mytool show x"), "known");
  assert.equal(verdictOf("mytool set x"), "unknown");
  assert.equal(verdictOf("./mytool show x"), "unknown");
  assert.equal(verdictOf("mytool show $X"), "unknown");
  assert.equal(verdictOf("mytool show > f"), "unknown");
  assert.equal(verdictOf("ls | xargs mytool show"), "unknown");
  assert.equal(verdictOf("docker ps"), "unknown");
});

for (
  const command of [
    "docker ps",
    "/usr/bin/docker ps",
    "sudo docker rm x",
    "sh -c 'docker ps'",
    "ls | xargs docker rm",
    "D=docker; $D ps",
  ]
) {
  Deno.test(`refusingRule() sees through ${command}`, () =>
    assert.equal(refusingRule({ command }, [ALLOW, REFUSE]), 2));
}

Deno.test("refusingRule() leaves other commands alone", () => {
  assert.equal(refusingRule({ command: "echo docker" }, [REFUSE]), undefined);
  assert.equal(refusingRule({ argv: ["docker"] }, [REFUSE]), 1);
});
