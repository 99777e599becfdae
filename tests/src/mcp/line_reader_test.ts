/**
 * How output becomes the text of progress notifications.
 */
import assert from "node:assert/strict";
import { createLineReader } from "../../../src/mcp/line_reader.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";

function setUp() {
  const shown: string[] = [];
  const clock = { now: 0 };
  const next = Promise.withResolvers<string>();
  const reader = createLineReader((text) => {
    shown.push(text);
    if (shown.length > 1) next.resolve(text);
  }, () => clock.now);
  return { shown, clock, reader, second: next.promise };
}

Deno.test("createLineReader() shows the first output at once and gathers what follows within a moment", async () => {
  const { shown, clock, reader } = setUp();
  await reader.push("stdout", utf8("a\n"));
  await reader.push("stdout", utf8("b\n"));
  await reader.push("stderr", utf8("c\n"));
  assert.deepEqual(shown, ["a\n"]);
  clock.now = 150;
  await reader.push("stdout", utf8("d\n"));
  assert.deepEqual(shown, ["a\n", "b\nc\nd\n"]);
  await reader.end();
  assert.equal(shown.length, 2);
  reader[Symbol.dispose]();
});

Deno.test("createLineReader() shows gathered output although nothing follows it", async () => {
  const { reader, second } = setUp();
  await reader.push("stdout", utf8("a\n"));
  await reader.push("stdout", utf8("b\n"));
  assert.equal(await second, "b\n");
  reader[Symbol.dispose]();
});

Deno.test("createLineReader() keeps characters whole that a chunk cuts, on each channel by itself", async () => {
  const { shown, clock, reader } = setUp();
  const bytes = utf8("ü");
  await reader.push("stdout", bytes.subarray(0, 1));
  await reader.push("stderr", bytes.subarray(0, 1));
  clock.now = 150;
  await reader.push("stdout", bytes.subarray(1));
  clock.now = 300;
  await reader.push("stderr", bytes.subarray(1));
  assert.deepEqual(shown, ["ü", "ü"]);
  reader[Symbol.dispose]();
});

Deno.test("createLineReader() shows the end of what is too much and says how much it left out", async () => {
  const { shown, reader } = setUp();
  await reader.push("stdout", utf8("x".repeat(5000) + "end"));
  assert.equal(shown[0], `[about 907 characters left out]\n${"x".repeat(4093)}end`);
  reader[Symbol.dispose]();
});

Deno.test("createLineReader() shows whole characters at the end of a chunk that is far too much", async () => {
  const { shown, reader } = setUp();
  // Odd by one byte, so that the part that is looked at begins in the middle of a character.
  await reader.push("stdout", utf8("\u{1F600}".repeat(50_000) + "."));
  const [head = "", text = ""] = shown[0]?.split("\n") ?? [];
  assert.match(head, /^\[about \d+ characters left out\]$/);
  // 4096 UTF-16 units: half a character, which is not shown, 2047 whole ones, and the dot.
  assert.ok(text === "\u{1F600}".repeat(2047) + ".");
  assert.ok(!text.includes("\uFFFD"));
  reader[Symbol.dispose]();
});

Deno.test("createLineReader() shows nothing more once it is disposed of", async () => {
  const { shown, clock, reader } = setUp();
  await reader.push("stdout", utf8("a"));
  await reader.push("stdout", utf8("b"));
  reader[Symbol.dispose]();
  clock.now = 1000;
  await reader.push("stdout", utf8("c"));
  assert.deepEqual(shown, ["a"]);
});

Deno.test("createLineReader() shows well-formed text, also where it cuts a character of two units", async () => {
  for (const before of ["", "x"]) {
    const { shown, reader } = setUp();
    await reader.push("stdout", utf8(before + "😀".repeat(2_500) + "x"));
    assert.ok(shown[0]?.endsWith("😀x"));
    assert.ok(shown[0]?.isWellFormed());
    reader[Symbol.dispose]();
  }
});

Deno.test("createLineReader() holds output back while the client is slow to take it", async () => {
  const slow = Promise.withResolvers<void>();
  using reader = createLineReader(() => slow.promise);
  let isTaken = false;
  const pushed = reader.push("stdout", utf8("a")).then(() => isTaken = true);
  await Promise.resolve();
  assert.equal(isTaken, false);
  slow.resolve();
  await pushed;
});
