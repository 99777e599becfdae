import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import type * as z from "zod";
import { OperationError } from "../../../src/errors.ts";
import { createListDir, type ListDirOptions } from "../../../src/executors/list_dir.ts";
import { listDir } from "../../../src/protocol/operations/list_dir.ts";
import { callContext } from "../../helpers/call_context.ts";
import { type GuardedHome, guardedHome } from "../../helpers/guarded_home.ts";

type Params = z.infer<typeof listDir.params>;

/** These make POSIX files. */
function test(name: string, fn: (home: GuardedHome) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await using home = await guardedHome();
      await fn(home);
    },
  });
}

async function list(home: GuardedHome, params: Partial<Params>, options: Partial<ListDirOptions> = {}) {
  const execute = createListDir({ guard: home.guard, ...options });
  return listDir.result.parse(
    await execute(listDir.params.parse({ path: home.home, ...params }), callContext()),
  );
}

const paths = ({ entries }: z.infer<typeof listDir.result>) => entries.map(({ path }) => path);

async function run(program: string, args: string[]): Promise<void> {
  assert.ok((await new Deno.Command(program, { args, stdin: "null" }).output()).success);
}

test("list_dir describes entries of all kinds and leaves the closed ones out", async (home) => {
  await home.write("file", "12345");
  await Deno.chmod(join(home.home, "file"), 0o640);
  await Deno.utime(join(home.home, "file"), 1, 1.5);
  await Deno.symlink("no\nwhere", join(home.home, "link"));
  await run("mkfifo", [join(home.home, "pipe")]);
  const { entries, leftOut, totals, path, next, stopped } = await list(home, {});
  assert.deepEqual([path, next, stopped], [home.home, null, null]);
  assert.deepEqual(entries.map(({ path, kind }) => [path, kind]), [
    ["config", "directory"],
    ["file", "file"],
    ["link", "symlink"],
    ["pipe", "fifo"],
  ]);
  assert.deepEqual(entries[1], {
    path: "file",
    kind: "file",
    size: 5,
    mtime: "1970-01-01T00:00:01.500Z",
    mode: "0640",
  });
  assert.equal(entries[2]?.target, "no\nwhere");
  assert.deepEqual(totals, { entries: 4, file: 1, directory: 1, symlink: 1, other: 1, examined: 7 });
  assert.deepEqual([leftOut.hidden, leftOut.denied], [2, { count: 1, first: ["state"] }]);
});

test("list_dir selects by glob, depth and kind", async (home) => {
  for (const name of ["a/x.ts", "a/b/y.ts", "a/b/y.js", "z.ts"]) await home.write(name, "");
  const found = async (params: Partial<Params>) => paths(await list(home, params));
  assert.deepEqual(await found({ glob: "*.ts" }), ["z.ts"]);
  assert.deepEqual(await found({ glob: "*.ts", depth: 2 }), ["a/x.ts", "z.ts"]);
  assert.deepEqual(await found({ glob: "**/*.ts" }), ["a/b/y.ts", "a/x.ts", "z.ts"]);
  assert.deepEqual(await found({ glob: "a/{x,b/y}.*" }), ["a/b/y.js", "a/b/y.ts", "a/x.ts"]);
  assert.deepEqual(await found({ kinds: ["directory"], depth: 32 }), ["a", "a/b", "config"]);
});

test("list_dir shows each entry once over all pages, in any order", async (home) => {
  for (let at = 0; at < 25; at++) await home.write(`d/f${at % 3}/n${at}`, "x".repeat(at % 4));
  for (const sort of ["name", "size", "mtime"] as const) {
    for (const descending of [false, true]) {
      const params = { path: join(home.home, "d"), depth: 5, sort, descending };
      const all = paths(await list(home, params));
      assert.equal(all.length, 28);
      const paged: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await list(home, { ...params, limit: 4, ...(cursor === null ? {} : { cursor }) });
        assert.equal(page.totals.entries, 28);
        paged.push(...paths(page));
        cursor = page.next;
      } while (cursor !== null);
      assert.deepEqual(paged, all);
    }
  }
  const { entries } = await list(home, {
    path: join(home.home, "d"),
    depth: 5,
    sort: "size",
    descending: true,
  });
  const sizes = entries.map(({ size }) => size ?? -1);
  assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a));
});

test("list_dir shows names that are not UTF-8 as such, each of them on one page", async (home) => {
  await run("sh", [
    "-c",
    'cd "$1" && for byte in 376 377; do : > "$(printf "bad\\\\$byte")"; done',
    "sh",
    home.home,
  ]);
  const glob = "bad*";
  const { entries } = await list(home, { glob });
  assert.deepEqual(entries.map(({ path, invalidUtf8 }) => [path, invalidUtf8]), [
    ["bad\uFFFD", true],
    ["bad\uFFFD", true],
  ]);
  const first = await list(home, { glob, limit: 1 });
  const second = await list(home, { glob, limit: 1, cursor: first.next ?? "" });
  assert.deepEqual([first.entries.length, second.entries.length, second.next], [1, 1, null]);
});

test("list_dir says when a bound ended it", async (home) => {
  await home.write("a", "");
  assert.equal((await list(home, {}, { maxEntries: 2 })).stopped?.reason, "entries");
  assert.equal((await list(home, {}, { limitMs: 0 })).stopped?.reason, "time");
});

test("list_dir refuses what is no folder, what is closed and what it cannot read", async (home) => {
  await home.write("file", "");
  const refuses = async (params: Partial<Params>, code: string) => {
    await assert.rejects(
      list(home, params),
      (error: unknown) => error instanceof OperationError && error.code === code,
    );
  };
  await refuses({ path: join(home.home, "file") }, "cannot_run");
  await refuses({ path: join(home.home, "gone") }, "cannot_run");
  await refuses({ path: join(home.home, ".vault") }, "refused");
  await refuses({ glob: "[a" }, "bad_request");
  await refuses({ cursor: "x" }, "bad_request");
});

test("list_dir ends when it is cancelled", async (home) => {
  await home.write("a", "");
  const controller = new AbortController();
  const guard = { ...home.guard, mayRead: () => (controller.abort(), true) };
  const listing = createListDir({ guard })(
    { path: home.home, depth: 5 },
    callContext({ signal: controller.signal }),
  );
  await assert.rejects(
    listing,
    (error: unknown) => error instanceof OperationError && error.code === "cancelled",
  );
});

test("list_dir answers any parameters with a result or a clear error", async (home) => {
  await home.write("a/b", "x");
  await home.write("-e\n\x1b[2J", "x");
  const text = fc.string({ unit: fc.constantFrom(..."ab*?[]{},/\\!~.-\n\0é"), maxLength: 8 });
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const params = fc.record({
    path: fc.oneof(fc.constant(home.home), text.map((name) => `${home.home}/${name.replaceAll("..", "")}`)),
    glob: optional(text),
    depth: optional(fc.integer({ min: -1, max: 40 })),
    hidden: optional(fc.boolean()),
    kinds: optional(fc.array(fc.constantFrom("file", "directory", "x"), { maxLength: 3 })),
    sort: optional(fc.constantFrom("name", "size", "mtime", "x")),
    limit: optional(fc.integer({ min: 0, max: 5 })),
    cursor: optional(text),
    respect_ignore: optional(fc.boolean()),
  });
  const execute = createListDir({ guard: home.guard });
  await fc.assert(
    fc.asyncProperty(params, async (raw) => {
      const parsed = listDir.params.safeParse(raw);
      if (!parsed.success) return;
      try {
        listDir.result.parse(await execute(parsed.data, callContext()));
      } catch (error) {
        assert.ok(error instanceof OperationError && error.code !== "internal", String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
