import assert from "node:assert/strict";
import fc from "fast-check";
import { pullBytes } from "../../../../src/fleet/mapreduce/pull_bytes.ts";
import { turn } from "../../../helpers/fake_clock.ts";

Deno.test("pullBytes() gives what a source hands over, whichever is faster, and copies it", async () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 5 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(chunks, fc.boolean(), fc.boolean(), async (all, isSlowSource, isSlowAsker) => {
      const got: number[] = [];
      const source = pullBytes(async (onBytes) => {
        for (const chunk of all) {
          if (isSlowSource) await turn();
          const own = new Uint8Array(chunk);
          await onBytes(own);
          own.fill(0);
        }
      });
      for await (const chunk of source) {
        if (isSlowAsker) await turn();
        got.push(...chunk);
      }
      assert.deepEqual(got, all.flatMap((chunk) => [...chunk]));
    }),
    { numRuns: 50 },
  );
});

Deno.test("pullBytes() hands the failure of a source on after its bytes", async () => {
  const source = pullBytes(async (onBytes) => {
    await onBytes(new Uint8Array([1]));
    throw new Error("It broke");
  });
  assert.deepEqual((await source.next()).value, new Uint8Array([1]));
  await assert.rejects(source.next(), /It broke/);
});

Deno.test("pullBytes() ends its source when nobody asks any more, and waits for it", async () => {
  let hasEnded = false;
  const source = pullBytes(async (onBytes, signal) => {
    try {
      for (;;) await onBytes(new Uint8Array([1]));
    } finally {
      assert.equal(signal.aborted, true);
      await turn();
      hasEnded = true;
    }
  });
  for await (const _ of source) break;
  assert.equal(hasEnded, true);
});

Deno.test("pullBytes() begins nothing before it is asked", async () => {
  const source = pullBytes(() => assert.fail("It began"));
  await source.return();
});
