import assert from "node:assert/strict";
import fc from "fast-check";
import {
  gitDate,
  isAuthor,
  isBranchName,
  isGitDate,
  isRemoteName,
  isRevision,
  parseRange,
} from "../../../src/protocol/git_names.ts";

const branches: readonly (readonly [string, boolean])[] = [
  ...["main", "feature/x", "a.b", "(x)", "ä", "x@y", "a,b", "-".padStart(2, "x")].map((name) =>
    [name, true] as const
  ),
  ...[
    "",
    "-x",
    "--force",
    "a b",
    "a:b",
    "+a:b",
    "a..b",
    "a@{1}",
    "@",
    "HEAD",
    "/a",
    "a/",
    "a//b",
    ".a",
    "a/.b",
    "a.lock",
    "a.",
  ]
    .map((name) => [name, false] as const),
  ...["a~1", "a^", "a?", "a*", "a[", "a\\b", "a\nb", "a\x7f", "a.lock/b", "\ud800"].map((name) =>
    [name, false] as const
  ),
];
for (const [name, expected] of branches) {
  Deno.test(`isBranchName() ${expected ? "takes" : "refuses"} ${JSON.stringify(name)}`, () => {
    assert.equal(isBranchName(name), expected);
  });
}

const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(
    ({ success }) => success,
    () => false,
  );

Deno.test({
  name: `isBranchName() takes nothing that git refuses${hasGit ? "" : " (ignored: no git here)"}`,
  ignore: !hasGit,
  fn: async () => {
    const unit = fc.constantFrom(..."ab-./@{}~^:?*[\\ \t+".split(""), ".lock", "..", "ä", "HEAD");
    await fc.assert(
      fc.asyncProperty(
        fc.array(unit, { minLength: 1, maxLength: 5 }).map((units) => units.join("")),
        async (name) => {
          const { success } = await new Deno.Command("git", {
            args: ["check-ref-format", `refs/heads/${name}`],
            stdout: "null",
            stderr: "null",
          }).output();
          const isPlain = !name.startsWith("-") && name !== "HEAD" && name !== "@" && !name.startsWith("/");
          assert.equal(isBranchName(name), success && isPlain, name);
        },
      ),
      { numRuns: 40 },
    );
  },
});

Deno.test("isRemoteName() refuses URLs, paths from the root and options", () => {
  for (const name of ["https://x/y", "git@host:x", "/srv/x.git", "ext::sh", "--upload-pack=x", "."]) {
    assert.equal(isRemoteName(name), false, name);
  }
  assert.ok(isRemoteName("origin"));
});

Deno.test("isRevision() refuses options and more than a line", () => {
  for (const text of ["", "-n", "--all", "a\nb", "\0"]) assert.equal(isRevision(text), false);
  for (const text of ["HEAD~2", "main..x", "@{-1}", ":/fix", "v1^{}"]) assert.ok(isRevision(text));
});

const ranges: readonly [string, ReturnType<typeof parseRange>][] = [
  ["main", undefined],
  ["a.b", undefined],
  ["a..b", { from: "a", to: "b", isSymmetric: false }],
  ["a...b", { from: "a", to: "b", isSymmetric: true }],
  ["v1.0..", { from: "v1.0", to: "HEAD", isSymmetric: false }],
  ["..x", { from: "HEAD", to: "x", isSymmetric: false }],
];
for (const [text, expected] of ranges) {
  Deno.test(`parseRange() reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseRange(text), expected));
}

Deno.test("isGitDate() takes what git is sure to understand and nothing else", () => {
  for (
    const text of [
      "2026-05-01",
      "2026-05-01T12:00",
      "2026-05-01 12:00:30 +02:00",
      "2026-05-01T12:00:00Z",
      "1 day ago",
      "12 weeks ago",
    ]
  ) {
    assert.ok(isGitDate(text), text);
  }
  for (const text of ["", "whenever", "2026", "-1 day ago", "yesterday--all", "1 day ago\n", "12/05/2026"]) {
    assert.equal(isGitDate(text), false, text);
  }
});

Deno.test("gitDate() makes a day its beginning or its end", () => {
  assert.equal(gitDate("2026-05-01", "since"), "2026-05-01T00:00:00");
  assert.equal(gitDate("2026-05-01", "until"), "2026-05-01T23:59:59");
  assert.equal(gitDate("1 day ago", "since"), "1 day ago");
});

Deno.test("isAuthor() takes a name with an address and nothing that git would search for", () => {
  assert.ok(isAuthor("Ada Lovelace <ada@example.org>"));
  for (const text of ["Ada", "<a@b>", "Ada <>", "Ada <a@b> x", "A\nB <a@b>", "A <a b>", " <a@b>"]) {
    assert.equal(isAuthor(text), false, text);
  }
});
