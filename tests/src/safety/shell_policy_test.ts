import assert from "node:assert/strict";
import { judgeCommand } from "../../../src/safety/shell_policy.ts";
import { attacksOn, EVERYDAY } from "../../corpus/corpus.ts";

const attacks = attacksOn({ canary: "/srv/canary", socket: "/srv/socket" });

Deno.test("the corpora are as large as they must be and hold nothing twice", () => {
  assert.ok(attacks.length >= 300);
  assert.ok(EVERYDAY.length >= 150);
  assert.equal(new Set(attacks.map(({ command }) => command)).size, attacks.length);
  assert.equal(new Set(EVERYDAY.map(({ command }) => command)).size, EVERYDAY.length);
});

for (const tag of new Set(attacks.map((attack) => attack.tag))) {
  for (const shell of ["bash", "sh"] as const) {
    Deno.test(`judgeCommand() knows no attack of the kind ${tag} (${shell})`, () => {
      const holes = attacks.filter((attack) => attack.tag === tag)
        .filter(({ command }) => judgeCommand({ command }, { os: "linux", shell }).verdict === "known");
      assert.deepEqual(holes, []);
    });
  }
}

Deno.test("judgeCommand() knows no attack on macOS or Windows either", () => {
  for (const os of ["macos", "windows"] as const) {
    const holes = attacks.filter(({ command }) => judgeCommand({ command }, { os }).verdict === "known");
    assert.deepEqual(holes, []);
  }
});

for (const { command } of EVERYDAY) {
  Deno.test(`judgeCommand() knows ${JSON.stringify(command)}`, () => {
    const verdict = judgeCommand({ command }, { os: "linux" });
    assert.equal(verdict.verdict, "known", verdict.verdict === "unknown" ? verdict.reason : "");
  });
}

const grants: readonly (readonly [command: string, grants: readonly string[]])[] = [
  ["ls", []],
  ["ps aux | head", ["host-processes"]],
  ["systemctl status x", ["host-processes", "unix-sockets"]],
  ["journalctl -n 5", ["unix-sockets"]],
  ["docker ps; ping -c 1 x", ["network", "unix-sockets"]],
  ["echo $(ps aux)", ["host-processes"]],
  ["timeout 5 ping -c 1 x", ["network"]],
];
for (const [command, expected] of grants) {
  Deno.test(`judgeCommand() grants ${expected.join(" and ") || "nothing"} for ${command}`, () => {
    const verdict = judgeCommand({ command }, { os: "linux" });
    assert.ok(verdict.verdict === "known");
    assert.deepEqual(verdict.grants, expected);
  });
}

const argvs: readonly (readonly [argv: readonly string[], verdict: "known" | "unknown"])[] = [
  [["ls", "-la"], "known"],
  [["grep", "a|b; rm x", "f"], "known"],
  [["cat", "$(touch x)"], "known"],
  [["sort", "-o", "f", "g"], "unknown"],
  [["sh", "-c", "ls"], "unknown"],
  [["./ls"], "unknown"],
  [[""], "unknown"],
  [[], "unknown"],
  [["ls -l"], "unknown"],
  [["cat", "/etc/shadow"], "unknown"],
];
for (const [argv, expected] of argvs) {
  Deno.test(`judgeCommand() calls the argv ${JSON.stringify(argv)} ${expected}`, () => {
    assert.equal(judgeCommand({ argv }, { os: "linux" }).verdict, expected);
  });
}

Deno.test("judgeCommand() tells of every program, and of the first problem", () => {
  const verdict = judgeCommand({ command: "ls | rm x | wc" }, { os: "linux" });
  assert.ok(verdict.verdict === "unknown");
  assert.equal(verdict.rule, "unknown-program");
  assert.match(verdict.reason, /"rm"/);
  assert.deepEqual(verdict.programs.map(({ program, verdict }) => `${program} ${verdict}`), [
    "ls known",
    "rm unknown",
    "wc known",
  ]);
});

Deno.test("judgeCommand() follows chains of wrappers, but not for ever", () => {
  assert.equal(judgeCommand({ command: "timeout 5 nice env ls" }, { os: "linux" }).verdict, "known");
  assert.equal(judgeCommand({ command: `${"nice ".repeat(50)}ls` }, { os: "linux" }).verdict, "unknown");
});

Deno.test("judgeCommand() is never slow", () => {
  const started = performance.now();
  for (
    const command of [
      `cat ${"secret".repeat(10_000)}`,
      `${"cd a; ".repeat(6)}cat ${"secret/".repeat(9000)}`,
      `cat ${"a ".repeat(30_000)}`,
      `find . ${"-exec ls ".repeat(5000)}`,
      `printf '${"%(%a".repeat(10_000)}'`,
      `sed '${"/[".repeat(20_000)}'`,
      `awk '${"/a".repeat(20_000)}'`,
      `ip a show ${"a".repeat(60_000)}`,
      `${"git log; cd b; ".repeat(3000)}`,
      `echo ${"$(".repeat(10_000)}`,
      `sort ${"-k1 ".repeat(15_000)}`,
    ]
  ) judgeCommand({ command }, { os: "linux" });
  assert.ok(performance.now() - started < 15_000);
});
