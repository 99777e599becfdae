import assert from "node:assert/strict";
import { CharacterSetReader } from "../../../../src/host/search/parse_set.ts";

function membersOf(text: string): { ascii: string; isAscii: boolean } {
  const { source, isAscii } = new CharacterSetReader(text).readSet();
  const expression = new RegExp(`^${source}$`, "v");
  const codes = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code));
  if (isAscii) assert.ok(codes.slice(128).every((character) => !expression.test(character)));
  return { ascii: codes.slice(0, 128).filter((character) => expression.test(character)).join(""), isAscii };
}

const SETS: readonly (readonly [text: string, ascii: string, isAscii: boolean])[] = [
  ["abc]", "abc", true],
  ["a-e]", "abcde", true],
  ["-a]", "-a", true],
  ["a-]", "-a", true],
  ["]]", "]", true],
  ["\\]]", "]", true],
  ["\\t^]", "\t^", true],
  ["[:digit:]a]", "0123456789a", true],
  ["aé]", "a", false],
  ["a-é]", "abcdefghijklmnopqrstuvwxyz{|}~\x7f", false],
  ["\\d]", "0123456789", false],
  ["(){}|/]", "()/{|}", true],
];

for (const [text, ascii, isAscii] of SETS) {
  Deno.test(`CharacterSetReader.readSet() reads [${text}`, () => {
    assert.deepEqual(membersOf(text), { ascii, isAscii });
  });
}

Deno.test("CharacterSetReader.readSet() knows no more of a negated set than that it is not ASCII alone", () => {
  assert.equal(new CharacterSetReader("^a]").readSet().isAscii, false);
});
