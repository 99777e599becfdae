import assert from "node:assert/strict";
import fc from "fast-check";
import { foldRun, MIN_FOLD_TOKENS } from "../../../src/fleet/fold.ts";
import { estimateTokens } from "../../../src/fleet/fold_budget.ts";
import type { HostOutcome, RunRecord } from "../../../src/fleet/run.ts";
import { FleetResult } from "../../../src/mcp/fleet_result.ts";
import { describeFleet } from "../../../src/mcp/texts/fleet.ts";
import { anyHosts, hostOutcome, runRecord, saidBy } from "../../helpers/run_record.ts";

interface Changes {
  readonly maxTokens?: number;
  readonly maskNumbers?: boolean;
}

function fold(record: RunRecord, { maxTokens = 6_000, maskNumbers = false }: Changes = {}) {
  return foldRun(record, { textOf: saidBy, maskNumbers, maxTokens, render: describeFleet });
}

function many(count: number, outcome: (index: number) => Partial<HostOutcome>): HostOutcome[] {
  return Array.from({ length: count }, (_, i) => hostOutcome(`web-${i + 1}`, outcome(i)));
}

/** Text without repetition, the same in each run. */
function noise(seed: number, length: number): string {
  let [text, state] = ["", seed * 2_654_435_761 >>> 0 || 1];
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36) + (state % 7 === 0 ? "\n" : " ");
  }
  return text.slice(0, length);
}

Deno.test("foldRun() shows what is the same once, and the odd ones against it", () => {
  const usual = Array.from({ length: 12 }, (_, i) => `line number ${i}`).join("\n");
  const hosts = many(20, (i) => ({ result: i === 6 ? usual.replace("number 5", "5 differs") : usual }));
  const folded = fold(runRecord({ hosts }));
  assert.deepEqual(folded.groups, [
    {
      hosts: "web-[1-6,8-20]",
      count: 19,
      status: "succeeded",
      bytes: usual.length,
      text: usual,
      omittedCharacters: 0,
    },
    {
      hosts: "web-7",
      count: 1,
      status: "succeeded",
      bytes: usual.length + 1,
      text: "@@ -5,3 +5,3 @@\n line number 4\n-line number 5\n+line 5 differs\n line number 6",
      omittedCharacters: 0,
      isDiff: true,
    },
  ]);
  assert.equal(folded.hosts.length, 20);
  assert.equal(folded.hostsOmitted, 0);
});

Deno.test("foldRun() counts hosts and lists what went wrong first", () => {
  const hosts = [
    hostOutcome("a", { exitCode: 0, durationMs: 12.4 }),
    hostOutcome("b", { status: "refused", error: { code: "refused", message: "Cannot" } }),
    hostOutcome("c", { status: "running", job: "j_c" }),
    hostOutcome("d", { status: "failed", exitCode: 3 }),
  ];
  const self = { agent: { id: "s", name: "self" }, reason: "self" } as const;
  const folded = fold(runRecord({ hosts, leftOut: [self], status: "running" }));
  assert.deepEqual(folded.counts, {
    hosts: 4,
    succeeded: 1,
    failed: 1,
    refused: 1,
    timed_out: 0,
    gone: 0,
    skipped: 0,
    running: 1,
    waiting: 0,
  });
  assert.deepEqual(folded.hosts.map(({ name, group }) => [name, folded.groups[group]?.hosts]), [
    ["d", "d"],
    ["b", "b"],
    ["c", "c"],
    ["a", "a"],
  ]);
  assert.equal(folded.hosts[3]?.durationMs, 12);
  assert.deepEqual(folded.groups.find(({ status }) => status === "running")?.jobs, [{
    agent: "c",
    job: "j_c",
  }]);
  assert.deepEqual(folded.leftOut, [{ hosts: "self", count: 1, reason: "self" }]);
});

Deno.test("foldRun() with masks shows numbers that differ as marks, and others as they are", () => {
  const hosts = many(5, (i) => ({ result: `pid ${i * 77} of 4096\n` }));
  const folded = fold(runRecord({ hosts }), { maskNumbers: true });
  assert.deepEqual(folded.groups.map(({ text, count }) => [text, count]), [["pid # of 4096", 5]]);
  assert.match(folded.notes.join(), /shown as #/);
});

Deno.test("foldRun() with masks compares odd ones without the numbers that differ everywhere", () => {
  const said = (
    i: number,
  ) => [`pid ${i * 77}`, ...Array.from({ length: 9 }, (_, n) => `a long line of words ${n}`)];
  const hosts = many(5, (i) => ({ result: [...said(i), ...(i === 4 ? ["an odd line"] : [])].join("\n") }));
  const [, odd] = fold(runRecord({ hosts }), { maskNumbers: true }).groups;
  assert.equal(odd?.isDiff, true);
  assert.ok(!odd?.text.includes("pid"), odd?.text);
});

Deno.test("foldRun() keeps small texts whole and cuts large ones alike", () => {
  const hosts = ["small", noise(1, 90_000), noise(2, 90_000)].map((result, i) =>
    hostOutcome(`h${i}`, { result })
  );
  const { groups } = fold(runRecord({ hosts }));
  assert.equal(groups[0]?.text, "small");
  const shown = groups.slice(1).map(({ text, end = "" }) => text.length + end.length);
  assert.ok(Math.min(...shown) > 0.8 * Math.max(...shown) && Math.min(...shown) > 3_000, String(shown));
  for (const { text, end = "", omittedCharacters } of groups.slice(1)) {
    assert.ok(Math.abs(omittedCharacters + text.length + end.length - 90_000) <= 2);
  }
});

Deno.test("foldRun() names groups without room together, and counts what they said", () => {
  const hosts = many(
    1_000,
    (i) => ({ result: noise(i, 500), ...(i % 100 === 7 ? { status: "failed" } : {}) }),
  );
  const { groups, counts } = fold(runRecord({ hosts }), { maxTokens: 2_000 });
  assert.equal(groups.reduce((sum, { count }) => sum + count, 0), 1_000);
  assert.deepEqual([counts.succeeded, counts.failed], [990, 10]);
  const merged = groups.filter(({ outputs }) => outputs !== undefined);
  assert.ok(merged.length >= 1);
  for (const { outputs, count, text, omittedCharacters } of merged) {
    assert.deepEqual([outputs, text], [count, ""]);
    assert.ok(omittedCharacters > 0);
  }
});

Deno.test("foldRun() keeps to the budget and accounts for every host", () => {
  const budget = fc.oneof(fc.constant(0), fc.integer({ min: MIN_FOLD_TOKENS, max: 4_000 }));
  const reason = fc.constantFrom("self", "not_accepting", "succeeded_before");
  const record = fc.record({
    hosts: fc.oneof(anyHosts({ maxLength: 12 }), anyHosts({ maxLength: 150 })),
    target: fc.string({ maxLength: 500 }),
    reason: fc.string({ maxLength: 500 }),
    leftOut: fc.array(
      fc.record({
        agent: fc.record({ id: fc.uuid(), name: fc.constantFrom("a", "b1", "n".repeat(64)) }),
        reason,
      }),
    ),
  });
  fc.assert(
    fc.property(record, budget, fc.boolean(), (parts, maxTokens, maskNumbers) => {
      const run = runRecord({ ...parts, status: "stopped" });
      const folded = fold(run, { maxTokens, maskNumbers });
      const text = describeFleet(folded);
      const most = Math.max(maxTokens, MIN_FOLD_TOKENS);
      assert.ok(estimateTokens(text) <= most, `text of ${estimateTokens(text)} tokens`);
      const json = JSON.stringify(folded);
      assert.ok(estimateTokens(json) <= most, `JSON of ${estimateTokens(json)} tokens`);
      assert.ok(json.isWellFormed() && text.isWellFormed());
      assert.deepEqual(FleetResult.parse(folded), folded);
      assert.deepEqual(fold(run, { maxTokens, maskNumbers }), folded);

      const total = folded.groups.reduce((sum, { count }) => sum + count, 0);
      assert.equal(total, run.hosts.length);
      assert.equal(folded.hosts.length + folded.hostsOmitted, run.hosts.length);
      for (const { status, group } of folded.hosts) assert.equal(folded.groups[group]?.status, status);
      // Nothing that a host said makes a line about hosts.
      const headings = text.split("\n").filter((line) => line.startsWith("== "));
      assert.equal(headings.length, folded.groups.length);
      assert.ok(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replaceAll(/[\n\t]/g, "")));
    }),
    { numRuns: 60 },
  );
});

Deno.test("foldRun() holds the least budget with every status, long names and many left out", () => {
  const hosts = anyStatuses().flatMap((status, s) =>
    Array.from(
      { length: 40 },
      (_, i) =>
        hostOutcome(`${"n".repeat(58)}-${String.fromCharCode(97 + s)}${i * 2}`, {
          status,
          result: noise(i, 200),
          exitCode: i,
          note: "note ".repeat(50),
          error: { code: "internal", message: `${i}`.repeat(50), remedy: "do ".repeat(100) },
        }),
    )
  );
  const leftOut = (["self", "not_accepting", "succeeded_before"] as const).flatMap((reason) =>
    hosts.slice(0, 50).map(({ agent }) => ({ agent, reason }))
  );
  const folded = fold(runRecord({ hosts, leftOut, target: "t".repeat(900), reason: "r".repeat(900) }), {
    maxTokens: 0,
  });
  assert.ok(estimateTokens(describeFleet(folded)) <= MIN_FOLD_TOKENS);
  assert.ok(estimateTokens(JSON.stringify(folded)) <= MIN_FOLD_TOKENS);
});

function anyStatuses() {
  return ["succeeded", "failed", "refused", "timed_out", "gone", "skipped", "running", "waiting"] as const;
}

Deno.test("foldRun() shows a line of ten million characters by its ends", () => {
  const hosts = [hostOutcome("a", { result: "😀".repeat(5_000_000) }), hostOutcome("b", { result: "b" })];
  const [, large] = fold(runRecord({ hosts })).groups;
  const [odd] = fold(runRecord({ hosts: hosts.slice(0, 1) })).groups;
  for (const group of [large, odd]) {
    assert.ok(group === undefined || `${group.text}${group.end}`.isWellFormed());
  }
  assert.ok((odd?.omittedCharacters ?? 0) > 9_900_000);
});

for (const maskNumbers of [false, true]) {
  Deno.test(`foldRun() folds 5 000 hosts that each said something else, ${maskNumbers ? "" : "not "}masked`, () => {
    const hosts = many(5_000, (i) => ({ result: noise(i, 4_096), exitCode: i % 200 }));
    const start = performance.now();
    const folded = fold(runRecord({ hosts }), { maskNumbers });
    // Takes a tenth of it; comparing pairs would take hours.
    assert.ok(performance.now() - start < 15_000);
    assert.equal(folded.groups.reduce((sum, { count }) => sum + count, 0), 5_000);
  });
}
