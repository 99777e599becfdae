import assert from "node:assert/strict";
import { modeRemedy, settingRemedy } from "../../../src/safety/owner_remedy.ts";

for (const remedy of [modeRemedy("edit"), modeRemedy("plan"), settingRemedy("deny_paths")]) {
  Deno.test(`a model that reads "${remedy.slice(0, 90)}..." is told who can do it, and not to`, () => {
    assert.match(remedy, /^Only the host's owner can allow it, .*(?:at|on) that machine/);
    assert.match(remedy, /Ask the user; do not try to change it or to get around it$/);
    assert.doesNotMatch(remedy, /set_mode/);
  });
}
