import assert from "node:assert/strict";
import { execute } from "../../../../src/cli/commands/exec.ts";
import type { ExecOptions } from "../../../../src/cli/command.ts";
import { isAlive } from "../../../helpers/is_alive.ts";
import { eventually } from "../../../helpers/eventually.ts";
import { commandContext, printedBy } from "../_in_process.ts";

function optionsOf(changes: Partial<ExecOptions> = {}): ExecOptions {
  return {
    target: "all",
    words: [],
    cwd: undefined,
    timeout: undefined,
    includeSelf: true,
    dryRun: false,
    parallel: undefined,
    canary: undefined,
    waveSize: undefined,
    maxFailures: undefined,
    retryFailed: undefined,
    maskNumbers: false,
    json: false,
    ...changes,
  };
}

const ignore = Deno.build.os === "windows";
const runs: readonly (readonly [string, Partial<ExecOptions>, number, RegExp])[] = [
  ["one word as a line for the shell", { words: ["echo a | tr a b"] }, 0, /^1 of 1 succeeded[^]*\n\| b\n$/],
  [
    "several as a program and its arguments",
    { words: ["echo", "a | b", "$HOME"] },
    0,
    /\n\| a \| b \$HOME\n$/,
  ],
  ["in a folder", { words: ["pwd"], cwd: "/" }, 0, /\n\| \/\n$/],
  ["and fails where it fails", { words: ["exit 3"] }, 1, /^0 of 1 succeeded, 1 failed[^]*exit code 3/],
  [
    "and ends it after its time",
    { words: ["sleep 100"], timeout: "1s" },
    1,
    /^0 of 1 succeeded, 1 timed out/,
  ],
  ["only to show whom it means", { words: ["exit 3"], dryRun: true }, 0, /^Dry run, nothing was done\./],
  ["and prints JSON", { words: ["true"], json: true }, 0, /^\{"run":"r_[a-z2-7]{20}","tool":"fleet_exec",/],
];
for (const [what, options, code, stdout] of runs) {
  Deno.test({
    name: `exec runs ${what}`,
    ignore,
    fn: async () => {
      await using opened = await commandContext("exec");
      const printed = await printedBy(() => execute(opened.context, optionsOf(options)));
      assert.match(printed.stdout, stdout);
      assert.deepEqual([printed.value, printed.stderr], [code, ""]);
    },
  });
}

const wrong: readonly (readonly [Partial<ExecOptions>, RegExp])[] = [
  [{ words: ["x"], parallel: "many" }, /^Cannot run: .*parallel/],
  [{ words: ["x"], canary: "200x" }, /^Cannot run: .*canary/],
  [{ words: ["x"], waveSize: "0" }, /^Cannot run: .*wave_size/],
  [{ words: ["x"], retryFailed: "r_1" }, /^Cannot run: .*retry_failed/],
  [{ words: ["x"], timeout: "soon" }, /--timeout/],
];
for (const [options, message] of wrong) {
  Deno.test(`exec refuses ${JSON.stringify(options)} as a fault of the command line`, async () => {
    await using opened = await commandContext("exec");
    await assert.rejects(execute(opened.context, optionsOf(options)), { name: "ConfigError", message });
  });
}

const nobody: readonly (readonly [string, Partial<ExecOptions>, RegExp])[] = [
  ["a target that means nobody", { words: ["true"], target: "moon" }, /"moon"/],
  ["nothing to run", { words: [] }, /give either "command" or "argv"/],
  [
    "this machine alone, which is left out",
    { words: ["true"], includeSelf: false },
    /this machine alone matches/,
  ],
  ["a run that nobody knows", { target: undefined, retryFailed: `r_${"z".repeat(20)}` }, /Cannot find run/],
];
for (const [what, options, message] of nobody) {
  Deno.test(`exec says what is wrong with ${what}`, async () => {
    await using opened = await commandContext("exec");
    const printed = await printedBy(() => execute(opened.context, optionsOf(options)));
    assert.match(printed.stderr, message);
    assert.deepEqual([printed.value, printed.stdout], [1, ""]);
  });
}

Deno.test({
  name: "exec that is interrupted ends what it runs, seen in /proc",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using opened = await commandContext("exec");
    const file = `${opened.folder}/pid`;
    const printed = await printedBy(async () => {
      const running = execute(opened.context, optionsOf({ words: [`echo $$ > "${file}"; exec sleep 1000`] }));
      await eventually("the command runs", async () => (await readText(file)).endsWith("\n"));
      opened.interrupt();
      return await running;
    });
    assert.equal(printed.value, 1);
    const pid = Number(await readText(file));
    await eventually("the command has ended", () => !isAlive(pid));
  },
});

async function readText(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}
