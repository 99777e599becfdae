import assert from "node:assert/strict";
import { PART_LIMITS } from "../../../src/parts/rules.ts";
import { createSpace } from "../../../src/parts/space.ts";
import { createSpoolFile } from "../../../src/parts/spool_file.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { collect, namesIn } from "./_lines.ts";

const endless = () => createSpace(PART_LIMITS, () => Promise.resolve(undefined));
const text = async (chunks: AsyncIterable<Uint8Array<ArrayBuffer>>) =>
  new TextDecoder().decode(await collect(chunks));

Deno.test("createSpoolFile() makes a file that is read in pieces and removed in the end", async () => {
  await using temporary = await temporaryFolder();
  const space = endless();
  {
    await using file = await createSpoolFile(`${temporary.folder}/a`, space);
    await file.write(utf8("0123"));
    await file.write(utf8("456789"));
    assert.deepEqual([await text(file.read()), await text(file.read(3, 6)), await text(file.read(5, 5))], [
      "0123456789",
      "345",
      "",
    ]);
    await file.write(utf8("!"));
    assert.equal(await text(file.read(8)), "89!");
    assert.deepEqual([file.bytes, space.taken], [11, 11]);
  }
  assert.deepEqual([space.taken, await namesIn(temporary.folder)], [0, []]);
});

Deno.test("keepAs() gives the file a name in the place of another, and then it stays", async () => {
  await using temporary = await temporaryFolder();
  const space = endless();
  await Deno.writeTextFile(`${temporary.folder}/kept`, "old");
  {
    await using file = await createSpoolFile(`${temporary.folder}/a`, space);
    await file.write(utf8("new"));
    await file.keepAs(`${temporary.folder}/kept`);
  }
  assert.equal(await Deno.readTextFile(`${temporary.folder}/kept`), "new");
  assert.deepEqual([space.taken, await namesIn(temporary.folder)], [3, ["kept"]]);
});

Deno.test("a file that cannot be kept or written gives its bytes back", async () => {
  await using temporary = await temporaryFolder();
  const space = endless();
  {
    await using file = await createSpoolFile(`${temporary.folder}/a`, space);
    await file.write(utf8("new"));
    await assert.rejects(
      file.keepAs(`${temporary.folder}/no/folder`),
      /^OperationError: Cannot keep the part: /,
    );
  }
  assert.equal(space.taken, 0);
  await assert.rejects(
    createSpoolFile(`${temporary.folder}/no/folder`, space),
    /^OperationError: Cannot keep the part: /,
  );
});
