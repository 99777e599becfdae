import assert from "node:assert/strict";
import fc from "fast-check";
import { minimatch } from "minimatch";
import { createPathTree, foldPath, type PathSystem } from "../../../src/safety/path_tree.ts";

/** The home of the system's first user. */
const ROOT = ["", "root"].join("/");
const LINUX: PathSystem = { os: "linux", homes: ["/home/ada", "/srv/bob"], isCaseInsensitive: false };
const MACOS: PathSystem = { os: "macos", homes: ["/Users/ada"], isCaseInsensitive: true };
const WINDOWS: PathSystem = { os: "windows", homes: ["C:\\Users\\ada"], isCaseInsensitive: true };

const cases: [PathSystem, string, string, "inside" | "itself" | "not"][] = [
  [LINUX, "/etc/x", "/etc/x", "itself"],
  [LINUX, "/etc/x", "/etc/x/y/z", "inside"],
  [LINUX, "/etc/x", "/etc/xy", "not"],
  [LINUX, "/etc/x", "/etc", "not"],
  [LINUX, "/etc/x/**", "/etc/x", "itself"],
  [LINUX, "/etc/x/**", "/etc/x/y", "inside"],
  [LINUX, "~/.k", "/home/ada/.k", "itself"],
  [LINUX, "~/.k", "/srv/bob/.k", "itself"],
  [LINUX, "~/.k", "/home/someone/.k/deep", "inside"],
  [LINUX, "~/.k", `${ROOT}/.k`, "itself"],
  [LINUX, "~/.k", "/srv/eve/.k", "not"],
  [LINUX, "~", "/home/ada/x", "inside"],
  [LINUX, "**/.env", "/a/b/c/.env", "itself"],
  [LINUX, "**/.env", "/.env", "itself"],
  [LINUX, "/a/**/key", "/a/key", "itself"],
  [LINUX, "/a/**/key", "/a/b/c/key/d", "inside"],
  [LINUX, "/a/**/key", "/a/b/c/keys", "not"],
  [LINUX, "/a/**/b/**/c", "/a/b/x/b/c", "itself"],
  [LINUX, "**", "/anything/at/all", "inside"],
  [LINUX, "/a/*.{pem,key}", "/a/.hidden.pem", "itself"],
  [LINUX, "/a/*.{pem,key}", "/a/x\ny.key", "itself"],
  [LINUX, "/a/!(*.pub|config)", "/a/id", "itself"],
  [LINUX, "/a/!(*.pub|config)", "/a/id.pub", "not"],
  [LINUX, "/a/!(*.pub|config)", "/a/config", "not"],
  [LINUX, "/a/!(*.pub|config)", "/a/sub/key.pub", "inside"],
  [LINUX, "/a/\\*", "/a/*", "itself"],
  [LINUX, "/a/\\*", "/a/b", "not"],
  [LINUX, "/A", "/a", "not"],
  [MACOS, "/Library/Keychains", "/library/KEYCHAINS/x", "inside"],
  [MACOS, "~/.ssh", "/Users/Ada/.\u017f\u017fh/id", "inside"],
  [MACOS, "~/.ssh", "/System/Volumes/Data/Users/ada/.ssh/id", "inside"],
  [MACOS, "/cafe\u0301", "/caf\u00e9/x", "inside"],
  [MACOS, "/stra\u00dfe", "/STRASSE", "itself"],
  [WINDOWS, "~/.ssh", "c:\\USERS\\ada\\.SSH\\id", "inside"],
  [WINDOWS, "~/.ssh", "D:\\Users\\eve\\.ssh", "itself"],
  [WINDOWS, "~/.ssh", "\\\\?\\C:\\Users\\eve\\.ssh\\id", "inside"],
  [WINDOWS, "[a-z]:/Windows/NTDS", "E:\\WINDOWS\\ntds\\x", "inside"],
  [WINDOWS, "C:\\Secret\\*", "c:/secret/x", "itself"],
];
for (const [system, glob, path, expected] of cases) {
  Deno.test(`createPathTree() on ${system.os}: "${glob}" means ${JSON.stringify(path)} ${expected}`, () => {
    const { rule, isInside } = createPathTree([glob], system, { everyHome: true }).match(path);
    assert.equal(rule === undefined ? "not" : isInside ? "inside" : "itself", expected);
  });
}

Deno.test("createPathTree() takes ~ for the agent's own home alone if asked to", () => {
  const tree = createPathTree(["~/x"], LINUX, { everyHome: false });
  assert.deepEqual(
    ["/home/ada/x", "/srv/bob/x", `${ROOT}/x`].map((path) => tree.match(path).rule !== undefined),
    [true, false, false],
  );
});

Deno.test("createPathTree() lets a later exception win, and a still later rule again", () => {
  const tree = createPathTree(["~/.k", "!~/.k/open", "~/.k/open/not"], LINUX, { everyHome: true });
  const isDenied = (path: string) => tree.match(path).rule?.isException === false;
  assert.deepEqual(["/home/ada/.k/a", "/home/ada/.k/open/a", "/home/ada/.k/open/not/a"].map(isDenied), [
    true,
    false,
    true,
  ]);
});

Deno.test("createPathTree() knows the folders on the way to what a rule is about", () => {
  const tree = createPathTree(["/a/b*/c"], LINUX, { everyHome: true });
  assert.deepEqual(["/", "/a", "/a/bx", "/a/x", "/b"].map((path) => tree.match(path).isOnTheWay), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("createPathTree() takes a path literally, whatever characters it has", () => {
  const odd = "/h/a[b]{c,d}*?!(x)\\y";
  const tree = createPathTree([{ path: odd }], { ...LINUX, homes: [odd] }, { everyHome: true });
  assert.ok(tree.match(`${odd}/x`).rule !== undefined);
  assert.equal(tree.match("/h/abc").rule, undefined);
  const home = createPathTree(["~/k"], { ...LINUX, homes: [odd] }, { everyHome: true });
  assert.ok(home.match(`${odd}/k`).rule !== undefined);
});

for (
  const [system, glob] of [
    [LINUX, "relative"],
    [LINUX, "/a/../b"],
    [LINUX, ""],
    [WINDOWS, "\\x"],
    [WINDOWS, "/x"],
    [LINUX, "C:\\x"],
    [LINUX, "~bob/x"],
  ] as const
) {
  Deno.test(`createPathTree() refuses "${glob}" on ${system.os}`, () => {
    assert.throws(() => createPathTree([glob], system, { everyHome: true }), SyntaxError);
  });
}

Deno.test("createPathTree() agrees with minimatch about every path", () => {
  const name = fc.constantFrom("a", "b", "ab", ".a", "a.b");
  const segment = fc.constantFrom("a", "b", "*", "a*", "?", "[ab]", "**", "!(a)", "{a,b}", "*.b");
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 4 }),
      fc.array(name, { minLength: 1, maxLength: 5 }),
      (globs, names) => {
        const glob = `/${globs.join("/")}`;
        const path = `/${names.join("/")}`;
        const expected =
          [glob, `${glob}/**`].some((pattern) =>
            minimatch(path, pattern, { dot: true, nonegate: true, platform: "linux" })
          ) ||
          // Here a glob that ends in ** means the folder before it, too.
          (glob.endsWith("/**") &&
            minimatch(path, glob.replace(/(?:\/\*\*)+$/, "") || "/", {
              dot: true,
              nonegate: true,
              platform: "linux",
            }));
        assert.equal(
          createPathTree([glob], LINUX, { everyHome: true }).match(path).rule !== undefined,
          expected,
        );
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("foldPath() leaves paths alone where case matters", () =>
  assert.equal(foldPath("/A/\u017f", LINUX), "/A/\u017f"));
