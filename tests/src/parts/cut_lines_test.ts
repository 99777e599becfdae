import assert from "node:assert/strict";
import fc from "fast-check";
import { createLineCutter } from "../../../src/parts/cut_lines.ts";
import { type Bytes, utf8 } from "../../../src/protocol/bytes.ts";
import { anyLines, linesOf } from "./_lines.ts";

Deno.test("createLineCutter() gives the same lines however the bytes are cut", () => {
  fc.assert(fc.property(anyLines(), fc.integer({ min: 1, max: 50 }), (input, size) => {
    const lines: Bytes[] = [];
    const cutter = createLineCutter();
    const take = (line: Bytes) => void lines.push(line.slice());
    for (let at = 0; at < input.length; at += size) cutter.push(input.subarray(at, at + size), take);
    cutter.end(take);
    assert.deepEqual(lines, linesOf(input).map((line) => line.slice(0, -1)));
  }));
});

Deno.test("createLineCutter() refuses a line over the limit, in one chunk or in many", () => {
  assert.throws(() => createLineCutter(4).push(utf8("abcde\n"), () => {}), /one is over/);
  const cutter = createLineCutter(4);
  cutter.push(utf8("abc"), () => {});
  assert.throws(() => cutter.push(utf8("de"), () => {}), /one is over/);
});
