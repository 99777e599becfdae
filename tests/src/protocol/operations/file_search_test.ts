import assert from "node:assert/strict";
import { fileSearch } from "../../../../src/protocol/operations/file_search.ts";

const PARAMS: readonly (readonly [params: Record<string, unknown>, isRight: boolean])[] = [
  [{ path: "/", pattern: "a" }, true],
  [
    { path: "~", name: "*", include: ["a"], exclude: ["b"], context: 10, show: "count", max_results: 2000 },
    true,
  ],
  [{ pattern: "a" }, false],
  [{ path: "/", pattern: "" }, false],
  [{ path: "/", pattern: "a".repeat(2001) }, false],
  [{ path: "/", context: 11 }, false],
  [{ path: "/", max_results: 2001 }, false],
  [{ path: "/", max_file_bytes: 64 * 1024 * 1024 + 1 }, false],
  [{ path: "/", include: [] }, false],
  [{ path: "/", case: "upper" }, false],
  [{ path: "/", other: 1 }, false],
];

for (const [params, isRight] of PARAMS) {
  Deno.test(`fileSearch ${isRight ? "takes" : "does not take"} ${JSON.stringify(params).slice(0, 60)}`, () => {
    assert.equal(fileSearch.params.safeParse(params).success, isRight);
  });
}
