import assert from "node:assert/strict";
import { createListChanges } from "../../../src/mcp/list_changes.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";

Deno.test("createListChanges() tells at once, and then the changes of each second once", async () => {
  using clock = useFakeClock();
  let told = 0;
  using changes = createListChanges(() => told++);
  changes.open();
  assert.equal(told, 0, "nothing has changed");
  changes.changed();
  assert.equal(told, 1);
  for (let i = 0; i < 100; i++) changes.changed();
  assert.equal(told, 1);
  await clock.advance(999);
  assert.equal(told, 1);
  await clock.advance(1);
  assert.equal(told, 2);
  await clock.advance(10_000);
  assert.equal(told, 2, "nothing has changed since");
  changes.changed();
  assert.equal(told, 3);
});

Deno.test("createListChanges() keeps what changes until the client may be told", () => {
  using _clock = useFakeClock();
  let told = 0;
  using changes = createListChanges(() => told++);
  changes.changed();
  changes.changed();
  assert.equal(told, 0);
  changes.open();
  assert.equal(told, 1);
});

Deno.test("createListChanges() tells nothing more, and leaves no timer, when it is disposed of", async () => {
  using clock = useFakeClock();
  let told = 0;
  const changes = createListChanges(() => told++);
  changes.open();
  changes.changed();
  changes.changed();
  changes[Symbol.dispose]();
  assert.equal(clock.timers, 0);
  changes.changed();
  await clock.advance(5_000);
  assert.equal(told, 1);
});
