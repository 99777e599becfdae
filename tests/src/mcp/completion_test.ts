import assert from "node:assert/strict";
import { completion } from "../../../src/mcp/completion.ts";

Deno.test("completion() gives each that begins like the value once, in order", () => {
  assert.deepEqual(completion(["web", "db", "web-1", "web"], "w"), {
    values: ["web", "web-1"],
    total: 2,
    hasMore: false,
  });
});

Deno.test("completion() gives a hundred at most, and tells how many there are", () => {
  const { values, total, hasMore } = completion(Array.from({ length: 250 }, (_, i) => `a${i}`), "a");
  assert.deepEqual({ count: values.length, total, hasMore }, { count: 100, total: 250, hasMore: true });
});
