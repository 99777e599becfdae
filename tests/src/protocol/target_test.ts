import assert from "node:assert/strict";
import fc from "fast-check";
import { formatTarget, matchesTarget, parseTarget, unknownWords } from "../../../src/protocol/target.ts";
import { formatTerm } from "../../../src/protocol/target_term.ts";
import { anyText } from "../../helpers/any_text.ts";
import { readProjectText } from "../../helpers/project_files.ts";
import { someTarget, TARGET_HOSTS } from "../../helpers/sample_targets.ts";

/** What a target means: who of the hosts matches. */
const MEANINGS: readonly [string, string][] = [
  ["all", "w1 w2 d1 m1 Win"],
  ["tag:all", "Win"],
  ["web", "w1 w2"],
  ["web,db", "w1 w2 d1"],
  ["web|db", "w1 w2 d1"],
  ["web & eu", "w1"],
  ["!web", "d1 m1 Win"],
  ["!!web", "w1 w2"],
  ["!(web,db)", "m1 Win"],
  ["(!web),db", "d1 m1 Win"],
  ["os:linux & !canary", "w1 d1"],
  ["os:darwin", "m1"],
  ["os:bsd", ""],
  ["arch:arm64", "w2 m1"],
  ["mode:edit", "w1 m1"],
  ["name:w*", "w1 w2"],
  ["name:[!a-z]*", "Win"],
  ["name:?1,name:Win", "w1 d1 m1 Win"],
  ["id:aaaa", "w1"],
  // A comma binds tighter than "&", and that tighter than "|".
  ["web,db & eu", "w1 d1"],
  ["eu & web,db", "w1 d1"],
  ["web | db & canary", "w1 w2"],
  ["(web | db) & canary", "w2"],
  ["web,db & !canary", "w1 d1"],
  ["canary | os:macos,db & eu", "w2 d1"],
  ["canary | eu & !db & all", "w1 w2"],
  ["web & 10%", "w1 w2"],
  ["\tWEB\n&(  EU )", "w1"],
];
for (const [text, names] of MEANINGS) {
  Deno.test(`matchesTarget() says that ${JSON.stringify(text)} means ${names === "" ? "nobody" : names}`, () => {
    const target = parseTarget(text);
    const matching = TARGET_HOSTS.filter((host) => matchesTarget(target, host));
    assert.equal(matching.map(({ name }) => name).join(" "), names);
    assert.deepEqual(parseTarget(formatTarget(target)), target);
  });
}

Deno.test("parseTarget() reads what formatTarget() writes as the same target", () => {
  fc.assert(fc.property(someTarget(), (target) => {
    assert.deepEqual(parseTarget(formatTarget(target)), target);
  }));
});

Deno.test("parseTarget() gives a target or a SyntaxError on one line for any text", () => {
  const piece = fc.constantFrom(
    "web",
    "db",
    "all",
    "&",
    "|",
    ",",
    "!",
    "(",
    ")",
    " ",
    "10%",
    "n:3",
    "name:*",
    "os:linux",
    "[",
    "]",
    "id:",
  );
  const almost = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(fc.oneof(almost, anyText()), (text) => {
      try {
        const target = parseTarget(text);
        assert.deepEqual(parseTarget(formatTarget(target)), target);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
        assert.match(error.message, /^Cannot read target ".*": .+ at character \d+/);
        assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("parseTarget() reads every example of docs/TARGETS.md", async () => {
  const page = await readProjectText("docs/TARGETS.md");
  const firstCells = [...page.matchAll(/^\| (`.*?) +\| /gm)].map(([, cell = ""]) =>
    cell.replaceAll("\\|", "|")
  );
  const examples = firstCells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text)
  );
  assert.ok(examples.length > 20, `${examples.length} examples`);
  for (const text of examples) parseTarget(text);
});

const UNKNOWN: readonly [string, readonly string[]][] = [
  ["web & !wbe", ["wbe"]],
  ["x,x | tag:x", ["x"]],
  ["name:w* | name:z* | name:win", ["name:z*", "name:win"]],
  ["id:aaaa,id:zzzz", ["id:zzzz"]],
  ["arch:arm64,arch:mips", ["arch:mips"]],
  ["os:bsd | mode:bypass | all | 10", ["10"]],
];
for (const [text, expected] of UNKNOWN) {
  Deno.test(`unknownWords() finds in "${text}": ${expected.join(" ")}`, () =>
    assert.deepEqual(
      unknownWords(parseTarget(text), TARGET_HOSTS).map(({ term }) => formatTerm(term)),
      expected,
    ));
}

Deno.test("unknownWords() tells what there is of each kind, sorted", () => {
  const known = unknownWords(parseTarget("x,name:x,id:xxxx,arch:mips"), TARGET_HOSTS.slice(0, 2)).map((
    { known },
  ) => known);
  assert.deepEqual(known, [
    ["canary", "eu", "web"],
    ["w1", "w2"],
    TARGET_HOSTS.slice(0, 2).map(({ id }) => id),
    ["aarch64", "x86_64"],
  ]);
});
