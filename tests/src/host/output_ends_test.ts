import assert from "node:assert/strict";
import fc from "fast-check";
import { OutputEnds } from "../../../src/host/output_ends.ts";
import { concatBytes, utf8 } from "../../../src/protocol/bytes.ts";
import { Output, OUTPUT_END_BYTES } from "../../../src/protocol/operations/exec.ts";

function render(chunks: readonly Uint8Array[], endBytes?: number): Output {
  const ends = new OutputEnds(endBytes);
  for (const chunk of chunks) ends.push(chunk);
  return ends.render();
}

const cases: readonly [string, Uint8Array, Omit<Output, "bytes">][] = [
  ["nothing", utf8(""), { head: "", tail: "", truncated: false, invalidUtf8: false }],
  ["what fits into the head", utf8("abcdefgh"), {
    head: "abcdefgh",
    tail: "",
    truncated: false,
    invalidUtf8: false,
  }],
  ["what fits into both", utf8("abcdefghij"), {
    head: "abcdefgh",
    tail: "ij",
    truncated: false,
    invalidUtf8: false,
  }],
  ["a longer text", utf8("abcdefgh-12345678"), {
    head: "abcdefgh",
    tail: "12345678",
    truncated: true,
    invalidUtf8: false,
  }],
  ["a character across the ends", utf8("abcdef€hij"), {
    head: "abcdef",
    tail: "€hij",
    truncated: false,
    invalidUtf8: false,
  }],
  ["a character cut by both cuts", utf8("abcdef€--€1234567"), {
    head: "abcdef",
    tail: "1234567",
    truncated: true,
    invalidUtf8: false,
  }],
  ["bytes that are not UTF-8", new Uint8Array([0x61, 0xff, 0x62]), {
    head: "a\ufffdb",
    tail: "",
    truncated: false,
    invalidUtf8: true,
  }],
  ["a sequence that never was complete", new Uint8Array([0x61, 0xe2, 0x82]), {
    head: "a\ufffd",
    tail: "",
    truncated: false,
    invalidUtf8: true,
  }],
  ["a byte order mark", utf8("\ufeffa"), { head: "\ufeffa", tail: "", truncated: false, invalidUtf8: false }],
];
for (const [what, bytes, expected] of cases) {
  Deno.test(`OutputEnds renders ${what}`, () => {
    assert.deepEqual(render([bytes], 8), { ...expected, bytes: bytes.length });
  });
}

/** Characters of every length in UTF-8. */
const character = fc.constantFrom("a", "\0", "é", "€", "\ufeff", "😀", "\u{10ffff}");

/** A chunking of `bytes` at the given places. */
function split(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((cut, i) => bytes.subarray(cuts[i], cut));
}

Deno.test("OutputEnds gives the same for any chunking", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 80 }),
    fc.array(fc.nat(), { maxLength: 12 }),
    (bytes, places) => assert.deepEqual(render(split(bytes, places), 16), render([bytes], 16)),
  ));
});

Deno.test("OutputEnds keeps the first and last bytes, as a slice of the whole shows", () => {
  const ascii = fc.uint8Array({ maxLength: 80, max: 0x7f });
  fc.assert(fc.property(ascii, fc.array(fc.nat(), { maxLength: 12 }), (bytes, places) => {
    const text = new TextDecoder().decode(bytes);
    const { head, tail } = render(split(bytes, places), 16);
    assert.equal(head, text.slice(0, 16));
    assert.equal(tail, text.slice(Math.max(16, text.length - 16)));
  }));
});

Deno.test("OutputEnds loses nothing and replaces nothing of a text that fits into both ends", () => {
  fc.assert(fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
    const bytes = utf8(text);
    fc.pre(bytes.length <= 32);
    const output = render([bytes], 16);
    assert.equal(output.head + output.tail, text);
    assert.ok(utf8(output.head).length <= 16);
    assert.ok(utf8(output.tail).length <= 16 + 3);
    assert.deepEqual([output.truncated, output.invalidUtf8], [false, false]);
  }));
});

Deno.test("OutputEnds shows any bytes that fit into both ends as one decoder would", () => {
  // Half of the bytes are leads and continuations, so that broken sequences lie across the cut.
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0xe2, 0x82, 0xac, 0xf0, 0x90, 0xed, 0xa0, 0xc2, 0xf4));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 32 }), (values) => {
      const output = render([new Uint8Array(values)], 16);
      const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(values));
      assert.equal(output.head + output.tail, whole);
    }),
    { numRuns: 500 },
  );
});

Deno.test("OutputEnds never shows U+FFFD for a valid text that it cuts", () => {
  fc.assert(fc.property(fc.string({ unit: character, minLength: 30, maxLength: 60 }), (text) => {
    const output = render([utf8(text)], 16);
    assert.equal(output.invalidUtf8, false);
    assert.ok(!(output.head + output.tail).includes("\ufffd"));
    assert.ok(text.startsWith(output.head) && text.endsWith(output.tail));
  }));
});

Deno.test("OutputEnds counts a long output and keeps 32 KiB of each end", () => {
  const chunk = new Uint8Array(100_000).fill(0x61);
  const output = render([utf8("start"), ...Array(50).fill(chunk), utf8("end")]);
  assert.equal(output.bytes, 5_000_008);
  assert.equal(output.head, "start" + "a".repeat(OUTPUT_END_BYTES - 5));
  assert.equal(output.tail, "a".repeat(OUTPUT_END_BYTES - 3) + "end");
  assert.equal(output.truncated, true);
  Output.parse(output);
});

Deno.test("OutputEnds copies what it keeps, so that a chunk may be used again", () => {
  const chunk = utf8("first");
  const ends = new OutputEnds();
  ends.push(chunk);
  chunk.fill(0);
  assert.equal(ends.render().head, "first");
  assert.equal(concatBytes(chunk).length, 5);
});

Deno.test("OutputEnds renders the ends that a smaller room holds, as a slice of the whole shows", () => {
  const ascii = fc.uint8Array({ maxLength: 80, max: 0x7f });
  fc.assert(fc.property(ascii, fc.integer({ min: 1, max: 40 }), (bytes, room) => {
    const ends = new OutputEnds(16);
    ends.push(bytes);
    const { head, tail, truncated } = ends.render(room);
    const text = new TextDecoder().decode(bytes);
    const size = Math.min(room, 32);
    if (text.length <= size) {
      assert.deepEqual([head + tail, truncated], [text, false]);
      return;
    }
    assert.deepEqual([head.length + tail.length, truncated], [size, true]);
    assert.ok(Math.abs(head.length - tail.length) <= 1);
    assert.ok(text.startsWith(head) && text.endsWith(tail));
  }));
});

Deno.test("OutputEnds cuts a valid text into a smaller room without breaking a character", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: character, maxLength: 60 }),
      fc.integer({ min: 8, max: 40 }),
      (text, room) => {
        const ends = new OutputEnds(16);
        ends.push(utf8(text));
        const { head, tail, truncated, invalidUtf8 } = ends.render(room);
        assert.equal(invalidUtf8, false);
        assert.ok(text.startsWith(head) && text.endsWith(tail));
        assert.equal(truncated, head + tail !== text);
        assert.ok(utf8(head + tail).length <= room);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("OutputEnds tells how many bytes it keeps", () => {
  const ends = new OutputEnds(4);
  for (const [chunk, kept] of [["", 0], ["ab", 2], ["cdef", 6], ["ghijkl", 8]] as const) {
    ends.push(utf8(chunk));
    assert.equal(ends.kept, kept);
  }
});
