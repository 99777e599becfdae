import assert from "node:assert/strict";
import { parseArguments } from "../../../../src/safety/programs/arguments.ts";
import type { ArgumentRule } from "../../../../src/safety/programs/program.ts";
import { type Arg, literalArg } from "../../../../src/safety/shell_words.ts";

const RULE: ArgumentRule = {
  flags: "ab",
  valued: "n",
  long: ["--all", "--size=", "--color?"],
  values: { "--size": /^\d+$/ },
};
const OPEN: Arg = { text: "$X", exact: false, many: true, start: "", pieces: [] };
const QUOTED: Arg = { text: "$X", exact: false, many: false, start: "", pieces: [] };
const PATH: Arg = { text: "./$X", exact: false, many: false, start: "./", pieces: [] };

const allowed: readonly (readonly [args: readonly (string | Arg)[], operands: number])[] = [
  [[], 0],
  [["x", "y"], 2],
  [["-ab", "x"], 1],
  [["-abn", "5", "x"], 1],
  [["-n5", "x"], 1],
  [["-n", "-5"], 0],
  [["--all", "--size=5", "--size", "6"], 0],
  [["--color=always", "--color", "x"], 1],
  [["x", "-a"], 1],
  [["-"], 1],
  [["--", "x"], 1],
  [[PATH], 1],
];
for (const [args, operands] of allowed) {
  Deno.test(`parseArguments() allows ${JSON.stringify(args)}`, () => {
    const parsed = parseArguments(RULE, args.map((arg) => (typeof arg === "string" ? literalArg(arg) : arg)));
    assert.ok(parsed.ok, parsed.ok ? "" : parsed.reason);
    assert.equal(parsed.operands.length, operands);
  });
}

const refused: readonly (readonly [args: readonly (string | Arg)[], rule?: ArgumentRule])[] = [
  [["-c"]],
  [["-ac"]],
  [["-n"]],
  [["-n", "-a"]],
  [["-n", "--"]],
  [["--al"]],
  [["--all=x"]],
  [["--siz=5"]],
  [["--size=x"]],
  [["--size", "x"]],
  [["--other"]],
  [["--", "-x"]],
  [["--", "-a"]],
  [["--", OPEN]],
  [[OPEN]],
  [[QUOTED]],
  [["-n", OPEN]],
  [["a", "b"], { operands: { max: 1 } }],
  [["a", "-x"], { flags: "x", optionsFirst: true }],
  [["a"], { operands: "none" }],
  [["a"], { operands: /^b$/ }],
  [[PATH], { operands: /^\.\// }],
  [[{ ...PATH, many: true }], { operands: { max: 1 } }],
  [[PATH], { exact: true }],
  [["-in"], { words: ["-i"] }],
];
for (const [args, rule] of refused) {
  Deno.test(`parseArguments() refuses ${JSON.stringify(args)} by ${JSON.stringify(rule ?? "the rule")}`, () => {
    const parsed = parseArguments(
      rule ?? RULE,
      args.map((arg) => (typeof arg === "string" ? literalArg(arg) : arg)),
    );
    assert.ok(!parsed.ok);
    assert.match(parsed.reason, /^["\-A-Z]/);
  });
}
