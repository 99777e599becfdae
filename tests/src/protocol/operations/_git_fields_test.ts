import assert from "node:assert/strict";
import {
  BranchName,
  ChangedFile,
  GitPaths,
  GitTimeoutMs,
  RemoteName,
  RepositoryPath,
  Revision,
} from "../../../../src/protocol/operations/_git_fields.ts";

const cases: readonly [string, boolean][] = [
  ["a path", RepositoryPath.safeParse("~/x").success],
  ["no path", !RepositoryPath.safeParse("").success],
  ["a path with NUL", !RepositoryPath.safeParse("a\0").success],
  ["paths", GitPaths.safeParse(["-x", "a\nb"]).success],
  ["no paths", !GitPaths.safeParse([]).success],
  ["an empty path among others", !GitPaths.safeParse(["a", ""]).success],
  ["257 paths", !GitPaths.safeParse(Array(257).fill("a")).success],
  ["a time of 0", !GitTimeoutMs.safeParse(0).success],
  ["a revision that is an option", !Revision.safeParse("--all").success],
  ["a branch that is a refspec", !BranchName.safeParse("+a:b").success],
  ["a remote that is a URL", !RemoteName.safeParse("ext::sh -c x").success],
  [
    "a binary file",
    ChangedFile.safeParse({ path: "a", change: "added", added: null, removed: null }).success,
  ],
];
for (const [what, isRight] of cases) {
  Deno.test(`the fields of git operations are right about ${what}`, () => assert.ok(isRight));
}
