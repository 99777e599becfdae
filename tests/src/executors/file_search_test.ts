import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import fc from "fast-check";
import type * as z from "zod";
import { OperationError } from "../../../src/errors.ts";
import type { CallContext } from "../../../src/executors/executor.ts";
import { createFileSearch, type FileSearchOptions } from "../../../src/executors/file_search.ts";
import { findRipgrep } from "../../../src/host/ripgrep.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { fileSearch } from "../../../src/protocol/operations/file_search.ts";
import { callContext } from "../../helpers/call_context.ts";
import { eventually } from "../../helpers/eventually.ts";
import { type GuardedHome, guardedHome, SECRET } from "../../helpers/guarded_home.ts";
import { isAlive } from "../../helpers/is_alive.ts";

type Params = z.infer<typeof fileSearch.params>;
type Result = z.infer<typeof fileSearch.result>;

const program = findRipgrep();

async function search(
  home: GuardedHome,
  params: Partial<Params>,
  { context = callContext(), ...options }: Partial<FileSearchOptions> & { readonly context?: CallContext } =
    {},
): Promise<Result> {
  const execute = createFileSearch({ guard: home.guard, ripgrep: null, ...options });
  return fileSearch.result.parse(
    await execute(fileSearch.params.parse({ path: home.home, ...params }), context),
  );
}

/** Each with our own reading and with ripgrep. */
function test(name: string, fn: (home: GuardedHome, ripgrep: string | null) => Promise<void>): void {
  for (const ripgrep of [null, program ?? ""]) {
    const how = ripgrep === null
      ? "by itself"
      : ripgrep === ""
      ? "with ripgrep (no rg here)"
      : "with ripgrep";
    Deno.test({
      name: `file_search ${name}, ${how}`,
      ignore: ripgrep === "" || Deno.build.os === "windows",
      fn: async () => {
        await using home = await guardedHome();
        await fn(home, ripgrep);
      },
    });
  }
}

const brief = ({ files }: Result) =>
  files.flatMap(({ path, lines }) =>
    lines.map(({ line, text, column }) =>
      `${path}:${line}${column === undefined ? "-" : `:${column}:`}${text}`
    )
  );

async function shell(script: string, cwd: string): Promise<void> {
  const { success } = await new Deno.Command("sh", { args: ["-c", script], cwd, stdin: "null" }).output();
  assert.ok(success);
}

test("finds lines with their context", async (home, ripgrep) => {
  await home.write("src/a.ts", "one\ntwo needle\nthree\r\nfour\n");
  await home.write("b", "needle");
  const result = await search(home, { pattern: "needle", context: 1 }, { ripgrep });
  assert.deepEqual(brief(result), [
    "b:1:1:needle",
    "src/a.ts:1-one",
    "src/a.ts:2:5:two needle",
    "src/a.ts:3-three",
  ]);
  assert.deepEqual(result.truncated, []);
  assert.equal(result.engine, ripgrep === null ? "built-in" : "ripgrep");
  assert.deepEqual([result.totals.found, result.totals.lines, result.totals.shown], [2, 2, 2]);
});

test("searches by name alone, and files of a name", async (home, ripgrep) => {
  await home.write("src/a.ts", "x");
  await home.write("src/b.js", "x");
  await home.write("ts/c.ts", "y");
  const found = async (params: Partial<Params>) =>
    (await search(home, params, { ripgrep })).files.map(({ path }) => path);
  assert.deepEqual(await found({ name: "*.ts" }), ["src/a.ts", "ts/c.ts"]);
  assert.deepEqual(await found({ name: "src" }), ["src"]);
  assert.deepEqual(await found({ name: "*.ts", pattern: "x" }), ["src/a.ts"]);
  assert.deepEqual(await found({ pattern: "x|y", include: ["src/**"], exclude: ["*.js"] }), ["src/a.ts"]);
  assert.deepEqual(await found({ pattern: "x|y", exclude: ["src"] }), ["ts/c.ts"]);
  assert.deepEqual(await found({ path: join(home.home, "ts/c.ts"), pattern: "y" }), ["c.ts"]);
});

test("says of each bound that it was hit", async (home, ripgrep) => {
  for (const name of ["a", "b", "c"]) await home.write(name, "x\nx\nx\n");
  const reasons = async (params: Partial<Params>, options: Partial<FileSearchOptions> = {}) => {
    const { truncated, totals } = await search(home, { pattern: "x", ...params }, { ripgrep, ...options });
    return [truncated.map(({ reason }) => reason), totals.found, totals.shown, totals.lines];
  };
  assert.deepEqual(await reasons({}), [[], 3, 9, 9]);
  assert.deepEqual(await reasons({ max_results: 9 }), [[], 3, 9, 9]);
  assert.deepEqual(await reasons({ max_results: 4 }), [["max_results"], 2, 4, 6]);
  assert.deepEqual(await reasons({ max_per_file: 2 }), [["max_per_file"], 3, 6, 9]);
  assert.deepEqual(await reasons({ show: "files", max_results: 2 }), [["max_results"], 2, 0, 0]);
  assert.deepEqual(await reasons({ show: "files", max_results: 3 }), [[], 3, 0, 0]);
  assert.deepEqual(await reasons({ show: "count" }), [[], 3, 0, 9]);
  assert.deepEqual((await reasons({}, { maxEntries: 2 }))[0], ["entries"]);
  await home.write("long", `${"x".repeat(499)}\n`.repeat(4000));
  assert.deepEqual((await reasons({ name: "long", max_results: 2000, context: 10 }))[0], ["max_results"]);
  await home.write("longer", `${"\u{1F600}x".repeat(160)}\n`.repeat(9000));
  const { truncated, files } = await search(home, {
    pattern: "^.",
    name: "longer",
    max_results: 2000,
    context: 10,
  }, {
    ripgrep,
  });
  assert.ok(JSON.stringify(files).length < 8 * 1024 * 1024);
  assert.deepEqual(truncated.map(({ reason }) => reason), ["max_results"]);
});

test("counts what it leaves out", async (home, ripgrep) => {
  await home.write("binary", "needle\0needle");
  await home.write("other.bin", "\0");
  await home.write("large", "needle\n".repeat(100));
  await home.write("empty", "");
  await home.write("ignored", "needle");
  await home.write(".gitignore", "ignored\n");
  await Deno.symlink("large", join(home.home, "link"));
  await shell("mkfifo pipe", home.home);
  const { leftOut, files, totals } = await search(home, { pattern: "needle", max_file_bytes: 200 }, {
    ripgrep,
  });
  assert.deepEqual(files, []);
  assert.deepEqual(leftOut, {
    hidden: 3,
    ignored: 1,
    symlinks: 1,
    special: 1,
    denied: { count: 2, first: ["state", "config/config.toml"] },
    unreadable: { count: 0, first: [] },
    tooLarge: { count: 1, first: ["large"] },
    binary: { count: 1, first: ["binary"] },
    ignoreFiles: { count: 0, first: [] },
  });
  assert.equal(totals.searched, 3);
});

test(
  "shows nothing of closed files, by whatever name, and does not tell what is in them",
  async (home, ripgrep) => {
    await home.write("open", "nothing");
    await Deno.link(join(home.home, ".ssh/id_test"), join(home.home, "copy"));
    await Deno.symlink(join(home.home, ".vault"), join(home.home, "way"));
    const answer = async (pattern: string) => {
      const result = await search(home, { pattern, hidden: true, respect_ignore: false, context: 5 }, {
        ripgrep,
      });
      assert.equal(JSON.stringify(result).includes(SECRET), false);
      const { engine: _, ...rest } = result;
      return rest;
    };
    assert.deepEqual(await answer(SECRET), await answer("what is in no file"));
    await assert.rejects(
      search(home, { path: join(home.home, "way"), pattern: "." }, { ripgrep }),
      OperationError,
    );
  },
);

test("lets no name become an option or a line", async (home, ripgrep) => {
  const names = ["--pre=touch x", "-e", "a\nb", "\x1b[2J", "é\u202e", " "];
  for (const name of names) await home.write(name, "needle -e");
  await shell(': > "$(printf "bad\\377")"', home.home);
  const { files, leftOut } = await search(home, { pattern: "-e", literal: true }, { ripgrep });
  assert.deepEqual(files.map(({ path }) => path), names.toSorted());
  assert.deepEqual(leftOut.unreadable, { count: 1, first: ["bad\uFFFD"] });
});

test("goes on when files change under it", async (home, ripgrep) => {
  for (const name of ["a", "b", "c", "d"]) await home.write(`folder/${name}`, "needle");
  const guard = {
    ...home.guard,
    mayRead: (path: string, mode: CallContext["permit"]["mode"]) => {
      if (path.endsWith("/d")) {
        Deno.removeSync(join(dirname(path), "b"));
        Deno.removeSync(join(dirname(path), "c"));
        Deno.mkdirSync(join(dirname(path), "c"));
      }
      return home.guard.mayRead(path, mode);
    },
  };
  const { files, leftOut } = await search(home, { path: join(home.home, "folder"), pattern: "needle" }, {
    guard,
    ripgrep,
  });
  assert.deepEqual(files.map(({ path }) => path), ["a", "d"]);
  assert.equal(leftOut.unreadable.count, 2);
});

test("ends when it is cancelled", async (home, ripgrep) => {
  for (const name of ["a", "b", "c"]) await home.write(name, "needle");
  const controller = new AbortController();
  const guard = { ...home.guard, mayRead: () => (controller.abort(), true) };
  const searching = search(home, { pattern: "x" }, {
    guard,
    ripgrep,
    context: callContext({ signal: controller.signal }),
  });
  await assert.rejects(
    searching,
    (error: unknown) => error instanceof OperationError && error.code === "cancelled",
  );
});

Deno.test({
  name: "file_search leaves no program behind when it is cancelled",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using home = await guardedHome();
    await home.write("a", "needle");
    const pidFile = join(home.home, ".pid");
    const controller = new AbortController();
    const context = callContext({
      signal: controller.signal,
      confine: () => ["/bin/sh", "-c", 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 600', "sh", pidFile],
    });
    const searching = search(home, { pattern: "x" }, { ripgrep: "/usr/bin/rg", context });
    const ended = searching.then(() => undefined, (error: unknown) => error);
    const pid = await eventually(
      "the program runs",
      () => Deno.readTextFile(pidFile).then(Number, () => undefined),
    );
    assert.ok(isAlive(pid));
    controller.abort();
    const error = await ended;
    assert.ok(error instanceof OperationError && error.code === "cancelled");
    await eventually("the program is gone", () => !isAlive(pid));
  },
});

Deno.test("file_search takes no time that grows without bound for a hostile pattern", async () => {
  await using home = await guardedHome();
  await home.write("a", `${"a".repeat(200_000)}!\n`);
  for (const pattern of ["(a+)+$", "(a|a)*b", ".*.*.*.*b", "(a?){50}b", "(?:a*)*(?:a*)*b"]) {
    const { truncated } = await search(home, { pattern, timeout_ms: 300 });
    assert.ok(truncated.every(({ reason }) => reason === "time"), pattern);
  }
});

Deno.test({
  name: `file_search finds the same with and without ripgrep${program === undefined ? " (no rg here)" : ""}`,
  ignore: program === undefined,
  fn: async () => {
    const name = fc.constantFrom("a", "b.ts", "-c", "d\ne", ".f", "é", "node_modules");
    const piece = fc.constantFrom(
      "foo",
      "FOO",
      "bar",
      " ",
      "\n",
      "\r\n",
      "\r",
      "é",
      "É",
      "😀",
      "k",
      "\u212a",
      "\u017f",
      "_",
      "1",
      "٣",
      "\t",
      "\u2028",
      "\0",
      "\xff",
      "\ufeff",
    );
    const bytes = fc.tuple(
      fc.constantFrom("utf-8", "utf-8", "utf-16", "raw"),
      fc.array(piece, { minLength: 3, maxLength: 14, size: "max" }),
    ).map(
      ([encoding, pieces]) => encode(pieces.join(""), encoding),
    );
    const file = fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), bytes);
    const files = fc.array(file, { minLength: 3, maxLength: 8, size: "max" });
    const rules = fc.array(fc.constantFrom("a", "*.ts", "!b.ts", "/a", "a/", "**/é"), { maxLength: 3 });
    const optional = <T>(value: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
    const params = fc.record({
      pattern: fc.constantFrom(
        "foo",
        "Foo",
        "fo+|é",
        "^foo",
        "bar$",
        "\\bfoo\\b",
        "\\w+\\s\\d",
        "[^a-z]k",
        "s",
        "k",
        "É",
        ".",
        "^$",
        "\\S.\\S",
        "\\p{L}{2}",
        "(foo|bar)+",
        "\uFFFD",
        "[^\\x00-\\x7f]",
        "o\\b",
        "\\W$",
        "_",
        "foo\\r",
        "😀+",
      ),
      literal: optional(fc.boolean()),
      word: optional(fc.boolean()),
      case: optional(fc.constantFrom("smart" as const, "sensitive" as const, "insensitive" as const)),
      context: optional(fc.nat(2)),
      show: optional(fc.constantFrom("lines" as const, "files" as const, "count" as const)),
      hidden: optional(fc.boolean()),
      respect_ignore: optional(fc.boolean()),
      include: optional(fc.constant<string[]>(["*.ts", "a/**"])),
      exclude: optional(fc.constant<string[]>(["node_modules"])),
      max_results: optional(fc.integer({ min: 1, max: 5 })),
      max_per_file: optional(fc.integer({ min: 1, max: 2 })),
      max_file_bytes: optional(fc.integer({ min: 1, max: 40 })),
    });
    await using home = await guardedHome();
    let run = 0;
    let withRipgrep = 0;
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        files,
        rules,
        fc.array(params, { minLength: 6, maxLength: 6 }),
        async (files, ignore, all) => {
          const root = join(home.home, `tree${run++}`);
          await Deno.mkdir(root);
          await Deno.writeTextFile(join(root, ".gitignore"), ignore.join("\n"));
          for (const [parts, content] of files) {
            const path = join(root, ...parts);
            // A name may be a file in one path and a folder in another.
            await Deno.mkdir(dirname(path), { recursive: true }).then(() => Deno.writeFile(path, content))
              .catch(() => {});
          }
          for (const one of all) {
            const { engine: _, ...own } = await search(home, { path: root, ...one });
            const { engine, ...other } = await search(home, { path: root, ...one }, {
              ripgrep: program ?? null,
            });
            if (engine === "ripgrep") withRipgrep++;
            found += own.totals.found;
            assert.deepEqual(other, own);
          }
        },
      ),
      { numRuns: 25 },
    );
    // Else this test would show nothing.
    assert.ok(withRipgrep > 30 && found > 15, `${withRipgrep} ${found}`);
  },
});

function encode(text: string, encoding: string): Uint8Array {
  if (encoding === "raw") return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
  if (encoding === "utf-8") return utf8(text);
  const units = Uint16Array.from(`\ufeff${text}`, (_, at) => `\ufeff${text}`.charCodeAt(at));
  return new Uint8Array(units.buffer);
}

Deno.test({
  name: "file_search answers any parameters with a result or a clear error",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using home = await guardedHome();
    await home.write("a/b.ts", "foo bar\n");
    await home.write("-e\n\x1b", "foo");
    const text = fc.string({ unit: fc.constantFrom(..."abfo*?+[](){}|,/\\!~.-^$\n\0é1"), maxLength: 8 });
    const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const params = fc.record({
      path: fc.oneof(
        { weight: 4, arbitrary: fc.constant(home.home) },
        text.map((name) => `${home.home}/${name.replaceAll("..", "")}`),
      ),
      name: optional(text),
      pattern: optional(text),
      literal: optional(fc.boolean()),
      case: optional(fc.constantFrom("smart", "sensitive", "insensitive", "x")),
      word: optional(fc.boolean()),
      include: optional(fc.array(text, { maxLength: 2 })),
      exclude: optional(fc.array(text, { maxLength: 2 })),
      context: optional(fc.integer({ min: -1, max: 12 })),
      show: optional(fc.constantFrom("lines", "files", "count", "x")),
      max_results: optional(fc.integer({ min: 0, max: 5 })),
      max_file_bytes: optional(fc.integer({ min: 0, max: 50 })),
    });
    const execute = createFileSearch({ guard: home.guard, ripgrep: null });
    let results = 0;
    await fc.assert(
      fc.asyncProperty(params, async (raw) => {
        const parsed = fileSearch.params.safeParse(raw);
        if (!parsed.success) return;
        try {
          fileSearch.result.parse(await execute(parsed.data, callContext()));
          results++;
        } catch (error) {
          assert.ok(error instanceof OperationError && error.code !== "internal", String(error));
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(results > 20, String(results));
  },
});
