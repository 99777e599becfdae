import assert from "node:assert/strict";
import { parseTarget } from "../../../src/protocol/target.ts";

const LONG: readonly [string, string, RegExp][] = [
  ["characters", "a".repeat(4097), /it has 4097 characters, the limit is 4096/],
  ["terms", "a,".repeat(256) + "a", /there are over 256 terms at character 513/],
  ["parentheses", "(".repeat(33) + "a" + ")".repeat(33), /nested more than 32 deep at character 33/],
  ["exclamation marks", "!".repeat(4000) + "a", /nested more than 32 deep at character 33/],
  ["open brackets", "[".repeat(4096), /the "\[" is not closed at character 1/],
  ["closed brackets", "[]".repeat(2048), /has no wildcards/],
  ["spaces", `web${" ".repeat(4093)}`, /^$/],
  ["open parentheses", "a&(".repeat(1365), /nested more than 32 deep/],
];
for (const [what, text, expected] of LONG) {
  Deno.test(`parseTarget() bounds ${what}`, () => {
    for (let i = 0; i < 20; i++) assert.match(messageOf(text), expected);
    assert.ok(messageOf(text).length < 400);
  });
}

Deno.test("parseTarget() reads what is at all limits", () => {
  assert.equal(messageOf("(".repeat(32) + "a" + ")".repeat(32)), "");
  assert.equal(messageOf(Array(256).fill("tag:abcdefghi").join(" | ")), "");
});

const ERRORS: readonly [string, string][] = [
  ["", 'it is empty at character 1; write "all" for every host'],
  ["web &", 'something must follow "&" at character 6'],
  ["web, ", 'something must follow "," at character 6'],
  ["| web", 'something must come before "|" at character 1'],
  ["web & | db", 'something must follow "&" at character 7'],
  ["()", 'something must follow "(" at character 2'],
  ["(web", 'the "(" is not closed at character 1'],
  ["web)", 'no "(" belongs to the ")" at character 4'],
  [
    "web db",
    'an operator is missing before "db" at character 5; write "web,db" for either, "web & db" for both',
  ],
  ["web 10%", 'an operator is missing before "10%" at character 5; write "web & 10%"'],
  ["web (db)", 'an operator is missing before "(" at character 5'],
  ["!a,b", '"!" beside "," can be read in two ways at character 1; write "!(a,b)" for neither, or "(!a),b"'],
  ["a,!b", '"!" beside "," can be read in two ways at character 3; write "!(a,b)" for neither, or "(!a),b"'],
  [
    "!(a),b",
    '"!" beside "," can be read in two ways at character 1; write "!(a,b)" for neither, or "(!a),b"',
  ],
  ["a && b", '"&&" is no operator at character 3; write "&" once'],
  ["a || b", '"||" is no operator at character 3; write "|" once'],
  ["os!=linux", '"!=" is no operator at character 3; write "!" before the term: "!os:linux"'],
  ["web and db", '"and" is no operator at character 5; write "&", or "tag:and" for a tag'],
  ["not web", '"not" is no operator at character 1; write "!", or "tag:not" for a tag'],
  ["*", '"*" is no term at character 1; write "all"'],
  [
    "name:web-1 = x",
    '"=" is no tag at character 12; tags have 1 to 32 letters, digits, dots, underscores and hyphens, and begin with a letter or digit',
  ],
  [
    "10% & web",
    'the sample "10%" must be joined to the whole by a last "&" at character 1; write for example "(web | db) & 10%"',
  ],
  [
    "web | db & 10%",
    'the sample "10%" must be joined to the whole by a last "&" at character 12; write for example "(web | db) & 10%"',
  ],
  [
    "(web & n:3)",
    'the sample "n:3" must be joined to the whole by a last "&" at character 8; write for example "(web | db) & 10%"',
  ],
  [
    "web & 5% & n:3",
    'the sample "5%" must be joined to the whole by a last "&" at character 7; write for example "(web | db) & 10%"',
  ],
  [
    "web,10%",
    'the sample "10%" must be joined to the whole by a last "&" at character 5; write for example "(web | db) & 10%"',
  ],
  [
    "!10%",
    'the sample "10%" must be joined to the whole by a last "&" at character 2; write for example "(web | db) & 10%"',
  ],
  ["& 10%", 'something must come before "&" at character 1'],
  ["web & 0%", 'a sample is from 1 to 100 percent, as in "10%" or "2.5%" at character 7'],
];
for (const [text, expected] of ERRORS) {
  Deno.test(`parseTarget() says of "${text}": ${expected.slice(0, 50)}`, () =>
    assert.equal(messageOf(text), `Cannot read target "${text}": ${expected}`));
}

function messageOf(text: string): string {
  try {
    parseTarget(text);
    return "";
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return error.message;
  }
}
