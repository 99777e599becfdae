import assert from "node:assert/strict";
import { modeForPeer, PeerRule } from "../../../src/safety/peer_rules.ts";

const ID = "abcdefghijklmnopqrst";
const OTHER = "bbcdefghijklmnopqrst";

const cases: readonly (readonly [rules: readonly unknown[], id: string, expected: string | undefined])[] = [
  [[], ID, "bypass"],
  [[ID], ID, "bypass"],
  [[ID], OTHER, undefined],
  [[`${ID}=plan`, OTHER], ID, "plan"],
  [[{ id: ID, mode: "edit" }], ID, "edit"],
  [[{ id: ID, mode: "disabled" }], ID, "disabled"],
  [[{ id: ID }], ID, "bypass"],
];
for (const [rules, id, expected] of cases) {
  Deno.test(`modeForPeer() gives ${expected} to ${id} by ${JSON.stringify(rules)}`, () => {
    assert.equal(modeForPeer(rules.map((rule) => PeerRule.parse(rule)), id), expected);
  });
}

for (const wrong of ["", "short", `${ID}=all`, `${ID}=`, { id: ID, more: 1 }, 5, null, `${ID}x`]) {
  Deno.test(`PeerRule refuses ${JSON.stringify(wrong)}`, () => {
    assert.equal(PeerRule.safeParse(wrong).success, false);
  });
}
