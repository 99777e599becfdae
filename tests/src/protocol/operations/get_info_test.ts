import assert from "node:assert/strict";
import { getInfo } from "../../../../src/protocol/operations/get_info.ts";

Deno.test("the params of get_info are an empty object", () => {
  assert.ok(getInfo.params.safeParse({}).success);
  for (const value of [{ a: 1 }, [], null, undefined]) {
    assert.equal(getInfo.params.safeParse(value).success, false);
  }
});

const result = {
  id: "abc",
  name: "build",
  tags: ["ci"],
  role: "service",
  platform: { os: "linux", family: "linux", arch: "x86_64", kernel: "6.1", shell: "/bin/sh" },
  hostname: "build",
  user: "ada",
  home: "/home/ada",
  mode: "edit",
  accepts: true,
  version: "0.1.0",
  pid: 1,
  processors: 2,
  memory: { totalBytes: 1, availableBytes: 0 },
  startedAt: "2026-01-01T00:00:00.000Z",
  running: 0,
  queued: 0,
};

Deno.test("the result of get_info takes a whole description", () => {
  assert.deepEqual(getInfo.result.parse(result), result);
});

for (const field of Object.keys(result)) {
  Deno.test(`the result of get_info needs ${field}`, () => {
    assert.equal(getInfo.result.safeParse({ ...result, [field]: undefined }).success, false);
  });
}
