import assert from "node:assert/strict";
import { join } from "node:path";
import { FileReader, PIECE_BYTES } from "../../../src/host/file_reader.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

async function withFile(
  size: number,
  body: (reader: FileReader, controller: AbortController) => Promise<void>,
): Promise<void> {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "file");
  await Deno.writeFile(path, Uint8Array.from({ length: size }, (_, index) => index % 251));
  using file = await Deno.open(path);
  const controller = new AbortController();
  using reader = new FileReader(file, controller.signal);
  await body(reader, controller);
}

Deno.test("FileReader reads parts, shorter only at the end", () =>
  withFile(1000, async (reader) => {
    assert.deepEqual([...await reader.readAt(10, 3)], [10, 11, 12]);
    assert.equal((await reader.readAt(990, 50)).length, 10);
    assert.equal((await reader.readAt(5000, 50)).length, 0);
  }));

Deno.test("FileReader reads on to the end, or as far as it is told", () =>
  withFile(PIECE_BYTES * 2 + 7, async (reader) => {
    const pieces: number[] = [];
    assert.equal(await reader.readFrom(1, (piece) => pieces.push(piece.length) > 0), true);
    assert.deepEqual(pieces, [PIECE_BYTES, PIECE_BYTES, 6]);
    assert.equal(await reader.readFrom(0, () => false), false);
  }));

Deno.test("FileReader ends with its signal", () =>
  withFile(10, async (reader, controller) => {
    controller.abort(new Error("enough"));
    await assert.rejects(reader.readAt(0, 1), /enough/);
  }));
