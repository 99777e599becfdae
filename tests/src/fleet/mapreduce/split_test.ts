import assert from "node:assert/strict";
import fc from "fast-check";
import { OperationError } from "../../../../src/errors.ts";
import {
  identityOfData,
  MAX_PARTITIONS,
  planSplits,
  splitFiles,
  splitItems,
} from "../../../../src/fleet/mapreduce/split.ts";
import { fromUtf8, utf8 } from "../../../../src/protocol/bytes.ts";

const MIB = 1024 * 1024;

for (
  const { what, given, partitions, splitBytes } of [
    { what: "nothing", given: { bytes: 0, hosts: 4 }, partitions: 0, splitBytes: MIB },
    { what: "a little", given: { bytes: 10, hosts: 4 }, partitions: 1, splitBytes: MIB },
    {
      what: "200 MiB on 4 hosts",
      given: { bytes: 200 * MIB, hosts: 4 },
      partitions: 32,
      splitBytes: 6.25 * MIB,
    },
    {
      what: "10 GiB on 4 hosts",
      given: { bytes: 10_240 * MIB, hosts: 4 },
      partitions: 160,
      splitBytes: 64 * MIB,
    },
    {
      what: "more than 10 000 would take",
      given: { bytes: 2_000_000 * MIB, hosts: 1 },
      partitions: 10_000,
      splitBytes: 200 * MIB,
    },
    {
      what: "as many as asked",
      given: { bytes: 100, hosts: 1, partitions: 7 },
      partitions: 7,
      splitBytes: 15,
    },
    {
      what: "no more than bytes",
      given: { bytes: 3, hosts: 1, partitions: 7 },
      partitions: 3,
      splitBytes: 1,
    },
    { what: "by size", given: { bytes: 100, hosts: 1, splitBytes: 30 }, partitions: 4, splitBytes: 30 },
    {
      what: "by a size that is too small",
      given: { bytes: 20_000, hosts: 1, splitBytes: 1 },
      partitions: 10_000,
      splitBytes: 2,
    },
  ]
) {
  Deno.test(`planSplits() divides ${what}`, () => {
    assert.deepEqual(planSplits(given), { partitions, splitBytes });
  });
}

for (
  const given of [
    { bytes: 1, hosts: 1, partitions: 0 },
    { bytes: 1, hosts: 1, partitions: NaN },
    { bytes: 1, hosts: 1, partitions: MAX_PARTITIONS + 1 },
    { bytes: 1, hosts: 1, splitBytes: 0 },
  ]
) {
  Deno.test(`planSplits() refuses ${JSON.stringify(given)}`, () => {
    assert.throws(() => planSplits(given), OperationError);
  });
}

Deno.test("splitItems() keeps every item once and in order, in partitions of about the same size", () => {
  const line = fc.string().filter((text) => !text.includes("\n"));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (items, partitions) => {
      const parts = splitItems(items, { partitions, format: "lines" }).map(fromUtf8);
      assert.equal(parts.length, Math.min(partitions, items.length));
      assert.equal(parts.join(""), items.map((item) => `${item.toWellFormed()}\n`).join(""));
      const sizes = parts.map((part) => part.split("\n").length - 1);
      assert.ok(Math.max(0, ...sizes) - Math.min(Infinity, ...sizes) <= 1);
    }),
  );
});

Deno.test("splitItems() writes JSON values, one a line", () => {
  const items = ["a\nb", 1, { x: [null] }];
  assert.deepEqual(splitItems(items, { partitions: 1, format: "json" }).map(fromUtf8), [
    '"a\\nb"\n1\n{"x":[null]}\n',
  ]);
  assert.deepEqual(splitItems([1, "a"], { partitions: 2, format: "lines" }).map(fromUtf8), ["1\n", "a\n"]);
});

Deno.test("splitItems() refuses a line break inside a line, and what is no value", () => {
  assert.throws(() => splitItems(["a", "b\nc"], { partitions: 2, format: "lines" }), /item 1/);
  assert.throws(() => splitItems([undefined], { partitions: 1, format: "json" }), OperationError);
});

Deno.test("splitFiles() groups the small files of each host, and pins them to it", () => {
  const files = [
    { host: "a", path: "/1", bytes: 4 },
    { host: "b", path: "/1", bytes: 4 },
    { host: "a", path: "/2", bytes: 4 },
    { host: "a", path: "/3", bytes: 400 },
    { host: "a", path: "/4", bytes: 0 },
  ];
  assert.deepEqual(splitFiles(files, { splitBytes: 10 }), [
    { type: "files", host: "a", paths: ["/1", "/2"], bytes: 8 },
    { type: "files", host: "a", paths: ["/3"], bytes: 400 },
    { type: "files", host: "a", paths: ["/4"], bytes: 0 },
    { type: "files", host: "b", paths: ["/1"], bytes: 4 },
  ]);
});

Deno.test("splitFiles() makes no more than 10 000 partitions, and no request of too many files", () => {
  const many = Array.from({ length: 30_000 }, (_, i) => ({ host: "a", path: `/${i}`, bytes: 100 }));
  const inputs = splitFiles(many, { splitBytes: 100 });
  assert.ok(inputs.length <= MAX_PARTITIONS);
  assert.equal(inputs.flatMap((input) => input.type === "files" ? input.paths : []).length, 30_000);
  const empty = Array.from({ length: 9_000 }, (_, i) => ({ host: "a", path: `/${i}`, bytes: 0 }));
  assert.deepEqual(
    splitFiles(empty, { splitBytes: 100 }).map((input) => input.type === "files" && input.paths.length),
    [
      4_096,
      4_096,
      808,
    ],
  );
  const hosts = Array.from({ length: 10_001 }, (_, i) => ({ host: `h${i}`, path: "/1", bytes: 1 }));
  assert.throws(() => splitFiles(hosts, { splitBytes: 100 }), /10001 partitions/);
});

Deno.test("identityOfData() tells other data, and data that is divided in another way, apart", async () => {
  const of = (...texts: string[]) => identityOfData(texts.map(utf8));
  assert.equal(await of("a", "b"), await of("a", "b"));
  assert.equal(new Set([await of("a", "b"), await of("ab"), await of("b", "a"), await of()]).size, 4);
});
