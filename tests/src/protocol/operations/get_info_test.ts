import assert from "node:assert/strict";
import { getInfo } from "../../../../src/protocol/operations/get_info.ts";
import { infoResult } from "../../../helpers/sample_results.ts";

Deno.test("the params of get_info are an empty object", () => {
  assert.ok(getInfo.params.safeParse({}).success);
  for (const value of [{ a: 1 }, [], null, undefined]) {
    assert.equal(getInfo.params.safeParse(value).success, false);
  }
});

const result = infoResult();

Deno.test("the result of get_info takes a whole description", () => {
  assert.deepEqual(getInfo.result.parse(result), result);
});

for (const field of Object.keys(result)) {
  Deno.test(`the result of get_info needs ${field}`, () => {
    assert.equal(getInfo.result.safeParse({ ...result, [field]: undefined }).success, false);
  });
}
