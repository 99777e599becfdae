import assert from "node:assert/strict";
import { higherMode, isAbove, lowerMode } from "../../../src/safety/mode_order.ts";

const order = ["disabled", "plan", "edit", "bypass"] as const;
for (const [i, mode] of order.entries()) {
  for (const [j, other] of order.entries()) {
    Deno.test(`the order of ${mode} and ${other}`, () => {
      assert.equal(isAbove(mode, other), i > j);
      assert.equal(lowerMode(mode, other), order[Math.min(i, j)]);
      assert.equal(higherMode(mode, other), order[Math.max(i, j)]);
    });
  }
}
