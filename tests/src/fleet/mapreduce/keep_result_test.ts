import assert from "node:assert/strict";
import { join } from "node:path";
import { keepResult } from "../../../../src/fleet/mapreduce/keep_result.ts";
import { PART_LIMITS } from "../../../../src/parts/rules.ts";
import type { Bytes } from "../../../../src/protocol/bytes.ts";
import { utf8 } from "../../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";

const roomy = () => Promise.resolve({ totalBytes: 1e12, availableBytes: 5e11 });

Deno.test("keepResult() writes what is read, for the owner alone", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "result");
  const bytes = await keepResult(path, {
    askDisk: roomy,
    async read(onBytes) {
      await onBytes(utf8("one\n"));
      await onBytes(utf8("two\n"));
    },
  });
  assert.equal(bytes, 8);
  assert.equal(await Deno.readTextFile(path), "one\ntwo\n");
  if (Deno.build.os !== "windows") assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("keepResult() stops a host that never ends before the disk is full, and leaves nothing behind", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "result");
  const chunk: Bytes = new Uint8Array(64 * 1024);
  let sent = 0;
  let asked = 0;
  await assert.rejects(
    keepResult(path, {
      // The disk has a mebibyte more than what must stay free.
      askDisk() {
        asked++;
        const totalBytes = PART_LIMITS.freeBytes;
        return Promise.resolve({ totalBytes, availableBytes: PART_LIMITS.freeBytes + 1024 ** 2 - sent });
      },
      async read(onBytes) {
        for (;;) {
          await onBytes(chunk);
          sent += chunk.length;
        }
      },
    }),
    /the disk of this machine would be too full after 1048576 bytes of it$/,
  );
  assert.equal(asked, 2);
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

Deno.test("keepResult() leaves nothing of a result that cannot be read to its end", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "result");
  const read = async (onBytes: (bytes: Bytes) => Promise<void>) => {
    await onBytes(utf8("half"));
    throw new RangeError("Gone");
  };
  await assert.rejects(keepResult(path, { askDisk: roomy, read }), RangeError);
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});
