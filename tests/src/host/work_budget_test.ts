import assert from "node:assert/strict";
import { StuckError, withinBudget } from "../../../src/host/work_budget.ts";

const never = new AbortController().signal;

Deno.test("withinBudget() tells work that its time is over, and takes what it has", async () => {
  assert.equal(
    await withinBudget((budget) => Promise.resolve(budget.isOver()), { signal: never, limitMs: 0 }),
    true,
  );
  assert.equal(
    await withinBudget((budget) => Promise.resolve(budget.isOver()), { signal: never, limitMs: 60_000 }),
    false,
  );
});

Deno.test("withinBudget() ends work that breathes when the caller cancels", async () => {
  const controller = new AbortController();
  const work = withinBudget(async ({ breathe }) => {
    for (;;) {
      await breathe();
      controller.abort(new Error("enough"));
    }
  }, { signal: controller.signal, limitMs: 60_000 });
  await assert.rejects(work, /enough/);
});

Deno.test("withinBudget() gives up on work that never answers", async () => {
  const stuck = () => new Promise<never>(() => {});
  await assert.rejects(withinBudget(stuck, { signal: never, limitMs: 1, graceMs: 1 }), StuckError);
  const controller = new AbortController();
  const work = withinBudget(stuck, { signal: controller.signal, limitMs: 60_000, graceMs: 1 });
  controller.abort(new Error("enough"));
  await assert.rejects(work, /enough/);
});

Deno.test("withinBudget() begins nothing for a caller that is gone", async () => {
  let hasBegun = false;
  const work = withinBudget(() => Promise.resolve(hasBegun = true), {
    signal: AbortSignal.abort(new Error("gone")),
    limitMs: 1,
  });
  await assert.rejects(work, /gone/);
  assert.equal(hasBegun, false);
});

Deno.test("breathe() lets others work", async () => {
  let hasOtherRun = false;
  await withinBudget(async ({ breathe }) => {
    setTimeout(() => hasOtherRun = true, 0);
    while (!hasOtherRun) await breathe();
  }, { signal: never, limitMs: 60_000 });
  assert.ok(hasOtherRun);
});
