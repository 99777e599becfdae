import assert from "node:assert/strict";
import { nameTest } from "../../../../src/host/search/name_filter.ts";

const CASES: readonly (readonly [glob: string, path: string, expected: boolean])[] = [
  ["*.ts", "src/deep/a.ts", true],
  ["src/*.ts", "src/a.ts", true],
  ["src/*.ts", "x/src/a.ts", false],
  ["/a.ts", "a.ts", true],
  ["/a.ts", "src/a.ts", false],
  ["./src/*", "src/a", true],
  ["node_modules/", "x/node_modules", true],
  ["**/x", "x", true],
];

for (const [glob, path, expected] of CASES) {
  Deno.test(`nameTest() ${expected ? "passes" : "does not pass"} "${path}" by "${glob}"`, () => {
    assert.equal(nameTest([glob])(path), expected);
  });
}

Deno.test("nameTest() passes what any glob matches, and names the one that cannot be read", () => {
  assert.ok(nameTest(["a", "b"])("x/b"));
  assert.throws(() => nameTest(["a", "[b"]), /"\[b"/);
});
