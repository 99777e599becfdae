import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatSample,
  isSampleWord,
  readSample,
  sampleHosts,
  type TargetSample,
} from "../../../src/protocol/target_sample.ts";

const WORDS: readonly [string, TargetSample][] = [
  ["10%", { kind: "share", percent: 10 }],
  ["2.5%", { kind: "share", percent: 2.5 }],
  ["100%@Monday", { kind: "share", percent: 100, seed: "monday" }],
  ["n:3", { kind: "count", count: 3 }],
  ["N:007@a.b", { kind: "count", count: 7, seed: "a.b" }],
];
for (const [word, expected] of WORDS) {
  Deno.test(`readSample() reads "${word}"`, () => {
    assert.ok(isSampleWord(word));
    assert.deepEqual(readSample(word), expected);
    assert.deepEqual(readSample(formatSample(expected)), expected);
  });
}

for (
  const word of [
    "0%",
    "0.5%",
    "100.1%",
    "1000%",
    "-5%",
    "10%@",
    "10%@a b",
    "n:0",
    "n:",
    "n:1.5",
    "n:-1",
    "n:2000000",
    "10%x",
  ]
) {
  Deno.test(`readSample() tells what is wrong with "${word}"`, () => {
    assert.ok(isSampleWord(word));
    assert.equal(typeof readSample(word), "string");
  });
}

for (const word of ["web", "n", "10", "nn:3", "a%", "name:n:3"]) {
  Deno.test(`isSampleWord() takes "${word}" for a term`, () => assert.ok(!isSampleWord(word)));
}

const SIZES: readonly [TargetSample, number, number][] = [
  [{ kind: "share", percent: 10 }, 0, 0],
  [{ kind: "share", percent: 10 }, 1, 1],
  [{ kind: "share", percent: 10 }, 10, 1],
  [{ kind: "share", percent: 10 }, 11, 2],
  [{ kind: "share", percent: 1.1 }, 1000, 11],
  [{ kind: "share", percent: 7 }, 100, 7],
  [{ kind: "share", percent: 100 }, 37, 37],
  [{ kind: "count", count: 3 }, 100, 3],
  [{ kind: "count", count: 3 }, 2, 2],
];
for (const [sample, total, expected] of SIZES) {
  Deno.test(`sampleHosts() takes ${expected} hosts for ${formatSample(sample)} of ${total}`, () =>
    assert.equal(sampleHosts(sample, hostsOf(total)).length, expected));
}

Deno.test("sampleHosts() takes all without a sample", () =>
  assert.equal(sampleHosts(undefined, hostsOf(5)).length, 5));

Deno.test("sampleHosts() chooses the same whatever the order is, and keeps the order", () => {
  fc.assert(fc.property(fc.shuffledSubarray(hostsOf(40)), someSample(), (hosts, sample) => {
    const chosen = sampleHosts(sample, hosts);
    assert.deepEqual(chosen, hosts.filter((host) => chosen.includes(host)));
    const others = sampleHosts(sample, hosts.toReversed());
    assert.deepEqual(new Set(others), new Set(chosen));
  }));
});

Deno.test("sampleHosts() changes at most one choice when one host comes or goes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 60 }),
      fc.nat(59),
      fc.integer({ min: 1, max: 20 }),
      (total, gone, count) => {
        const hosts = hostsOf(total);
        const sample: TargetSample = { kind: "count", count };
        const before = sampleHosts(sample, hosts);
        const after = sampleHosts(sample, hosts.toSpliced(gone % total, 1));
        assert.ok(before.filter((host) => !after.includes(host)).length <= 1);
      },
    ),
  );
});

Deno.test("sampleHosts() takes a larger sample from round a smaller one", () => {
  const three = sampleHosts({ kind: "count", count: 3 }, hostsOf(100));
  const thirty = sampleHosts({ kind: "share", percent: 30 }, hostsOf(100));
  assert.ok(three.every(({ id }) => thirty.some((host) => host.id === id)));
});

Deno.test("sampleHosts() chooses others with another seed, and every host about as often", () => {
  const hosts = hostsOf(50);
  const counts = new Map(hosts.map(({ id }) => [id, 0]));
  const choices = new Set<string>();
  for (let seed = 0; seed < 1000; seed++) {
    const chosen = sampleHosts({ kind: "share", percent: 10, seed: `s${seed}` }, hosts);
    choices.add(chosen.map(({ id }) => id).join());
    for (const { id } of chosen) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  assert.ok(choices.size > 990, `${choices.size} different choices`);
  // 1000 draws at 0.1: the standard deviation is 9.5, and the seeds are fixed, so this never changes.
  for (const count of counts.values()) {
    assert.ok(count > 55 && count < 145, `a host was chosen ${count} times`);
  }
});

Deno.test("sampleHosts() makes the same choice in every version, or nodes would not agree", () => {
  const names = (sample: TargetSample) => sampleHosts(sample, hostsOf(100)).map(({ id }) => id).join(" ");
  assert.equal(names({ kind: "count", count: 4 }), "host0 host6 host39 host95");
  assert.equal(names({ kind: "share", percent: 4, seed: "monday" }), "host1 host3 host72 host94");
});

function someSample(): fc.Arbitrary<TargetSample> {
  return fc.oneof(
    fc.integer({ min: 1, max: 100 }).map((percent) => ({ kind: "share" as const, percent })),
    fc.integer({ min: 1, max: 50 }).map((count) => ({ kind: "count" as const, count, seed: "x" })),
  );
}

function hostsOf(total: number) {
  return Array.from({ length: total }, (_, i) => ({ id: `host${i}` }));
}
