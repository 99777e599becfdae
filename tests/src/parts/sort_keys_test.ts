import assert from "node:assert/strict";
import fc from "fast-check";
import { sortKeys } from "../../../src/parts/sort_keys.ts";
import { concatBytes } from "../../../src/protocol/bytes.ts";
import { compareBytes } from "./_lines.ts";

Deno.test("sortKeys() sorts each range by the bytes of its keys, and keeps the order of equal ones", async () => {
  const key = fc.array(fc.constantFrom(0, 1, 97, 255), { maxLength: 11 }).map((bytes) =>
    new Uint8Array(bytes)
  );
  await fc.assert(
    fc.asyncProperty(fc.array(key, { maxLength: 200 }), fc.nat(200), async (keys, cut) => {
      const starts: number[] = [];
      const ends: number[] = [];
      let at = 0;
      for (const one of keys) {
        starts.push(at);
        at += one.length;
        ends.push(at);
      }
      const order = new Uint32Array(keys.map((_, i) => i));
      const bounds = [Math.min(cut, keys.length), keys.length];
      await sortKeys(
        {
          bytes: concatBytes(...keys),
          starts: new Uint32Array(starts),
          keyEnds: new Uint32Array(ends),
          order,
          count: keys.length,
        },
        bounds,
        () => Promise.resolve(),
      );
      const sorted = (from: number, to?: number) =>
        keys.map((_, i) => i).slice(from, to)
          .sort((a, b) => compareBytes(keys[a] ?? new Uint8Array(), keys[b] ?? new Uint8Array()));
      assert.deepEqual([...order], [...sorted(0, cut), ...sorted(cut)]);
    }),
    { numRuns: 200 },
  );
});

Deno.test("sortKeys() takes breaks", async () => {
  const count = 60_000;
  let breaks = 0;
  await sortKeys(
    {
      bytes: new Uint8Array(count * 40).fill(97),
      starts: new Uint32Array(count).map((_, i) => i * 40),
      keyEnds: new Uint32Array(count).map((_, i) => i * 40 + 40),
      order: new Uint32Array(count).map((_, i) => i),
      count,
    },
    [count],
    () => {
      breaks++;
      return Promise.resolve();
    },
  );
  assert.ok(breaks >= 2);
});
