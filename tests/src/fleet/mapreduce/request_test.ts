import assert from "node:assert/strict";
import { MapReduceRequest } from "../../../../src/fleet/mapreduce/request.ts";
import { requestOf } from "./_distributed.ts";

const requests: readonly (readonly [string, MapReduceRequest])[] = [
  ["items of any kind", requestOf({ input: { type: "data", items: ["a", 1, null, { b: [2] }] } })],
  ["a file", requestOf({ input: { type: "file", path: "/x", splitBy: "bytes", recordBytes: 8 } })],
  ["files of hosts", requestOf({ input: { type: "glob", pattern: "*.log" } })],
  [
    "everything that can be said",
    requestOf({
      combine: "c",
      reduce: "r",
      isKeyed: true,
      format: "json",
      reducers: 2,
      partitions: 3,
      splitBytes: 4,
      cwd: "/",
      timeoutMs: 5,
      slots: 6,
      maxRetries: 7,
      output: "/out",
    }),
  ],
];
for (const [what, request] of requests) {
  Deno.test(`MapReduceRequest keeps ${what} as it is written down`, () => {
    assert.deepEqual(MapReduceRequest.parse(JSON.parse(JSON.stringify(request))), request);
  });
}

Deno.test("MapReduceRequest refuses an input of no known kind, and one without a map", () => {
  const { map: _, ...rest } = requestOf();
  for (const wrong of [{ ...requestOf(), input: { type: "url", url: "x" } }, rest]) {
    assert.equal(MapReduceRequest.safeParse(wrong).success, false);
  }
});
