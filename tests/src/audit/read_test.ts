import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { MAX_LINE_BYTES } from "../../../src/audit/chain.ts";
import { linesBackward, linesForward, openSnapshot, verifyAudit } from "../../../src/audit/read.ts";
import { eachFlip } from "../../helpers/damage.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { AGENT_ID, pathOf, verify, writeLog } from "./_audits.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("linesForward() and linesBackward() give the lines of a file, wherever its chunks end", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "f");
  const lengths = fc.array(fc.oneof(fc.nat(100), fc.integer({ min: 400_000, max: 1_200_000 })), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(lengths, fc.string({ maxLength: 5 }), async (sizes, end) => {
      const lines = sizes.map((size, i) => String(i).repeat(size));
      const rest = end.replaceAll("\n", "");
      await Deno.writeTextFile(path, lines.map((line) => `${line}\n`).join("") + rest);
      using file = await Deno.open(path);
      const { size } = await file.stat();
      const forward: string[] = [];
      let last = "";
      for await (const chunk of linesForward({ file }, { to: size })) {
        forward.push(...chunk.lines.map(text));
        last += chunk.rest === undefined ? "" : text(chunk.rest);
      }
      const backward: string[] = [];
      for await (const line of linesBackward({ file, name: "f", size, inode: null })) {
        backward.unshift(text(line));
      }
      // Lines that no record can have are given in parts, but nothing is lost of them on the way forward.
      assert.equal(forward.join("") + last, lines.join("") + rest);
      if (lines.every((line) => line.length <= MAX_LINE_BYTES)) {
        assert.deepEqual(forward, lines);
        assert.deepEqual(backward, lines);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("verifyAudit() finds every changed bit of the files, and of the note of the end", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  await writeLog(folder, 3);
  for (const name of ["audit.jsonl", "head.json"]) {
    const bytes = await Deno.readFile(pathOf(folder, name));
    for (const { at, bytes: changed } of eachFlip(bytes)) {
      if (at % 5 !== 0 && name !== "head.json") continue;
      await Deno.writeFile(pathOf(folder, name), changed);
      assert.notEqual((await verify(folder)).problemCount, 0, `${name} byte ${at}`);
    }
    await Deno.writeFile(pathOf(folder, name), bytes);
  }
  assert.equal((await verify(folder)).problemCount, 0);
});

Deno.test("verifyAudit() asks for the first record even where it does not know whose log it is", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const check = async (agentId: string | undefined) => {
    const { problems: [first] } = await verifyAudit(join(folder, "audit"), { agentId });
    return first && `${first.line} ${first.kind}`;
  };
  assert.equal(await check(AGENT_ID), undefined, "there is no log");
  await writeLog(folder, 3);
  assert.equal(await check(undefined), undefined);
  assert.equal(await check("somebody else"), "1 edited");
  const lines = (await Deno.readTextFile(pathOf(folder))).split("\n");
  await Deno.writeTextFile(pathOf(folder), lines.slice(1).join("\n"));
  assert.equal(await check(undefined), "1 missing");
  assert.equal(await check(AGENT_ID), "1 missing");
});

Deno.test("verifyAudit() ends when it is told to", async () => {
  await using temporary = await temporaryFolder();
  await writeLog(temporary.folder, 1);
  const folder = join(temporary.folder, "audit");
  await assert.rejects(verifyAudit(folder, { agentId: AGENT_ID, signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
});

Deno.test("openSnapshot() of a log that is not there has no files", async () => {
  await using temporary = await temporaryFolder();
  using snapshot = await openSnapshot(join(temporary.folder, "audit"));
  assert.deepEqual([snapshot.files, snapshot.numbers, snapshot.head], [[], [], undefined]);
});
