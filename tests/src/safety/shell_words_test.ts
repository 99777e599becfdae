import assert from "node:assert/strict";
import { parse, type Word } from "unbash";
import { type Arg, literalArg, mayBeOption, readWord } from "../../../src/safety/shell_words.ts";

function wordOf(text: string): { readonly arg: Arg; readonly problems: readonly string[] } {
  const command = parse(`echo ${text}`).commands[0]?.command;
  assert.ok(command?.type === "Command");
  const word = command.suffix.find((item): item is Word => item.type === "Word");
  assert.ok(word !== undefined);
  const problems: string[] = [];
  const arg = readWord(word, {
    script: () => {},
    problem: (rule) => problems.push(rule),
    bashOnly: () => {},
  });
  return { arg, problems };
}

const exact: readonly (readonly [text: string, value: string])[] = [
  ["a", "a"],
  ["'a b'", "a b"],
  ['"a b"', "a b"],
  ["a\\ b", "a b"],
  [`a"b"'c'`, "abc"],
  ['"a\\"b"', 'a"b'],
  ["$'a'", "a"],
  ["''", ""],
  ['""', ""],
  ['"-x"', "-x"],
  ["-\\x", "-x"],
  ["foo$", "foo$"],
  ["@{u}", "@{u}"],
  ["{}", "{}"],
];
for (const [text, value] of exact) {
  Deno.test(`readWord() reads ${text}`, () => {
    const { arg, problems } = wordOf(text);
    assert.deepEqual(problems, []);
    assert.deepEqual([arg.text, arg.exact, arg.many], [value, true, false]);
  });
}

const open: readonly (readonly [text: string, start: string, many: boolean, isOption: boolean])[] = [
  ["$x", "", true, true],
  ['"$x"', "", false, true],
  ["./$x", "./", true, true],
  ['"./$x"', "./", false, false],
  ['"./$@"', "./", true, true],
  ["*", "", true, true],
  ["./*", "./", true, false],
  ["a?", "a", true, false],
  ["[ab]*", "", true, true],
  ["a{b,c}", "a", true, false],
  ["{-o,x}", "", true, true],
  ["~", "~", false, false],
  ["~/x", "~", false, false],
  ["$(ls)", "", true, true],
  ['"x$(ls)"', "x", false, false],
  ['-"$x"', "-", false, true],
  ["<(ls)", "/dev/fd/", false, false],
  ["$((1))", "", false, true],
];
for (const [text, start, many, isOption] of open) {
  Deno.test(`readWord() leaves ${text} open`, () => {
    const { arg } = wordOf(text);
    assert.equal(arg.exact, false);
    assert.deepEqual([arg.start, arg.many, mayBeOption(arg)], [start, many, isOption]);
  });
}

for (
  const text of [
    "$'\\x2d'",
    '$"a"',
    "${x:=y}",
    "${!x}",
    "${x@P}",
    "${a[i]}",
    "${x:n}",
    "!(a)",
    "{a,$x}",
    "a\\\nb",
    "${x/$(id)/y}".replace("$(id)", "${!y}"),
  ]
) {
  Deno.test(`readWord() has a problem with ${JSON.stringify(text)}`, () =>
    assert.notDeepEqual(wordOf(text).problems, []));
}

Deno.test("mayBeOption() tells options from operands", () => {
  assert.equal(mayBeOption(literalArg("-x")), true);
  assert.equal(mayBeOption(literalArg("--")), true);
  assert.equal(mayBeOption(literalArg("-")), false);
  assert.equal(mayBeOption(literalArg("x-")), false);
});
