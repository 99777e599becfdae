import assert from "node:assert/strict";
import { findActivity } from "../../../../src/safety/catastrophe/invocations.ts";
import { ownServiceProblem } from "../../../../src/safety/catastrophe/own_service.ts";

function problemOf(command: string, ownPids: readonly number[] = []): string | undefined {
  return findActivity({ command }).invocations.map((call) => ownServiceProblem(call, ownPids)).find((
    problem,
  ) => problem !== undefined);
}

for (
  const command of [
    "systemctl stop remote-agent",
    "systemctl --user disable --now remote-agent.service",
    "systemctl stop remote-agents-relay",
    "systemctl stop 'remote-*'",
    "systemctl kill -s KILL remote-agent",
    "launchctl bootout gui/1/x.remote-agent",
    "pkill remote-agent",
    "pkill -f 'remote.agent'",
    "pkill -f .",
    "killall -9 remote-agent",
    "kill -9 -1",
    "kill -TERM -- -1",
    "kill $(pgrep -f remote-agent)",
    "pidof remote-agent | xargs kill",
    "remote-agent uninstall",
    "remote-agent mode bypass",
    "remote-agent mode edit --for 30m",
    "remote-agent mode --reset",
    "remote-agent mode $mode",
    "sudo /usr/local/bin/remote-agent mode edit",
  ]
) {
  Deno.test(`ownServiceProblem() sees one in ${command}`, () =>
    assert.notEqual(problemOf(command), undefined));
}

for (
  const command of [
    "systemctl status remote-agent",
    "systemctl restart remote-agent",
    "systemctl stop 'nginx*'",
    "systemctl stop remote-desktop",
    "pkill node",
    "pkill -0 remote-agent",
    "pkill -f '('",
    "kill -1 12",
    "kill -0 12",
    "kill $(pgrep node)",
    "echo pkill remote-agent",
    "remote-agent status",
    "remote-agent mode",
    "remote-agent mode plan",
    "remote-agent run --mode plan",
  ]
) {
  Deno.test(`ownServiceProblem() sees none in ${command}`, () => assert.equal(problemOf(command), undefined));
}

Deno.test("ownServiceProblem() protects the agent's process ids", () => {
  assert.notEqual(problemOf("kill 7", [7]), undefined);
  assert.notEqual(problemOf("kill -9 7 8", [8]), undefined);
  assert.equal(problemOf("kill -9 7", [9]), undefined);
});
