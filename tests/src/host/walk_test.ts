import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { emptyReport, walk, type WalkOptions, type WalkReport } from "../../../src/host/walk.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(root, path)), { recursive: true });
    await Deno.writeTextFile(join(root, path), text);
  }
}

async function walked(
  root: string,
  options: Partial<WalkOptions> = {},
): Promise<{ readonly paths: string[]; readonly report: WalkReport }> {
  const report = emptyReport();
  const paths: string[] = [];
  const walking = walk({
    root,
    hidden: false,
    respectIgnore: false,
    mayRead: () => true,
    budget: { signal: new AbortController().signal, isOver: () => false, breathe: () => Promise.resolve() },
    ...options,
  }, report);
  for await (const entries of walking) {
    paths.push(...entries.map(({ path, kind }) => kind === "directory" ? `${path}/` : path));
  }
  return { paths, report };
}

Deno.test("walk() yields folder by folder, each sorted, to a depth", async () => {
  await using temporary = await temporaryFolder();
  const root = temporary.folder;
  await write(root, { "b/c/d": "", "b/a": "", "z": "", ".h/x": "", "a": "" });
  assert.deepEqual((await walked(root)).paths, ["a", "b/", "z", "b/a", "b/c/", "b/c/d"]);
  assert.deepEqual((await walked(root, { depth: 1 })).paths, ["a", "b/", "z"]);
  assert.deepEqual((await walked(root, { hidden: true, depth: 2 })).paths, [
    ".h/",
    "a",
    "b/",
    "z",
    ".h/x",
    "b/a",
    "b/c/",
  ]);
  const { paths, report } = await walked(root, {
    mayRead: (path) => !path.endsWith("/b"),
    skips: (path) => path === "z",
  });
  assert.deepEqual(paths, ["a"]);
  assert.deepEqual([report.hidden, report.denied, report.entries], [1, { count: 1, first: ["b"] }, 4]);
});

Deno.test("walk() ends at its bounds and says so", async () => {
  await using temporary = await temporaryFolder();
  await write(temporary.folder, { "a/1": "", "a/2": "", "b/1": "" });
  const few = await walked(temporary.folder, { maxEntries: 3 });
  assert.deepEqual([few.paths, few.report.stopped], [["a/", "b/", "a/1"], "entries"]);
  const all = await walked(temporary.folder, { maxEntries: 5 });
  assert.deepEqual([all.paths.length, all.report.stopped], [5, undefined]);
  const budget = {
    signal: new AbortController().signal,
    isOver: () => true,
    breathe: () => Promise.resolve(),
  };
  assert.equal((await walked(temporary.folder, { budget })).report.stopped, "time");
});

Deno.test({
  name: "walk() follows no link, so no loop, and reports what it cannot read",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const root = temporary.folder;
    await write(root, { "a/b/x": "", "gone/x": "" });
    await Deno.symlink(root, join(root, "a/loop"));
    await Deno.symlink("nowhere", join(root, "a/broken"));
    const { paths, report } = await walked(root, {
      mayRead: (path) => {
        // It vanishes after it was seen.
        if (path.endsWith("/gone")) Deno.removeSync(path, { recursive: true });
        return true;
      },
    });
    assert.deepEqual(paths, ["a/", "gone/", "a/b/", "a/broken", "a/loop", "a/b/x"]);
    assert.deepEqual(report.unreadable, { count: 1, first: ["gone"] });
  },
});

Deno.test("walk() lets .ignore win over .gitignore, and lower folders over higher ones", async () => {
  await using temporary = await temporaryFolder();
  const root = temporary.folder;
  await write(root, {
    ".gitignore": "*.log\nbuild/\n/top\n",
    ".ignore": "!keep.log\n",
    "a.log": "",
    "keep.log": "",
    "top": "",
    "sub/top": "",
    "sub/.gitignore": "!b.log\n",
    "sub/b.log": "",
    "sub/c.log": "",
    "build/x": "",
    "nested/.git/info/exclude": "secret\n",
    "nested/d.log": "",
    "nested/secret": "",
  });
  const { paths, report } = await walked(root, { respectIgnore: true });
  assert.deepEqual(paths, ["keep.log", "nested/", "sub/", "nested/d.log", "sub/b.log", "sub/top"]);
  assert.equal(report.ignored, 5);
});

Deno.test("walk() respects the ignore files above it, up to the top of the repository", async () => {
  await using temporary = await temporaryFolder();
  const root = temporary.folder;
  await write(root, {
    ".gitignore": "c\n",
    "repo/.git/HEAD": "",
    "repo/.gitignore": "a\n/sub/deep/b\n",
    "repo/sub/deep/a": "",
    "repo/sub/deep/b": "",
    "repo/sub/deep/c": "",
  });
  assert.deepEqual((await walked(join(root, "repo/sub/deep"), { respectIgnore: true })).paths, ["c"]);
});

Deno.test("walk() says which ignore file is too large to respect", async () => {
  await using temporary = await temporaryFolder();
  await write(temporary.folder, { ".gitignore": "a\n".repeat(200_000), "a": "" });
  const { paths, report } = await walked(temporary.folder, { respectIgnore: true });
  assert.deepEqual([paths, report.ignoreFiles.count], [[], 1]);
});

const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: `walk() leaves out what git leaves out${hasGit ? "" : " (no git here)"}`,
  ignore: !hasGit,
  fn: async () => {
    const rule = fc.constantFrom(
      ..."a b ab a/ /a a/b *.x !a.x a* ?b [ab] [!a]b **/b a/** **/a/** a/**/b !b !/a/ /*/b \\!a *a* b/*"
        .split(" "),
    );
    const rules = fc.array(rule, { maxLength: 4 }).map((lines) => `${lines.join("\n")}\n`);
    const name = fc.constantFrom("a", "b", "ab", "a.x", "b.x", "!a");
    const tree = fc.array(fc.array(name, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 });
    await using temporary = await temporaryFolder();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(tree, rules, rules, rules, async (paths, top, below, exclude) => {
        const root = join(temporary.folder, String(run++));
        await git(root, ["init", "--quiet"]);
        for (const parts of paths) {
          // A name may be a file in one path and a folder in another.
          await write(root, { [parts.join("/")]: "" }).catch(() => {});
        }
        await write(root, { ".gitignore": top, ".git/info/exclude": exclude });
        await write(root, { "a/.gitignore": below }).catch(() => {});
        const expected = await git(root, ["ls-files", "-z", "--others", "--exclude-standard"]);
        const { paths: found } = await walked(root, { respectIgnore: true, hidden: true });
        assert.deepEqual(
          found.filter((path) => !path.endsWith("/")).sort(),
          expected.split("\0").filter((path) => path !== "").sort(),
        );
      }),
      { numRuns: 40 },
    );
  },
});

async function git(cwd: string, args: string[]): Promise<string> {
  await Deno.mkdir(cwd, { recursive: true });
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args,
    cwd,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: cwd,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
    },
    clearEnv: true,
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
