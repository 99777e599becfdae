import assert from "node:assert/strict";
import fc from "fast-check";
import { createOrdered } from "../../../src/peer/ordered.ts";
import { createTasks } from "../../../src/peer/tasks.ts";
import { turn } from "../../helpers/fake_clock.ts";

const never = () => assert.fail("There was no rejection");

Deno.test("push() keeps the order of any mix of values, promises and rejections, however they settle", async () => {
  const kinds = fc.array(fc.constantFrom("value", "resolves", "rejects"), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(kinds, fc.infiniteStream(fc.nat()), fc.boolean(), async (pushed, order, isLate) => {
      const out: string[] = [];
      const ordered = createOrdered<string>(
        (value) => out.push(value),
        (error) => out.push(`error ${error}`),
        createTasks(),
      );
      const open: (() => void)[] = [];
      const settleOne = () => open.splice((order.next().value ?? 0) % open.length, 1)[0]?.();
      pushed.forEach((kind, i) => {
        if (kind === "value") return ordered.push(`${i}`);
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        open.push(() => kind === "resolves" ? resolve(`${i}`) : reject(i));
        ordered.push(promise);
        if (!isLate && i % 3 === 0) settleOne();
      });
      while (open.length > 0) {
        settleOne();
        await Promise.resolve();
      }
      await turn();
      assert.deepEqual(out, pushed.map((kind, i) => kind === "rejects" ? `error ${i}` : `${i}`));
    }),
    { numRuns: 60 },
  );
});

Deno.test("push() hands a value on at once when nothing is before it", () => {
  const out: number[] = [];
  const ordered = createOrdered<number>((value) => out.push(value), never, createTasks());
  ordered.push(1);
  assert.deepEqual(out, [1]);
});

Deno.test("push() from inside the sink comes after what was pushed before", async () => {
  const out: number[] = [];
  const ordered = createOrdered<number>(
    (value) => {
      out.push(value);
      if (value === 1) ordered.push(4);
    },
    never,
    createTasks(),
  );
  ordered.push(Promise.resolve(1));
  ordered.push(2);
  ordered.push(Promise.resolve(3));
  await turn();
  assert.deepEqual(out, [1, 2, 3, 4]);
});
