import assert from "node:assert/strict";
import { join } from "node:path";
import { readQuietly } from "../../../src/host/read_quietly.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("readQuietly() reads a file, and no more of it than it is told to", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "a");
  for (const length of [0, 1, 5, 70_000]) {
    await Deno.writeFile(path, new Uint8Array(length).fill(7));
    for (const size of [undefined, length, 3]) {
      const options = size === undefined ? {} : { size };
      const bytes = await readQuietly(path, { maxBytes: 1_000_000, ...options });
      if (size !== 3) assert.equal(bytes.length, length);
      assert.ok((await readQuietly(path, { maxBytes: 4, ...options })).length <= 4);
    }
  }
});

Deno.test({
  name: "readQuietly() neither follows a link nor waits for a FIFO",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const link = join(temporary.folder, "link");
    const fifo = join(temporary.folder, "fifo");
    await Deno.symlink("/etc/passwd", link);
    const { success } = await new Deno.Command("mkfifo", { args: ["--", fifo] }).output();
    assert.ok(success);
    await assert.rejects(readQuietly(link, { maxBytes: 10 }));
    await assert.rejects(readQuietly(fifo, { maxBytes: 10 }), /no regular file/);
    await assert.rejects(readQuietly(temporary.folder, { maxBytes: 10 }));
    // One that took the place of a file after it was seen.
    await readQuietly(fifo, { maxBytes: 10, size: 5 }).catch(() => {});
  },
});

Deno.test({
  name: "readQuietly() reads what the system makes up",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const text = new TextDecoder().decode(await readQuietly("/proc/self/status", { maxBytes: 100_000 }));
    assert.match(text, /^Name:/);
  },
});
