/**
 * Maps over many items with a few under way at the same time.
 */
import type { WorkBudget } from "../host/work_budget.ts";

/** Maps, and returns the results in the items' order. */
export async function inParallel<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R>,
  { budget, parallel }: { readonly budget: WorkBudget; readonly parallel: number },
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += parallel) {
    await budget.breathe();
    // All end before the next begin, also if one fails: nothing is left behind.
    const settled = await Promise.allSettled(items.slice(at, at + parallel).map(map));
    for (const one of settled) {
      if (one.status === "rejected") throw one.reason;
      results.push(one.value);
    }
  }
  return results;
}
