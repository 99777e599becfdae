import assert from "node:assert/strict";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { writeAll } from "../../../src/host/write_all.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("writeAll() writes chunks one after the other", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "out");
  {
    await using file = await open(path, "w");
    for (const text of ["one ", "", "two"]) await writeAll(file, new TextEncoder().encode(text));
  }
  assert.equal(await Deno.readTextFile(path), "one two");
});

/** A file whose system takes a few bytes at a time. */
function grudging(most: number): { file: FileHandle; written: number[] } {
  const written: number[] = [];
  const write = (bytes: Uint8Array, at: number, length: number, position: null) => {
    assert.equal(position, null);
    const taken = Math.min(length, most);
    written.push(...bytes.subarray(at, at + taken));
    return Promise.resolve({ bytesWritten: taken, buffer: bytes });
  };
  // Nothing but `write` is used.
  return { file: { write } as unknown as FileHandle, written };
}

Deno.test("writeAll() goes on where the system stopped", async () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const { file, written } = grudging(7);
  await writeAll(file, bytes.subarray(10, 90));
  assert.deepEqual(written, [...bytes.subarray(10, 90)]);
});

Deno.test("writeAll() rejects when the file cannot be written", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "in");
  await Deno.writeTextFile(path, "x");
  await using file = await open(path, "r");
  await assert.rejects(writeAll(file, new Uint8Array(3)));
});
