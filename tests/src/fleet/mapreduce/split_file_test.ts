import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { OperationError } from "../../../../src/errors.ts";
import { splitFile } from "../../../../src/fleet/mapreduce/split_file.ts";
import { utf8 } from "../../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";

const { signal } = new AbortController();

Deno.test("splitFile() divides any file into whole lines", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "lines");
  const bytes = fc.array(fc.constantFrom(10, 13, 65, 255, 0), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 60 }), async (content, splitBytes) => {
      await Deno.writeFile(path, Uint8Array.from(content));
      const { ranges, bytes } = await splitFile(path, { by: "lines", splitBytes, signal });
      assert.equal(bytes, content.length);
      assert.deepEqual(ranges.flatMap(({ start, end }) => content.slice(start, end)), content);
      for (const { start, end } of ranges) {
        assert.ok(end > start);
        if (end < content.length) {
          assert.equal(content[end - 1], 10);
          // It ends with the first line that reaches the size.
          const inside = content.slice(start + splitBytes - 1, end - 1);
          assert.equal(inside.includes(10), false);
        }
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("splitFile() looks through a line that is longer than many pieces", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "long");
  const text = `${"x".repeat(300_000)}\ny\n`;
  await Deno.writeTextFile(path, text);
  const { ranges } = await splitFile(path, { by: "lines", splitBytes: 1_000, signal });
  assert.deepEqual(ranges, [{ start: 0, end: 300_001 }, { start: 300_001, end: 300_003 }]);
});

Deno.test("splitFile() divides by records of bytes", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "records");
  await Deno.writeFile(path, new Uint8Array(25));
  const { ranges } = await splitFile(path, { by: "bytes", splitBytes: 7, recordBytes: 4, signal });
  assert.deepEqual(ranges.map(({ end }) => end), [8, 16, 24, 25]);
});

Deno.test("splitFile() gives a file another identity when it changes", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "file");
  await Deno.writeFile(path, utf8("ab\n"));
  const { identity } = await splitFile(path, { by: "lines", splitBytes: 10, signal });
  await Deno.writeFile(path, utf8("abc\n"));
  assert.notEqual((await splitFile(path, { by: "lines", splitBytes: 10, signal })).identity, identity);
});

Deno.test("splitFile() refuses what it cannot divide", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "file");
  await Deno.writeFile(path, new Uint8Array(10_001));
  const split = (at: string, splitBytes: number) => splitFile(at, { by: "bytes", splitBytes, signal });
  await assert.rejects(split(path, 1), /more than 10000/);
  await assert.rejects(split(path, 0), OperationError);
  await assert.rejects(split(temporary.folder, 10), /no regular file but a folder/);
  await assert.rejects(split(join(temporary.folder, "none"), 10), /does not exist/);
  await assert.rejects(
    splitFile(path, { by: "lines", splitBytes: 10, signal: AbortSignal.abort(new Error("Enough")) }),
    {
      message: "Enough",
    },
  );
});
