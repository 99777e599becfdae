import assert from "node:assert/strict";
import fc from "fast-check";
import { showAligned, showCommon, showMasked, takeNumbers } from "../../../src/fleet/mask_numbers.ts";
import { anyText } from "../../helpers/any_text.ts";

const numbers: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  ["no numbers, only words such as defaced and facade", []],
  ["pid 4711 on web12", ["4711", "12"]],
  ["took 1.25s, then 3 ms", ["1.25s", "3 ms"]],
  ["free: 12 GiB of 1,024M (3%)", ["12 GiB", "1,024M", "3%"]],
  ["12 hosts", ["12"]],
  ["at 12:34:56 on 2026-01-02T03:04:05.678Z", ["12:34:56", "2026-01-02T03:04:05.678Z"]],
  ["2026-01-02 03:04:05 ok", ["2026-01-02 03:04:05"]],
  ["commit 1a2b3c4d, address 0xdeadbeef", ["1a2b3c4d", "0xdeadbeef"]],
  ["id aaaaaaaa-bbbb-4ccc-dddd-eeeeeeeeeeee", ["aaaaaaaa-bbbb-4ccc-dddd-eeeeeeeeeeee"]],
  ["inet 10.0.0.17 ether 0a:1b:2c:3d:4e:5f", ["10.0.0.17", "0a:1b:2c:3d:4e:5f"]],
  ["a mark # stays, 5 does not", ["5"]],
];
for (const [text, expected] of numbers) {
  Deno.test(`takeNumbers() finds ${JSON.stringify(expected)} in "${text}"`, () => {
    assert.deepEqual(takeNumbers(text).numbers, expected);
  });
}

const different: readonly (readonly [string, string])[] = [
  ["a 1", "b 1"],
  ["a 1", "a 1 1"],
  ["a # 5", "a 5 #"],
  ["a #n", "a 5"],
  ["a ##", "a #"],
  ["a 5", "a five"],
];
for (const [a, b] of different) {
  Deno.test(`takeNumbers() does not take "${a}" for "${b}"`, () => {
    assert.notEqual(takeNumbers(a).skeleton, takeNumbers(b).skeleton);
  });
}

Deno.test("takeNumbers() gives texts that differ in numbers the same skeleton, and only those", () => {
  const part = fc.oneof(fc.constantFrom(" ", "#", "#n", "x", "\n", ": "), fc.nat(9999).map(String));
  fc.assert(fc.property(fc.array(part), fc.array(part), (a, b) => {
    const [one, other] = [a.join(""), b.join("")];
    const isSame = takeNumbers(one).skeleton === takeNumbers(other).skeleton;
    // Without units and times in the texts, a number is a run of digits with what joins two of them.
    const plain = (text: string) => text.replaceAll(/#/g, "MARK").replaceAll(/\d+(?::\d+)*/g, "#");
    assert.equal(isSame, plain(one) === plain(other));
  }));
});

Deno.test("showMasked() marks the numbers that it is told to, and shows the rest as it is", () => {
  assert.equal(showMasked("a 1 # 2 x 3", (index) => index === 1), "a 1 # # x 3");
  fc.assert(fc.property(anyText({ maxLength: 60 }), (text) => {
    assert.equal(showMasked(text, () => false), text);
  }));
});

Deno.test("showCommon() marks what differs", () => {
  assert.equal(showCommon({ text: "pid 7 of 9", differing: new Set([0]) }), "pid # of 9");
});

Deno.test("showAligned() takes over lines that differ only where the usual ones do too", () => {
  const usual = { text: "pid 7 of 9\nload 1\nend", differing: new Set([0]) };
  const none = new Set<number>();
  const shown = showAligned({ text: "pid 8 of 9\nload 2\nend", differing: none }, usual);
  assert.equal(shown, "pid # of 9\nload 2\nend");
  assert.equal(showAligned({ text: "pid 8 of 10", differing: none }, usual), "pid 8 of 10");
  assert.equal(showAligned({ text: "pid 8 of 9", differing: new Set([1]) }, usual), "pid 8 of #");
});

for (const unit of ["a", "1", "a1", "1.", "0x", "12:", "#", "1 ", "-1234", "ab:", "\ud800"]) {
  Deno.test(`takeNumbers() goes once over a megabyte of "${unit.toWellFormed()}"`, () => {
    const text = unit.repeat(1024 * 1024 / unit.length);
    const start = performance.now();
    takeNumbers(text);
    // A second pass for each character would take minutes.
    assert.ok(performance.now() - start < 5_000);
  });
}
