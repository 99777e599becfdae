import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { readSearchRequest } from "../../../src/executors/search_request.ts";
import { fileSearch } from "../../../src/protocol/operations/file_search.ts";

const read = (params: Record<string, unknown>) =>
  readSearchRequest(fileSearch.params.parse({ path: "~", ...params }));

const CASES: readonly (readonly [params: Record<string, unknown>, text: string, expected: boolean])[] = [
  [{ pattern: "foo" }, "FOO", true],
  [{ pattern: "Foo" }, "foo", false],
  [{ pattern: "foo", case: "sensitive" }, "FOO", false],
  [{ pattern: "Foo", case: "insensitive" }, "fOO", true],
  [{ pattern: "(?i)Foo" }, "fOO", true],
  [{ pattern: "\\Wfoo" }, " FOO", true],
  [{ pattern: "a.c", literal: true }, "abc", false],
  [{ pattern: "a.c", literal: true }, "xA.Cx", true],
  [{ pattern: "A.c", literal: true }, "a.c", false],
  [{ pattern: "-e (", literal: true }, "-e (", true],
  [{ pattern: "foo|bar", word: true }, "foos bar", true],
  [{ pattern: "foo", word: true }, "foos", false],
];

for (const [params, text, expected] of CASES) {
  Deno.test(`readSearchRequest() ${JSON.stringify(params)} ${expected ? "finds" : "does not find"} "${text}"`, () => {
    assert.equal(read(params).matcher?.test(text), expected);
  });
}

const REFUSED: readonly (readonly [params: Record<string, unknown>, reason: RegExp])[] = [
  [{}, /neither "name" nor "pattern"/],
  [{ pattern: "(a" }, /Cannot read the pattern "\(a": a "\(" is not closed/],
  [{ pattern: "a\nb", literal: true }, /line feed/],
  [{ name: "[a" }, /Cannot read the glob "\[a"/],
  [{ pattern: "a", include: ["a", "{a,[}"] }, /Cannot read the glob/],
  [{ pattern: "a", exclude: ["a\\"] }, /Cannot read the glob/],
];

for (const [params, reason] of REFUSED) {
  Deno.test(`readSearchRequest() refuses ${JSON.stringify(params)}`, () => {
    assert.throws(() => read(params), (error: unknown) => {
      assert.ok(error instanceof OperationError);
      assert.equal(error.code, "bad_request");
      assert.match(error.message, reason);
      return true;
    });
  });
}

Deno.test("readSearchRequest() passes files that name and include both match", () => {
  const { isWanted, isExcluded } = read({ name: "*.ts", include: ["src/**", "x/**"], exclude: ["build"] });
  assert.deepEqual(["src/a.ts", "src/a.js", "y/a.ts"].map(isWanted), [true, false, false]);
  assert.deepEqual(["src/build", "build/a"].map(isExcluded), [true, false]);
});
