import assert from "node:assert/strict";
import fc from "fast-check";
import { AgentName, Card, Tag } from "../../../src/protocol/card.ts";

const key = "A".repeat(43);
const platform = { os: "linux", family: "linux", arch: "x86_64", kernel: "6.1", shell: "/bin/sh" };
const card = {
  v: 1,
  seq: 0,
  hostKey: key,
  sessionKey: key,
  dhKey: key,
  name: "build",
  tags: ["ci"],
  platform,
  mode: "edit",
  accepts: true,
  role: "service",
  version: "0.1.0",
  capabilities: [],
  startedAt: 0,
  connectedAt: 0,
};

const taken: readonly [string, Record<string, unknown>][] = [
  ["a distribution", { platform: { ...platform, distro: "Debian 12" } }],
  ["no tags", { tags: [] }],
  ["32 tags", { tags: Array(32).fill("a") }],
  ["64 capabilities", { capabilities: Array(64).fill("x".repeat(128)) }],
  ["the last date there is", { startedAt: 8.64e15, connectedAt: 8.64e15 }],
  ["the largest seq", { seq: Number.MAX_SAFE_INTEGER }],
  ["a shell path of 1024 characters", { platform: { ...platform, shell: "x".repeat(1024) } }],
  ...["disabled", "plan", "edit", "bypass"].map((
    mode,
  ): [string, Record<string, unknown>] => [mode, { mode }]),
];
for (const [what, fields] of taken) {
  Deno.test(`Card reads ${what}`, () =>
    assert.deepEqual(Card.parse({ ...card, ...fields }), { ...card, ...fields }));
}

const refused: readonly [string, Record<string, unknown>][] = [
  ["another version", { v: 2 }],
  ["a line break that would forge a line of a list", { platform: { ...platform, distro: "x\n- db-1" } }],
  ["an escape that would steer a terminal", { version: "\x1b[2J" }],
  ["a mark that turns text around", { platform: { ...platform, kernel: "\u202e1.6" } }],
  ["a shell path with a control character", { platform: { ...platform, shell: "/bin/\x07sh" } }],
  ["a negative seq", { seq: -1 }],
  ["a seq that is not whole", { seq: 0.5 }],
  ["a seq past what a number holds", { seq: 2 ** 53 }],
  ["a key of 42 characters", { hostKey: "A".repeat(42) }],
  ["a key of 44 characters", { sessionKey: "A".repeat(44) }],
  ["a key in another alphabet", { dhKey: `${"A".repeat(42)}+` }],
  ["a padded key", { dhKey: `${"A".repeat(42)}=` }],
  ["33 tags", { tags: Array(33).fill("a") }],
  ["65 capabilities", { capabilities: Array(65).fill("a") }],
  ["a capability of 129 characters", { capabilities: ["x".repeat(129)] }],
  ["an unknown mode", { mode: "root" }],
  ["an unknown role", { role: "relay" }],
  ["an unknown family", { platform: { ...platform, family: "dos" } }],
  ["a shell path of 1025 characters", { platform: { ...platform, shell: "x".repeat(1025) } }],
  ["accepts as a text", { accepts: "false" }],
  ["a negative time", { startedAt: -1 }],
  ["a time past what a date can hold", { connectedAt: 8.64e15 + 1 }],
];
for (const [what, fields] of refused) {
  Deno.test(`Card refuses ${what}`, () =>
    assert.equal(Card.safeParse({ ...card, ...fields }).success, false));
}

for (const field of Object.keys(card)) {
  Deno.test(`Card refuses a card without ${field}`, () => {
    assert.equal(Card.safeParse({ ...card, [field]: undefined }).success, false);
  });
}

Deno.test("Card leaves out fields that it does not know, at every depth", () => {
  assert.deepEqual(Card.parse({ ...card, later: 1, platform: { ...platform, later: 1 } }), card);
});

Deno.test("Card refuses any other JSON without throwing", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(Card.safeParse(value).success, false)));
});

const words: readonly [string, boolean, boolean][] = [
  ["a", true, true],
  ["0", true, true],
  ["a.b_c-d", true, true],
  ["x".repeat(32), true, true],
  ["x".repeat(33), true, false],
  ["x".repeat(64), true, false],
  ["x".repeat(65), false, false],
  ["Build", true, false],
  ["", false, false],
  [".a", false, false],
  ["-a", false, false],
  ["_a", false, false],
  ["a b", false, false],
  ["a\n", false, false],
  ["a:b", false, false],
  ["a,b", false, false],
  ["é", false, false],
];
for (const [text, isName, isTag] of words) {
  Deno.test(`${JSON.stringify(text)} is ${isName ? "a" : "no"} name and ${isTag ? "a" : "no"} tag`, () => {
    assert.equal(AgentName.safeParse(text).success, isName);
    assert.equal(Tag.safeParse(text).success, isTag);
  });
}
