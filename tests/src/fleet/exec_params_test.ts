import assert from "node:assert/strict";
import fc from "fast-check";
import { execParams, execWaitOf, outputBytesOf } from "../../../src/fleet/exec_params.ts";
import { exec } from "../../../src/protocol/operations/exec.ts";

const WAITS: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [0, 5_000, 0],
  [45_000, 0, 43_000],
  [45_000, 40_000, 4_250],
  [45_000, 44_000, 850],
  [1_000, 0, 850],
  [20, 0, 17],
  [1, 0, 0],
  [1_000, 1_000, 45_000],
  [1_000, 9_000, 45_000],
  [600_000, 0, 598_000],
  [9_000_000, 0, 600_000],
];
for (const [waitMs, elapsedMs, expected] of WAITS) {
  Deno.test(`execWaitOf() of a call that waits ${waitMs} ms and has for ${elapsedMs} is ${expected}`, () => {
    assert.equal(execWaitOf(waitMs, elapsedMs), expected);
  });
}

for (
  const [hosts, kib] of [[0, 64], [1, 64], [512, 64], [1_024, 32], [4_096, 8], [8_192, 4], [
    100_000,
    4,
  ]] as const
) {
  Deno.test(`outputBytesOf() ${hosts} hosts is ${kib} KiB`, () =>
    assert.equal(outputBytesOf(hosts), kib * 1024));
}

Deno.test("execParams() is always what exec takes", () => {
  const wait = exec.params.shape.wait_ms;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 700_000 }),
      fc.nat(900_000),
      fc.nat(9_999),
      (waitMs, elapsedMs, hosts) => {
        const params = execParams({ command: "x", wait_ms: 7 }, { hosts, waitMs, elapsedMs });
        assert.ok(wait.safeParse(params["wait_ms"]).success);
        if (waitMs > elapsedMs) assert.ok(Number(params["wait_ms"]) <= waitMs - elapsedMs);
        assert.equal(params["max_output_bytes"], outputBytesOf(hosts));
      },
    ),
  );
});

Deno.test("execParams() asks for less output if the caller does", () => {
  const params = { max_output_bytes: 5_000 };
  assert.equal(execParams(params, { hosts: 1, waitMs: 1, elapsedMs: 0 })["max_output_bytes"], 5_000);
  assert.equal(execParams(params, { hosts: 99_999, waitMs: 1, elapsedMs: 0 })["max_output_bytes"], 4_096);
});
