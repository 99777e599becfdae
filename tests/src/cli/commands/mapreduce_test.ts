import assert from "node:assert/strict";
import { join } from "node:path";
import type { MapReduceOptions } from "../../../../src/cli/command.ts";
import { execute } from "../../../../src/cli/commands/mapreduce.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { commandContext, printedBy } from "../_in_process.ts";

function optionsOf(changes: Partial<MapReduceOptions> = {}): MapReduceOptions {
  return { target: undefined, key: false, includeSelf: true, dryRun: false, json: false, ...changes };
}

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "mapreduce works on a file of this machine, and writes the result to another",
  ignore,
  fn: async () => {
    await using opened = await commandContext("mapreduce");
    await using temporary = await temporaryFolder();
    const [input, output] = ["in.txt", "out.txt"].map((name) => join(temporary.folder, name));
    await Deno.writeTextFile(input ?? "", "b\na\nb\n");
    const printed = await printedBy(() =>
      execute(
        opened.context,
        optionsOf({
          file: input,
          map: "sed 's/$/\\t1/'",
          key: true,
          reducers: "2",
          reduce: "cut -f1 | uniq -c | awk '{print $2 $1}'",
          output,
        }),
      )
    );
    assert.match(printed.stdout, /^Done in [^]*\nResult: 6 bytes in \/.*out\.txt\n$/);
    assert.deepEqual([printed.value, printed.stderr], [0, ""]);
    assert.equal(await Deno.readTextFile(output ?? ""), "a1\nb2\n");
  },
});

const wrong: readonly (readonly [Partial<MapReduceOptions>, RegExp])[] = [
  [{ data: "{", map: "x" }, /^Cannot read --data as JSON: /],
  [{ data: '{"a":1}', map: "x" }, /^Cannot begin the run: .*data/],
  [{ data: "[1]", map: "x", partitions: "many" }, /^Cannot begin the run: .*partitions/],
  [{ data: "[1]", map: "x", slots: "0" }, /^Cannot begin the run: .*slots/],
  [{ data: "[1]", map: "x", format: "xml" }, /^Cannot begin the run: .*format/],
  [{ data: "[1]", map: "x", timeout: "soon" }, /--timeout/],
  [{ resume: "r_1" }, /^Cannot begin the run: .*resume/],
];
for (const [options, message] of wrong) {
  Deno.test(`mapreduce refuses ${JSON.stringify(options)} as a fault of the command line`, async () => {
    await using opened = await commandContext("mapreduce");
    await assert.rejects(execute(opened.context, optionsOf(options)), { name: "ConfigError", message });
  });
}

const answers: readonly (readonly [string, Partial<MapReduceOptions>, number, RegExp])[] = [
  [
    "only shows who would take part",
    { data: "[1]", map: "x", dryRun: true },
    0,
    /^Dry run, nothing was done\./,
  ],
  ["says that there is no input", { map: "x" }, 1, /^Cannot begin the run: there is no input/],
  ["knows no such run", { resume: `r_${"z".repeat(20)}` }, 1, /^Cannot find run "r_z+"/],
  [
    "fails with a command that fails",
    { data: "[1]", map: "exit 3", maxRetries: "0" },
    1,
    /^Failed in [^]*exit code 3/,
  ],
];
for (const [what, options, code, text] of answers) {
  Deno.test({
    name: `mapreduce ${what}`,
    ignore,
    fn: async () => {
      await using opened = await commandContext("mapreduce");
      const printed = await printedBy(() => execute(opened.context, optionsOf(options)));
      assert.match(printed.stdout + printed.stderr, text);
      assert.equal(printed.value, code);
    },
  });
}
