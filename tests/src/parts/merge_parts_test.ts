import assert from "node:assert/strict";
import { mergeParts } from "../../../src/parts/merge_parts.ts";
import { type Bytes, utf8 } from "../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { chunked, collect, namesIn, scratchIn } from "./_lines.ts";

Deno.test("mergeParts() merges any number with few of them open, and leaves nothing behind", async () => {
  await using temporary = await temporaryFolder();
  for (const count of [0, 1, 3, 4, 20]) {
    let open = 0;
    let most = 0;
    const part = async function* (i: number): AsyncGenerator<Bytes> {
      most = Math.max(most, ++open);
      yield* chunked(utf8(`a\t${i}\n${String.fromCharCode(98 + i)}\n`), 3);
      open--;
    };
    const parts = Array.from({ length: count }, (_, i) => () => part(i));
    const merged = mergeParts(parts, { scratch: scratchIn(temporary.folder).scratch, maxOpen: 3 });
    const numbers = Array.from({ length: count }, (_, i) => i);
    const expected = numbers.map((i) => `a\t${i}\n`).join("") +
      numbers.map((i) => String.fromCharCode(98 + i) + "\n").join("");
    assert.equal(new TextDecoder().decode(await collect(merged)), expected);
    assert.ok(most <= 3);
    assert.deepEqual(await namesIn(temporary.folder), []);
  }
});

Deno.test("mergeParts() removes its files when it is given up", async () => {
  await using temporary = await temporaryFolder();
  const parts = Array.from({ length: 9 }, (_, i) => () => chunked(utf8(`${i}\n`), 2));
  for await (const _ of mergeParts(parts, { scratch: scratchIn(temporary.folder).scratch, maxOpen: 2 })) {
    break;
  }
  assert.deepEqual(await namesIn(temporary.folder), []);
});
