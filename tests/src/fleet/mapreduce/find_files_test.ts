import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import type { Hosts } from "../../../../src/fleet/fleet.ts";
import { findFiles, splitPattern } from "../../../../src/fleet/mapreduce/find_files.ts";
import type { ParamsOf, ResultOf } from "../../../../src/protocol/operation.ts";
import { until, useFakeClock } from "../../../helpers/fake_clock.ts";

type Page = ResultOf<"list_dir">;
type Answer = (
  params: ParamsOf<"list_dir">,
  options: { readonly host: string; readonly signal: AbortSignal },
) => Page | Promise<Page>;

const { signal } = new AbortController();
const HOSTS = ["a", "b"].map((id) => ({ id, name: `host-${id}` }));

/** A page of a listing. */
function page(changes: Partial<Page> = {}, files: readonly string[] = []): Page {
  const none = { count: 0, first: [] };
  return {
    path: "/data",
    entries: files.map((path) => ({ path, kind: "file", size: 3, mtime: null, mode: null })),
    next: null,
    totals: { entries: files.length, file: files.length, directory: 0, symlink: 0, other: 0, examined: 0 },
    leftOut: { hidden: 0, ignored: 0, denied: none, unreadable: none, ignoreFiles: none },
    stopped: null,
    ...changes,
  };
}

/** Hosts that answer as they are told. */
function hostsThat(answer: Answer): Hosts {
  const call = async (host: string | undefined, { op, params }: { op: string; params: unknown }, options: {
    signal: AbortSignal;
  }) => {
    assert.equal(op, "list_dir");
    const id = host ?? "";
    // The only operation that is asked for.
    const result = await answer(params as ParamsOf<"list_dir">, { host: id, signal: options.signal });
    return { agent: { id, name: id }, result };
  };
  return {
    call: call as Hosts["call"], // Of one operation only, as was just checked.
    present: () => assert.fail("The agents were asked for"),
    addressOf: () => undefined,
    onAgentsChange: () => () => {},
  };
}

const find = (answer: Answer) => findFiles(hostsThat(answer), HOSTS, { pattern: "/data/*.log", signal });

const PATTERNS: readonly (readonly [string, string, string])[] = [
  ["/var/log/app/*.log", "/var/log/app", "*.log"],
  ["/var/*/app/x.log", "/var", "*/app/x.log"],
  ["/data/file", "/data", "file"],
  ["/*.log", "/", "*.log"],
  ["*.log", "~", "*.log"],
  ["logs/{a,b}.log", "logs", "{a,b}.log"],
];
for (const [pattern, folder, glob] of PATTERNS) {
  Deno.test(`splitPattern() divides "${pattern}"`, () => {
    assert.deepEqual(splitPattern(pattern), { folder, glob });
  });
}

Deno.test("findFiles() gathers the pages of all hosts in their order", async () => {
  const asked: (string | undefined)[] = [];
  const files = await find(({ cursor, path, glob }, { host }) => {
    assert.deepEqual([path, glob], ["/data", "*.log"]);
    if (host === "b") return page({}, ["b.log"]);
    asked.push(cursor);
    return cursor === undefined ? page({ next: "2" }, ["1.log"]) : page({ path: "/data/" }, ["2.log"]);
  });
  assert.deepEqual(asked, [undefined, "2"]);
  assert.deepEqual(files.map(({ host, path, bytes }) => `${host} ${path} ${bytes}`), [
    "a /data/1.log 3",
    "a /data/2.log 3",
    "b /data/b.log 3",
  ]);
});

Deno.test("findFiles() passes over hosts without the folder, unless none has it", async () => {
  const gone = () => Promise.reject(new OperationError("cannot_run", "Cannot look: no such file or folder"));
  const files = await find((_, { host }) => host === "a" ? gone() : page({}, ["x.log"]));
  assert.deepEqual(files.map(({ host }) => host), ["b"]);
  await assert.rejects(find(gone), /no host has such a file/);
});

const INCOMPLETE: readonly (readonly [string, Page, RegExp])[] = [
  [
    "stopped looking",
    page({ stopped: { reason: "time", message: "too\nslow" } }, ["a.log"]),
    /too\\u\{a\}slow/,
  ],
  ["names a path that nobody could ask for", page({}, ["x".repeat(8_000_000)]), /over 4096 characters/],
  ["always says that more follows", page({ next: "more" }), /a page that has no files/],
];
for (const [what, answer, message] of INCOMPLETE) {
  Deno.test(`findFiles() leaves no file out in silence when a host ${what}`, async () => {
    await assert.rejects(find(() => answer), (error) => {
      assert.ok(error instanceof OperationError);
      assert.match(error.message, message);
      assert.match(error.message, /on "host-a"/);
      assert.ok(error.message.length < 1_000);
      return true;
    });
  });
}

Deno.test("findFiles() does not wait for ever for a host that never answers", async () => {
  using clock = useFakeClock();
  const finding = find((_, { host, signal }) =>
    host === "a"
      ? page({}, ["x.log"])
      : new Promise<Page>((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new OperationError("cancelled", "Given up")))
      )
  );
  const rejected = assert.rejects(finding, /on "host-b": it did not answer in 120 s$/);
  await until("the deadline is set", () => clock.timers > 0);
  await clock.advance(120_000);
  await rejected;
  assert.equal(clock.timers, 0);
});

Deno.test("findFiles() ends the search on all hosts when one cannot tell", async () => {
  const asked: string[] = [];
  const many = Array.from({ length: 200 }, (_, i) => ({ id: `${i}`, name: `host-${i}` }));
  const fleet = hostsThat((_, { host, signal }) => {
    asked.push(host);
    if (host === "3") throw new OperationError("refused", "Cannot list it");
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new OperationError("cancelled", "It was given up")))
    );
  });
  await assert.rejects(findFiles(fleet, many, { pattern: "/data/*.log", signal }), { code: "refused" });
  assert.ok(asked.length <= 64, "nobody is asked any more");
});
