import assert from "node:assert/strict";
import { known, unknown } from "../../../../src/safety/programs/program.ts";

Deno.test("known() needs nothing extra unless it is told", () => {
  assert.deepEqual(known(), { known: true, grants: [] });
  assert.deepEqual(known(["network"]), { known: true, grants: ["network"] });
});

Deno.test("unknown() carries its rule and reason", () => {
  assert.deepEqual(unknown("x", "Because"), { known: false, rule: "x", reason: "Because" });
});
