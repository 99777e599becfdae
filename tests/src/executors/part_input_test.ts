import assert from "node:assert/strict";
import { openPartInput } from "../../../src/executors/part_input.ts";
import type { PartInput } from "../../../src/protocol/operations/part_run.ts";
import { guardedHome } from "../../helpers/guarded_home.ts";
import { collect } from "../parts/_lines.ts";
import { keyOf, openTestSpool, writePart } from "../parts/_spool.ts";

Deno.test("openPartInput() gives every form of the input", async () => {
  await using home = await guardedHome();
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  const { parts } = use;
  await writePart(parts, "map.1", "a\t1\nc\t2\n");
  await writePart(parts, "map.2", "a\t3\nb\t4");
  await home.write("file", "x\ny");
  const base: PartInput = { parts: ["map.1", "map.2"], merge: "concat", items: "text", as: "lines" };
  const cases: readonly (readonly [Partial<PartInput>, string])[] = [
    [{}, "a\t1\nc\t2\na\t3\nb\t4"],
    [{ merge: "key" }, "a\t1\na\t3\nb\t4\nc\t2\n"],
    [{ as: "array" }, '["a\\t1","c\\t2","a\\t3","b\\t4"]'],
    [{ as: "array", merge: "key" }, '["a\\t1","a\\t3","b\\t4","c\\t2"]'],
    [{ as: "values" }, '["a\\t1\\nc\\t2\\n","a\\t3\\nb\\t4"]'],
    [
      { as: "groups", merge: "key", items: "json" },
      '{"key":"a","values":[1,3]}\n{"key":"b","values":[4]}\n{"key":"c","values":[2]}\n',
    ],
    [{ parts: undefined, files: ["~/file", "file"] }, "x\ny\nx\ny"],
    [{ parts: undefined, files: ["~/file", "file"], as: "bytes" }, "x\nyx\ny"],
    [{ parts: ["map.2", "map.1"], as: "lines" }, "a\t3\nb\t4\na\t1\nc\t2\n"],
    [{ parts: undefined }, ""],
    [{ parts: [], as: "array" }, "[]"],
  ];
  for (const [changes, expected] of cases) {
    const stream = openPartInput({ ...base, ...changes }, { parts, guard: home.guard, mode: "edit" });
    assert.equal(new TextDecoder().decode(await collect(stream)), expected, JSON.stringify(changes));
  }
});

Deno.test("openPartInput() opens files through the guard, one after the other", async () => {
  await using home = await guardedHome();
  await using opened = await openTestSpool();
  using use = opened.spool.join(keyOf("a"));
  await home.write("file", "x\n");
  const input: PartInput = {
    files: ["~/file", "~/.ssh/id_test"],
    merge: "concat",
    items: "text",
    as: "lines",
  };
  await assert.rejects(
    collect(openPartInput(input, { parts: use.parts, guard: home.guard, mode: "edit" })),
    /^OperationError: Cannot read /,
  );
});
