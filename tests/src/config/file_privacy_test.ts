import assert from "node:assert/strict";
import { ownerOnlyWarning } from "../../../src/config/file_privacy.ts";

for (const mode of [0o100600, 0o100400, 0o100700, null]) {
  Deno.test(`ownerOnlyWarning() is content with mode ${mode?.toString(8)}`, () => {
    assert.equal(ownerOnlyWarning("/c", mode), undefined);
  });
}
for (const mode of [0o100644, 0o100640, 0o100604]) {
  Deno.test(`ownerOnlyWarning() names the remedy for mode ${mode.toString(8)}`, () => {
    assert.equal(
      ownerOnlyWarning("/c", mode),
      'Others on this machine can read the secret in /c: run "chmod 600 /c"',
    );
  });
}
