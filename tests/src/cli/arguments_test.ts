import assert from "node:assert/strict";
import { isVerbose, withCommandFirst, withoutValues } from "../../../src/cli/arguments.ts";

const flagsWithValue = ["--relay", "--room"];
const cases: readonly (readonly [string, string, string])[] = [
  // words, on a pipe, on a terminal
  ["", "mcp", "help"],
  ["--relay x --room y", "mcp --relay x --room y", "help"],
  ["--no-agent", "mcp --no-agent", "help"],
  ["run", "run", "run"],
  ["run --relay x", "run --relay x", "run --relay x"],
  ["--relay x run --room y", "run --relay x --room y", "run --relay x --room y"],
  ["--relay=x run", "run --relay=x", "run --relay=x"],
  ["--relay run", "mcp --relay run", "help"],
  ["rnu", "rnu", "rnu"],
  ["--help", "--help", "--help"],
  ["--relay x -V", "--relay x -V", "--relay x -V"],
  ["-- run", "mcp -- run", "help"],
];
for (const [words, onPipe, onTerminal] of cases) {
  Deno.test(`withCommandFirst() understands "${words}"`, () => {
    const split = words === "" ? [] : words.split(" ");
    assert.equal(withCommandFirst(split, { flagsWithValue, isTerminal: false }).join(" "), onPipe);
    assert.equal(withCommandFirst(split, { flagsWithValue, isTerminal: true }).join(" "), onTerminal);
  });
}

Deno.test("isVerbose() looks at flags only", () => {
  assert.equal(isVerbose(["run", "--verbose"]), true);
  assert.equal(isVerbose(["run"]), false);
  assert.equal(isVerbose(["call", "exec", "--", "--verbose"]), false);
});

const complaints: readonly (readonly [string, string])[] = [
  [
    "error: unknown option '--tokn=hunter2'\n(Did you mean --token?)",
    "error: unknown option '--tokn'\n(Did you mean --token?)",
  ],
  ["error: unknown option '--tokn=it's\nhunter2'\n", "error: unknown option '--tokn'\n"],
  [
    "error: too many arguments. Expected 0 arguments but got 1: hunter2.\n",
    [
      "error: too many arguments. Expected 0 arguments but got 1\n",
    ].join(""),
  ],
  [
    "error: unknown command 'rnu'\n(Did you mean run?)\n",
    "error: unknown command 'rnu'\n(Did you mean run?)\n",
  ],
];
for (const [complaint, expected] of complaints) {
  Deno.test(`withoutValues() leaves ${JSON.stringify(expected)}`, () => {
    assert.equal(withoutValues(complaint), expected);
  });
}
