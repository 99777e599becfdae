import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  concatBytes,
  encodeTuple,
  equalBytes,
  fromUtf8,
  releaseBytes,
  utf8,
} from "../../../src/protocol/bytes.ts";
import { wellFormedText } from "../../helpers/any_text.ts";
import { tuple } from "../../vectors/oracle.ts";

const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 });

Deno.test("concatBytes() holds all parts in order and owns its memory", () => {
  fc.assert(fc.property(parts, (list) => {
    const joined = concatBytes(...list);
    assert.ok(Buffer.concat(list).equals(joined));
    assert.equal(joined.buffer.byteLength, joined.length);
  }));
});

const pairs: readonly [string, string, boolean][] = [
  ["", "", true],
  ["00", "", false],
  ["00ff", "00ff", true],
  ["00ff", "00fe", false],
  ["00ff", "80ff", false],
  ["00ff", "00ff00", false],
];
for (const [a, b, expected] of pairs) {
  Deno.test(`equalBytes() tells ${expected} for "${a}" and "${b}"`, () => {
    assert.equal(equalBytes(Uint8Array.fromHex(a), Uint8Array.fromHex(b)), expected);
    assert.equal(equalBytes(Uint8Array.fromHex(b), Uint8Array.fromHex(a)), expected);
  });
}

Deno.test("equalBytes() agrees with a comparison of hexadecimal texts", () => {
  const bytes = fc.uint8Array({ maxLength: 3, max: 1 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => assert.equal(equalBytes(a, b), a.toHex() === b.toHex())),
    { numRuns: 500 },
  );
});

Deno.test("fromUtf8() of utf8() gives the text back, byte order marks included", () => {
  fc.assert(fc.property(wellFormedText(), (text) => {
    assert.equal(fromUtf8(utf8(`\ufeff${text}`)), `\ufeff${text}`);
  }));
});

for (
  const [what, hex] of [
    ["a lone continuation byte", "80"],
    ["a sequence that is cut off", "61e282"],
    ["an overlong encoding", "c0af"],
    ["a surrogate", "eda080"],
    ["a code point past U+10FFFF", "f4908080"],
    ["0xff", "ff"],
  ] as const
) {
  Deno.test(`fromUtf8() refuses ${what}`, () => {
    assert.throws(() => fromUtf8(Uint8Array.fromHex(hex)), TypeError);
  });
}

Deno.test("encodeTuple() puts each part after its length", () => {
  assert.equal(encodeTuple().length, 0);
  assert.equal(encodeTuple(utf8("ab"), utf8("")).toHex(), "00000002616200000000");
  fc.assert(fc.property(parts, (list) => assert.ok(tuple(...list).equals(encodeTuple(...list)))));
});

Deno.test("encodeTuple() gives different lists different encodings", () => {
  const short = fc.array(fc.uint8Array({ maxLength: 5, max: 1 }), { maxLength: 3 });
  const toText = (list: readonly Uint8Array[]) => JSON.stringify(list.map((part) => part.toHex()));
  fc.assert(
    fc.property(short, short, (a, b) => {
      assert.equal(encodeTuple(...a).toHex() === encodeTuple(...b).toHex(), toText(a) === toText(b));
    }),
    { numRuns: 500 },
  );
  assert.notDeepEqual(encodeTuple(utf8("ab"), utf8("c")), encodeTuple(utf8("a"), utf8("bc")));
});

Deno.test("releaseBytes() gives back what is large, for every view of it, and leaves the small alone", () => {
  const large = new Uint8Array(100_000);
  const view = large.subarray(5, 10);
  releaseBytes(view);
  assert.deepEqual([large.length, view.length, large.buffer.byteLength], [0, 0, 0]);
  releaseBytes(large);
  const small = new Uint8Array([1, 2, 3]);
  releaseBytes(small);
  assert.deepEqual([...small], [1, 2, 3]);
});
