import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBase32, encodeBase32 } from "../../../src/protocol/base32.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { anyText } from "../../helpers/any_text.ts";
import { base32 } from "../../vectors/oracle.ts";

// RFC 4648, section 10, in lower case without padding.
const published: readonly [string, string][] = [
  ["", ""],
  ["f", "my"],
  ["fo", "mzxq"],
  ["foo", "mzxw6"],
  ["foob", "mzxw6yq"],
  ["fooba", "mzxw6ytb"],
  ["foobar", "mzxw6ytboi"],
];
for (const [text, encoded] of published) {
  Deno.test(`encodeBase32() and decodeBase32() know "${text}" as "${encoded}"`, () => {
    assert.equal(encodeBase32(utf8(text)), encoded);
    assert.deepEqual(decodeBase32(encoded), utf8(text));
  });
}

Deno.test("encodeBase32() agrees with writing all bits down, and decodeBase32() reads it back", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    const text = encodeBase32(bytes);
    assert.equal(text, base32(bytes));
    assert.deepEqual(decodeBase32(text), bytes);
  }));
});

const refused: readonly [string, string][] = [
  ["upper case", "MY"],
  ["padding", "my======"],
  ["a digit outside the alphabet", "m1"],
  ["white space", "my "],
  ["a character of two UTF-16 units", "mzxw😀"],
  ["spare bits that are not zero", "mz"],
  ["one character alone", "a"],
  ["three characters", "aaa"],
  ["six characters", "aaaaaa"],
];
for (const [what, text] of refused) {
  Deno.test(`decodeBase32() refuses ${what}`, () => assert.throws(() => decodeBase32(text), SyntaxError));
}

Deno.test("decodeBase32() reads only the one text that encodeBase32() writes, and refuses others with SyntaxError", () => {
  const likely = fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567"), maxLength: 12 });
  const check = (text: string) => {
    try {
      assert.equal(encodeBase32(decodeBase32(text)), text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  };
  fc.assert(fc.property(likely, check), { numRuns: 500 });
  fc.assert(fc.property(anyText(), check));
});
