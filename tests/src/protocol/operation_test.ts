import assert from "node:assert/strict";
import { isByTicket, isOperationName, OPERATIONS } from "../../../src/protocol/operation.ts";

for (const name of Object.keys(OPERATIONS)) {
  Deno.test(`isOperationName() knows "${name}"`, () => assert.ok(isOperationName(name)));
}
for (const name of ["", "Exec", "exec ", "toString", "constructor", "__proto__", "hasOwnProperty"]) {
  Deno.test(`isOperationName() does not know "${name}"`, () => assert.equal(isOperationName(name), false));
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  Deno.test(`the operation "${name}" is described as models and policies need it`, () => {
    assert.match(name, /^[a-z]+(_[a-z]+)*$/);
    assert.match(operation.title, /^[A-Z].*[^.]$/);
    assert.ok(operation.description.length > operation.title.length);
    assert.equal(operation.hints.readOnly, operation.access === "read");
    assert.ok(!(operation.hints.readOnly && operation.hints.destructive));
  });

  Deno.test(`the operation "${name}" refuses parameters that it does not know`, () => {
    const parsed = operation.params.safeParse({ no_such_parameter: 1 });
    assert.ok(parsed.error?.issues.some(({ code }) => code === "unrecognized_keys"));
  });
}

Deno.test("isByTicket() opens part_read to whoever holds a ticket, and nothing else", () => {
  const open = [...Object.keys(OPERATIONS), "toString", ""].filter(isByTicket);
  assert.deepEqual(open, ["part_read"]);
});
