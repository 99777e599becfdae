import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_RECORD_BYTES, RecordSplitter } from "../../../../src/executors/git/records.ts";
import { concatBytes, utf8 } from "../../../../src/protocol/bytes.ts";

function split(chunks: readonly Uint8Array<ArrayBuffer>[]) {
  const records: string[] = [];
  const splitter = new RecordSplitter((record) => void records.push(record));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { records, invalidUtf8: splitter.invalidUtf8 };
}

Deno.test("RecordSplitter gives out the same records however the bytes arrive", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 }).map((value) => value.replaceAll("\0", ""));
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 8 }),
      fc.array(fc.nat(100), { maxLength: 5 }),
      (records, cuts) => {
        const bytes = utf8(records.map((record) => `${record}\0`).join(""));
        const places = [
          0,
          ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b),
          bytes.length,
        ];
        const chunks = places.slice(1).map((end, i) => bytes.slice(places[i], end));
        assert.deepEqual(split(chunks), { records, invalidUtf8: false });
      },
    ),
  );
});

Deno.test("RecordSplitter gives out what stands after the last NUL, and keeps byte order marks", () => {
  assert.deepEqual(split([utf8("a\0\0\ufeffb")]).records, ["a", "", "\ufeffb"]);
  assert.deepEqual(split([]).records, []);
});

Deno.test("RecordSplitter shows bytes that are not UTF-8 as U+FFFD and says so", () => {
  assert.deepEqual(split([Uint8Array.of(0x61, 0xff, 0, 0x62, 0)]), {
    records: ["a\ufffd", "b"],
    invalidUtf8: true,
  });
});

Deno.test("RecordSplitter keeps a bounded part of a record of any length", () => {
  const long = utf8("x".repeat(MAX_RECORD_BYTES));
  const { records } = split([long, long, concatBytes(utf8("y\0"), utf8("next\0"))]);
  assert.deepEqual(records.map(({ length }) => length), [MAX_RECORD_BYTES, 4]);
});
