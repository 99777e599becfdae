import assert from "node:assert/strict";
import { ListCursor, listDir } from "../../../../src/protocol/operations/list_dir.ts";

const PARAMS: readonly (readonly [params: Record<string, unknown>, isRight: boolean])[] = [
  [{ path: "/" }, true],
  [
    { path: "~", glob: "**/*.ts", depth: 32, kinds: ["file"], sort: "mtime", descending: true, limit: 5000 },
    true,
  ],
  [{}, false],
  [{ path: "" }, false],
  [{ path: "/", depth: 33 }, false],
  [{ path: "/", depth: 0 }, false],
  [{ path: "/", limit: 5001 }, false],
  [{ path: "/", kinds: [] }, false],
  [{ path: "/", glob: "a".repeat(1001) }, false],
  [{ path: "/", other: 1 }, false],
];

for (const [params, isRight] of PARAMS) {
  Deno.test(`listDir ${isRight ? "takes" : "does not take"} ${JSON.stringify(params).slice(0, 60)}`, () => {
    assert.equal(listDir.params.safeParse(params).success, isRight);
  });
}

Deno.test("ListCursor takes no number of entries below 1", () => {
  assert.equal(ListCursor.safeParse(["name", false, 0, "a", 1]).success, true);
  assert.equal(ListCursor.safeParse(["name", false, 0, "a", 0]).success, false);
});
