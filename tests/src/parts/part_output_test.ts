import assert from "node:assert/strict";
import { createPartOutput } from "../../../src/parts/part_output.ts";
import { PART_LIMITS } from "../../../src/parts/rules.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { keyOf, openTestSpool, readPart } from "./_spool.ts";

Deno.test("createPartOutput() keeps output as it is, as JSON, or divided and sorted by key", async () => {
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  const { parts } = use;
  const cases = [
    ["whole", 1, "b\na", ["b\na"], [2]],
    ["value", 1, ' {"a":\n1}\n', [' {"a":\n1}\n'], [1]],
    ["keyed", 1, "b\t2\na\t1\r\nb\t1", ["a\t1\r\nb\t2\nb\t1\n"], [3]],
    ["keyed", 2, "", ["", ""], [0, 0]],
  ] as const;
  for (const [as, reducers, written, contents, records] of cases) {
    await using output = await createPartOutput(parts, { name: "map.1", as, reducers });
    for (const byte of utf8(written)) await output.write(new Uint8Array([byte]));
    const made = await output.finish();
    assert.deepEqual(made.map((part) => part.records), records);
    for (const [i, content] of contents.entries()) {
      assert.equal(made[i]?.name, `map.1.${i}`);
      assert.equal(await readPart(parts, `map.1.${i}`), content);
    }
  }
});

Deno.test("createPartOutput() keeps nothing of what fails in the middle, or is given up", async () => {
  await using opened = await openTestSpool({ limits: { ...PART_LIMITS, totalBytes: 100 } });
  using use = opened.spool.join(keyOf("a"));
  {
    await using output = await createPartOutput(use.parts, { name: "map.1", as: "keyed", reducers: 8 });
    for (let i = 0; i < 30; i++) await output.write(utf8(`key${i}\n`));
    await assert.rejects(output.finish(), /their limit is 100$/);
  }
  {
    await using output = await createPartOutput(use.parts, { name: "map.2", as: "whole", reducers: 1 });
    await output.write(utf8("given up"));
  }
  {
    await using output = await createPartOutput(use.parts, { name: "map.3", as: "value", reducers: 1 });
    await assert.rejects(output.write(utf8("[}")), /did not write one JSON value$/);
  }
  assert.equal(opened.spool.taken, 0);
  for (let i = 0; i < 8; i++) assert.equal(use.parts.info(`map.1.${i}`), undefined);
});
