import assert from "node:assert/strict";
import fc from "fast-check";
import { OperationError } from "../../../src/errors.ts";
import { after, orderOf, parseCursor, writeCursor } from "../../../src/executors/list_cursor.ts";

Deno.test("a cursor goes on where its page ended, also between entries that look the same", () => {
  const row = fc.record({
    path: fc.constantFrom("a", "b", "é", "\uFFFD", "a/b"),
    key: fc.constantFrom(-1, 0, 1.5),
  });
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.nat(12),
      (rows, descending, at) => {
        const options = { sort: "size" as const, descending };
        const sorted = rows.toSorted(orderOf(options));
        const end = 1 + at % sorted.length;
        assert.equal(after(sorted, parseCursor(writeCursor(sorted, end, options), options), options), end);
      },
    ),
  );
});

Deno.test("a cursor goes on behind its entry when that is gone", () => {
  const rows = ["a", "b", "c"].map((path) => ({ path, key: 0 }));
  const cursor = parseCursor(writeCursor(rows, 2, {}), {});
  assert.equal(after(rows.toSpliced(1, 1), cursor, {}), 1);
  assert.equal(after([], cursor, {}), 0);
});

Deno.test("parseCursor() refuses what is no cursor, and one of another order", () => {
  const cursor = writeCursor([{ path: "a", key: 0 }], 1, {});
  for (const text of ["", "x", "!!", btoa("[1]"), btoa("null")]) {
    assert.throws(() => parseCursor(text, {}), OperationError);
  }
  assert.throws(() => parseCursor(cursor, { sort: "size" }), /another order/);
  assert.throws(() => parseCursor(cursor, { descending: true }), /another order/);
});
