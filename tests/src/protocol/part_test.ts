import assert from "node:assert/strict";
import { PartInfo, PartName, Ticket } from "../../../src/protocol/part.ts";

const names: readonly (readonly [unknown, boolean])[] = [
  ["in.3", true],
  ["map.12.0.255", true],
  ["result", true],
  ["map.1.2.3.4", true],
  ["map.1.2.3.4.5", false],
  ["..", false],
  ["in.", false],
  [".in", false],
  ["in/3", false],
  ["in.../x", false],
  ["In.3", false],
  ["in.3\n", false],
  ["in.1234567890", false],
  ["", false],
];
for (const [name, expected] of names) {
  Deno.test(`PartName ${expected ? "takes" : "refuses"} ${JSON.stringify(name)}`, () => {
    assert.equal(PartName.safeParse(name).success, expected);
  });
}

Deno.test("a ticket is 32 characters of base32", () => {
  assert.ok(Ticket.safeParse("a2".repeat(16)).success);
  for (const wrong of ["a2".repeat(15), "A2".repeat(16), "a1".repeat(16), `${"a2".repeat(16)}\n`, 1]) {
    assert.equal(Ticket.safeParse(wrong).success, false, String(wrong));
  }
});

Deno.test("a part has whole sizes that are not negative", () => {
  assert.ok(PartInfo.safeParse({ name: "in.0", bytes: 0, records: 0 }).success);
  for (const bytes of [-1, 1.5, "1"]) {
    assert.equal(PartInfo.safeParse({ name: "in.0", bytes, records: 0 }).success, false, String(bytes));
  }
});
