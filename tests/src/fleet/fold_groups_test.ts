import assert from "node:assert/strict";
import fc from "fast-check";
import { groupHosts, isCarriedOut, mergeGroups, urgencyOf } from "../../../src/fleet/fold_groups.ts";
import type { HostOutcome } from "../../../src/fleet/run.ts";
import { anyHosts, hostOutcome, saidBy } from "../../helpers/run_record.ts";

const namesOf = (groups: readonly { readonly hosts: readonly HostOutcome[] }[]) =>
  groups.map(({ hosts }) => hosts.map(({ agent }) => agent.name).join(" "));
const group = (hosts: readonly HostOutcome[], maskNumbers = false) =>
  groupHosts(hosts, { textOf: saidBy, maskNumbers });
const refused = (name: string, message: string) =>
  hostOutcome(name, { status: "refused", error: { code: "refused", message } });

const cases: readonly (readonly [string, readonly HostOutcome[], readonly string[]])[] = [
  ["nothing", [], []],
  ["same texts together", [
    hostOutcome("a", { result: "x" }),
    hostOutcome("b", { result: "y" }),
    hostOutcome("c", { result: "y" }),
  ], ["b c", "a"]],
  ["exit codes apart", [
    hostOutcome("a", { exitCode: 0, result: "x" }),
    hostOutcome("b", { status: "failed", exitCode: 1, result: "x" }),
  ], ["a", "b"]],
  ["signals, notes and errors apart", [
    hostOutcome("a", { status: "failed", signal: "SIGKILL" }),
    hostOutcome("b", { status: "failed", signal: "SIGTERM" }),
    hostOutcome("c", { status: "failed", note: "changed on the way" }),
    hostOutcome("d", { status: "failed", error: { code: "internal", message: "Cannot" } }),
  ], ["a", "b", "c", "d"]],
  ["durations and jobs not apart", [
    hostOutcome("a", { durationMs: 1, job: "j_a" }),
    hostOutcome("b", { durationMs: 2, job: "j_b" }),
  ], ["a b"]],
  ["what hosts say that run not apart", [
    hostOutcome("a", { status: "running", result: "x" }),
    hostOutcome("b", { status: "running", result: "y" }),
  ], ["a b"]],
  ["failures before other successes, and what was not done behind", [
    hostOutcome("waits", { status: "waiting" }),
    hostOutcome("runs", { status: "running" }),
    hostOutcome("skipped", { status: "skipped" }),
    hostOutcome("gone", { status: "gone" }),
    hostOutcome("refused", { status: "refused" }),
    hostOutcome("odd", { result: "odd" }),
    hostOutcome("slow", { status: "timed_out" }),
    hostOutcome("bad", { status: "failed" }),
    hostOutcome("usual-1"),
    hostOutcome("usual-2"),
  ], ["usual-1 usual-2", "bad", "slow", "odd", "refused", "gone", "skipped", "runs", "waits"]],
  ["the largest first even if it failed", [
    hostOutcome("good"),
    hostOutcome("bad-1", { status: "failed" }),
    hostOutcome("bad-2", { status: "failed" }),
  ], ["bad-1 bad-2", "good"]],
  ["refusals together although each names its host", [
    refused("a", 'Cannot run it on "a"'),
    refused("b", 'Cannot run it on "b"'),
  ], ["a b"]],
];
for (const [what, hosts, expected] of cases) {
  Deno.test(`groupHosts() puts ${what}`, () => assert.deepEqual(namesOf(group(hosts)), expected));
}

Deno.test("groupHosts() tells an error in the host's own words unless hosts differ in them", () => {
  const one = group([refused("a", 'Cannot open "a"')]);
  assert.equal(one[0]?.error?.message, 'Cannot open "a"');
  const two = group([refused("a", 'Cannot reach "a"'), refused("b", 'Cannot reach "b"')]);
  assert.equal(two[0]?.error?.message, "Cannot reach this host");
});

Deno.test("groupHosts() with masks puts texts together that differ in numbers, and tells which do", () => {
  const hosts = ["pid 1 of 9", "pid 2 of 9", "pid 1 of 9"].map((result, i) =>
    hostOutcome(`h${i}`, { result })
  );
  assert.equal(group(hosts).length, 2);
  const [all, ...others] = group(hosts, true);
  assert.deepEqual(others, []);
  assert.deepEqual(all?.said.differing, new Set([0]));
});

Deno.test("groupHosts() notes that a host did not send all", () => {
  const hosts = [hostOutcome("a"), hostOutcome("b")];
  const [all] = groupHosts(hosts, { textOf: saidBy, isCut: ({ agent }) => agent.name === "b" });
  assert.equal(all?.isCut, true);
});

Deno.test("mergeGroups() keeps the first and the largest, and puts the rest together by how they ended", () => {
  const hosts = [
    ...["x", "x", "x", "y", "y", "z", "w"].map((result, i) => hostOutcome(`s${i}`, { result })),
    ...[1, 1, 2].map((exitCode, i) => hostOutcome(`f${i}`, { status: "failed", exitCode, result: `${i}` })),
  ];
  const groups = group(hosts);
  assert.deepEqual(namesOf(mergeGroups(groups, { keep: 2, by: "ending" })), [
    "s0 s1 s2",
    "f2",
    "f0 f1",
    "s3 s4",
    "s5 s6",
  ]);
  const byStatus = mergeGroups(groups, { keep: 1, by: "status" });
  assert.deepEqual(namesOf(byStatus), ["s0 s1 s2", "f0 f1 f2", "s3 s4 s5 s6"]);
  assert.deepEqual(byStatus.map(({ outputs }) => outputs), [1, 3, 3]);
  assert.deepEqual(byStatus.map(({ mergedCharacters }) => mergedCharacters), [0, 3, 3]);
  assert.equal(byStatus[1]?.exitCode, undefined);
});

Deno.test("groupHosts() and mergeGroups() lose nobody and count nobody twice", () => {
  const by = fc.constantFrom("ending", "status");
  fc.assert(
    fc.property(anyHosts({ maxLength: 40 }), fc.boolean(), fc.nat(40), by, (hosts, mask, keep, by) => {
      const groups = group(hosts, mask);
      const ids = (all: typeof groups) => all.flatMap((one) => one.hosts.map(({ agent }) => agent.id)).sort();
      const expected = hosts.map(({ agent }) => agent.id).sort();
      assert.deepEqual(ids(groups), expected);
      const merged = mergeGroups(groups, { keep, by });
      assert.deepEqual(ids(merged), expected);
      for (const { status, hosts } of merged) assert.ok(hosts.every((host) => host.status === status));
      if (keep === 0 && by === "status") assert.ok(merged.length <= 8);
    }),
  );
});

Deno.test("isCarriedOut() and urgencyOf() know every status", () => {
  assert.ok(isCarriedOut({ status: "failed" }) && !isCarriedOut({ status: "gone" }));
  assert.ok(urgencyOf({ status: "failed" }) < urgencyOf({ status: "waiting" }));
  assert.ok(urgencyOf({ status: "waiting" }) < urgencyOf({ status: "succeeded" }));
});
