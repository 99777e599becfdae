import assert from "node:assert/strict";
import { LineBuffer } from "../../../src/parts/line_buffer.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const noBreak = () => Promise.resolve();

Deno.test("LineBuffer takes what there is room for, and goes on with the rest of a line", async () => {
  const buffer = new LineBuffer(1, { maxBytes: 10, maxLines: 100 });
  const input = utf8("bb\na\ncccccccc\n");
  const taken = buffer.push(input);
  assert.deepEqual([taken, buffer.count], [10, 2]);
  assert.equal(buffer.push(input.subarray(taken)), 0);
  const sorted = await buffer.sort(noBreak);
  const out = new Uint8Array(10);
  assert.deepEqual(buffer.copy(sorted, { from: 0, to: 2, out }), [2, 5]);
  assert.equal(text(out.subarray(0, 5)), "a\nbb\n");
  buffer.clear();
  assert.equal(buffer.push(input.subarray(taken)), 4);
  assert.equal(text(buffer.lineAt(await buffer.sort(noBreak), 0)), "cccccccc\n");
});

Deno.test("LineBuffer leaves a line that does not fit into the output", async () => {
  const buffer = new LineBuffer(1, { maxBytes: 100, maxLines: 100 });
  buffer.push(utf8("a\nlonger line\n"));
  const sorted = await buffer.sort(noBreak);
  const out = new Uint8Array(5);
  assert.deepEqual(buffer.copy(sorted, { from: 0, to: 2, out }), [1, 2]);
  assert.deepEqual(buffer.copy(sorted, { from: 1, to: 2, out }), [1, 0]);
  assert.equal(text(buffer.lineAt(sorted, 1)), "longer line\n");
});

Deno.test("LineBuffer is full at its highest number of lines", () => {
  const buffer = new LineBuffer(1, { maxBytes: 100, maxLines: 2 });
  assert.equal(buffer.push(utf8("\n\n\n\n")), 4);
  assert.deepEqual([buffer.count, buffer.isFull], [2, true]);
  buffer.clear();
  assert.deepEqual([buffer.count, buffer.isFull], [2, false]);
});
