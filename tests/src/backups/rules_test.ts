import assert from "node:assert/strict";
import fc from "fast-check";
import { DEFAULT_BACKUP_LIMITS, type KeptVersion, overNumber, overSize } from "../../../src/backups/rules.ts";

const limits = (changes: Partial<typeof DEFAULT_BACKUP_LIMITS>) => ({ ...DEFAULT_BACKUP_LIMITS, ...changes });

Deno.test("overNumber() keeps the newest, and always the one that was just made", () => {
  assert.deepEqual(overNumber([5, 4, 3, 2, 1], limits({ perPath: 3 })), [2, 1]);
  assert.deepEqual(overNumber([5, 4], limits({ perPath: 3 })), []);
  assert.deepEqual(overNumber([5, 4], limits({ perPath: 0 })), [4]);
});

/** What is left takes so many bytes, each content once. */
function bytesOf(versions: readonly KeptVersion[]): number {
  return [...new Map(versions.map(({ sha256, size }) => [sha256, size])).values()].reduce((a, b) => a + b, 0);
}

const versionsOf = (contents: readonly number[]): KeptVersion[] =>
  contents.map((content, at) => ({
    id: at + 1,
    sha256: String(content),
    size: content * 10,
    uses: contents.filter((other) => other === content).length,
  }));

Deno.test("overSize() frees enough, no more than needed, the oldest first, and never what was just made", () => {
  const contents = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(contents, fc.nat(200), (list, totalBytes) => {
      const versions = versionsOf(list);
      const keep = versions.length;
      const gone = overSize(versions, { bytes: bytesOf(versions), keep }, limits({ totalBytes }));
      const left = (without: readonly number[]) => versions.filter(({ id }) => !without.includes(id));
      assert.ok(!gone.includes(keep));
      assert.deepEqual(gone, versions.slice(0, gone.length).map(({ id }) => id));
      if (bytesOf(left(gone)) > totalBytes) assert.equal(left(gone).length, 1);
      if (gone.length > 0) assert.ok(bytesOf(left(gone.slice(0, -1))) > totalBytes);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("overSize() looks at nothing while everything fits, and at no more than it must", () => {
  let taken = 0;
  function* endless(): Generator<KeptVersion> {
    for (;;) yield { id: ++taken, sha256: String(taken), size: 10, uses: 1 };
  }
  assert.deepEqual(overSize(endless(), { bytes: 100, keep: 99 }, limits({ totalBytes: 100 })), []);
  assert.equal(taken, 0);
  assert.deepEqual(overSize(endless(), { bytes: 120, keep: 99 }, limits({ totalBytes: 100 })), [1, 2]);
  assert.equal(taken, 2);
});
