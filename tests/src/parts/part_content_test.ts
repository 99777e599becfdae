import assert from "node:assert/strict";
import { readContent, stampOf } from "../../../src/parts/part_content.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { collect } from "./_lines.ts";

Deno.test("readContent() reads a file, a range and bytes alike, and what it gives may be kept", async () => {
  await using temporary = await temporaryFolder();
  const path = `${temporary.folder}/file`;
  const content = new Uint8Array(300_000).map((_, i) => i % 251);
  await Deno.writeFile(path, content);
  const contents = [
    { kind: "file", path },
    { kind: "bytes", bytes: content },
    { kind: "range", range: { path, start: 0, end: content.length }, stamp: await stampOf(path) },
  ] as const;
  for (const one of contents) {
    for (const offset of [0, 1, 200_000, 300_000]) {
      const kept = await Array.fromAsync(readContent(one, { size: content.length, offset }));
      assert.deepEqual(new Uint8Array(kept.flatMap((chunk) => [...chunk])), content.slice(offset));
    }
  }
});

Deno.test("readContent() fails if a file is gone or shorter, or no file any more", async () => {
  await using temporary = await temporaryFolder();
  const path = `${temporary.folder}/file`;
  const read = () => collect(readContent({ kind: "file", path }, { size: 10 }));
  await assert.rejects(read(), /^OperationError: Cannot read the part: there is no such folder or file/);
  await Deno.writeFile(path, utf8("short"));
  await assert.rejects(read(), /has become shorter/);
  await Deno.remove(path);
  await Deno.mkdir(path);
  await assert.rejects(read(), /no regular file/);
  await assert.rejects(stampOf(`${path}/none`), /^OperationError: Cannot read the part: /);
});
