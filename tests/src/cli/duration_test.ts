import assert from "node:assert/strict";
import { readDuration } from "../../../src/cli/duration.ts";
import { ConfigError } from "../../../src/errors.ts";

const OPTIONS = { flag: "--for", mostMs: 2 * 86_400_000 };

for (
  const [text, ms] of [["90s", 90_000], ["30m", 1_800_000], [" 2h ", 7_200_000], ["2d", 172_800_000]] as const
) {
  Deno.test(`readDuration() reads "${text}"`, () => assert.equal(readDuration(text, OPTIONS), ms));
}

for (const text of ["", "30", "m", "-1m", "1.5h", "3d", "0m", "1w", "99999999999m"]) {
  Deno.test(`readDuration() refuses "${text}"`, () => {
    assert.throws(() => readDuration(text, OPTIONS), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /^Cannot read --for: "/);
      return true;
    });
  });
}
