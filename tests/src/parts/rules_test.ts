import assert from "node:assert/strict";
import { fileNameOf, PART_LIMITS, spareBytes } from "../../../src/parts/rules.ts";

const GIB = 1024 ** 3;

const disks: readonly (readonly [totalGib: number, availableGib: number, spareGib: number])[] = [
  [10, 5, 4],
  [100, 50, 45],
  [100, 4, -1],
];
for (const [total, available, spare] of disks) {
  Deno.test(`spareBytes() of ${available} GiB free of ${total} is ${spare} GiB`, () =>
    assert.equal(
      spareBytes({ totalBytes: total * GIB, availableBytes: available * GIB }, PART_LIMITS),
      spare * GIB,
    ));
}

Deno.test("spareBytes() does not guess where the system does not tell", () =>
  assert.equal(spareBytes(undefined, PART_LIMITS), Infinity));

Deno.test("fileNameOf() never is a name with a meaning to a system", () =>
  assert.equal(fileNameOf("con.1"), "part-con.1"));
