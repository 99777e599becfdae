import assert from "node:assert/strict";
import { judgeCommand } from "../../../src/safety/shell_policy.ts";
import { EVERYDAY } from "../../corpus/corpus.ts";
import { fuzzCommand, randomFrom } from "./_fuzzer.ts";
import { openOracle, oracleObstacle } from "./_oracle.ts";

const obstacle = await oracleObstacle();
const ignore = obstacle !== undefined;
const why = ignore ? ` (skipped: ${obstacle})` : "";

Deno.test(`the oracle sees files, sockets and processes that commands touch${why}`, { ignore }, async () => {
  await using oracle = await openOracle();
  const { canary, socket } = oracle.places;
  const guilty = [
    `echo x > ${canary}`,
    `rm ${canary}`,
    `touch ${canary}.new`,
    `chmod 600 ${canary}`,
    "kill -9 -1",
    ...(await Deno.stat("/usr/bin/python3").then(() => [
      `/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("${socket}")'`,
    ], () => [])),
  ];
  const culprits = await oracle.culpritsOf(["ls", ...guilty, "cat in.txt"]);
  assert.deepEqual(culprits.map(({ command }) => command), guilty);
});

Deno.test(`judgeCommand() knows no everyday command that changes anything${why}`, { ignore }, async () => {
  await using oracle = await openOracle();
  const commands = EVERYDAY.map(({ command }) => command).filter((command) =>
    judgeCommand({ command }, { os: "linux" }).verdict === "known"
  );
  assert.ok(commands.length >= 150);
  assert.deepEqual(await oracle.culpritsOf(commands), []);
});

for (const [shell, path, count] of [["bash", "/usr/bin/bash", 200], ["sh", "/bin/sh", 80]] as const) {
  Deno.test(
    `judgeCommand() knows no composed command that changes anything under ${shell}${why}`,
    { ignore },
    async () => {
      await using oracle = await openOracle(path);
      const random = randomFrom(20_240_601);
      const commands = new Set<string>();
      let tried = 0;
      for (; commands.size < count && tried < 20_000; tried++) {
        const command = fuzzCommand(random, oracle.places.canary);
        if (judgeCommand({ command }, { os: "linux", shell }).verdict === "known") commands.add(command);
      }
      assert.equal(commands.size, count, "the fuzzer finds too little that is known");
      assert.ok(tried > count * 1.5, "nearly everything is known");
      assert.deepEqual(await oracle.culpritsOf([...commands]), []);
    },
  );
}
