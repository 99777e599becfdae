import assert from "node:assert/strict";
import { ANY, HOME, ONE, OPEN } from "../../../../src/safety/catastrophe/fields.ts";
import { greatFolder } from "../../../../src/safety/catastrophe/removal.ts";

const MACHINE = { homes: ["/data/users/me", "/root"] };

const great: readonly (readonly [target: string, folder?: string])[] = [
  ["/"],
  ["//"],
  ["/."],
  ["/x/.."],
  ["/../.."],
  ["/etc"],
  ["/etc/"],
  [`/${ANY}`],
  [`/.${ANY}`],
  [`/${ONE}${ANY}`],
  [`/e${ANY}`],
  [`/etc/${ANY}`],
  ["/home/x"],
  ["/Users/x"],
  [`/home/x/${ANY}`],
  [`/${ANY}/${ANY}`],
  ["/data/users"],
  ["/data/users/me"],
  [`/data/users/me/.${ANY}`],
  [HOME],
  [`${HOME}/`],
  [`${HOME}/${ANY}`],
  [`${HOME}/..`],
  [".", "/"],
  [ANY, "/etc"],
  ["..", "/etc/x"],
  ["../..", "/home/me"],
  [ANY, HOME],
];
for (const [target, folder] of great) {
  Deno.test(`greatFolder() sees that ${JSON.stringify(target)} in ${folder ?? "some folder"} is one`, () => {
    assert.notEqual(greatFolder(target, folder, MACHINE), undefined);
  });
}

const small: readonly (readonly [target: string, folder?: string])[] = [
  [""],
  ["x"],
  ["."],
  ["../.."],
  [ANY],
  [OPEN],
  [`${OPEN}/${ANY}`],
  [`/${OPEN}`],
  ["/tmp/x"],
  [`/tmp/${ANY}`],
  ["/usr/local/x"],
  ["/home/me/x"],
  [`/home/me/x/${ANY}`],
  [`/etc/x${ANY}`],
  ["/data/users/me/x"],
  ["/data/other"],
  [`${HOME}/x`],
  ["x", "/tmp"],
  [ANY, "/home/me/x"],
  [ANY, OPEN],
];
for (const [target, folder] of small) {
  Deno.test(`greatFolder() sees that ${JSON.stringify(target)} in ${folder ?? "some folder"} is none`, () => {
    assert.equal(greatFolder(target, folder, MACHINE), undefined);
  });
}
