import assert from "node:assert/strict";
import { judgeCommand } from "../../../src/safety/shell_policy.ts";

for (const expression of ["1+2", "(1 + 2) * 3", "0x10 << 2", "1 ? 2 : 3", "-5 % 3", "$? + 1", "!0 && ~1"]) {
  Deno.test(`arithmeticProblem() allows ${expression}`, () => {
    assert.equal(judgeCommand({ command: `echo $((${expression}))` }, { os: "linux" }).verdict, "known");
  });
}

for (
  const expression of [
    "x",
    "x+1",
    "x=1",
    "x++",
    "a[0]",
    "a[$(id)]",
    "$(echo 1)",
    "`id`",
    "$x",
    "${x}",
    "",
    "1 +",
    "rm x",
    "PATH=0",
    "16#ff",
  ]
) {
  Deno.test(`arithmeticProblem() does not allow ${JSON.stringify(expression)}`, () => {
    assert.equal(judgeCommand({ command: `echo $((${expression}))` }, { os: "linux" }).verdict, "unknown");
  });
}
