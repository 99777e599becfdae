import assert from "node:assert/strict";
import fc from "fast-check";
import {
  JOB_STREAMS,
  JobOutput,
  type JobStream,
  outputSizes,
  readOutputFile,
  removeOutput,
} from "../../../src/jobs/output_file.ts";
import { type Bytes, concatBytes, EMPTY } from "../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const chunks = fc.array(
  fc.record({
    stream: fc.constantFrom(...JOB_STREAMS),
    bytes: fc.uint8Array({ maxLength: 40 }).map((b) => b.slice()),
  }),
  { maxLength: 20 },
);

async function readAll(output: JobOutput, stream: JobStream, step: number): Promise<Bytes> {
  let all: Bytes = EMPTY;
  for (;;) {
    const bytes = await output.read(stream, all.length, step);
    if (bytes.length === 0) return all;
    all = concatBytes(all, bytes);
  }
}

Deno.test("JobOutput keeps exactly the first bytes, for any chunks, steps and moves to disk", async () => {
  await using temporary = await temporaryFolder();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(chunks, fc.integer({ min: 1, max: 30 }), fc.nat(21), async (written, step, diskAt) => {
      const folder = `${temporary.folder}/${run++}`;
      const output = new JobOutput(folder, { memoryBytes: 50, jobBytes: 200 });
      const expected: Record<JobStream, Bytes> = { stdout: EMPTY, stderr: EMPTY };
      for (const [index, { stream, bytes }] of written.entries()) {
        if (index === diskAt) void output.toDisk();
        expected[stream] = concatBytes(expected[stream], bytes);
        await output.append(stream, bytes.slice());
      }
      for (const stream of JOB_STREAMS) {
        const kept = await readAll(output, stream, step);
        assert.deepEqual(kept, expected[stream].subarray(0, kept.length));
        assert.equal(output.bytes(stream), expected[stream].length);
        assert.equal(output.kept(stream), kept.length);
        assert.equal(output.dropped(stream), expected[stream].length - kept.length);
      }
      const total = expected.stdout.length + expected.stderr.length;
      if (total <= 200) assert.equal(output.dropped("stdout") + output.dropped("stderr"), 0);
      else assert.equal(output.kept("stdout") + output.kept("stderr") <= 200, true);
      await output.close({ keep: true });
      for (const stream of JOB_STREAMS) {
        const onDisk = await readOutputFile(folder, stream, { from: 0, maxBytes: 1_000 });
        assert.deepEqual(onDisk, expected[stream].subarray(0, output.kept(stream)));
        assert.equal(output.keptOnDisk(stream), output.kept(stream));
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("JobOutput leaves no file of output that need not be kept", async () => {
  await using temporary = await temporaryFolder();
  const folder = `${temporary.folder}/job`;
  for (const isLong of [false, true]) {
    const output = new JobOutput(folder, { memoryBytes: 10, jobBytes: 100 });
    await output.append("stdout", new Uint8Array(isLong ? 20 : 5));
    assert.equal(output.hasFiles, isLong);
    await output.close({ keep: false });
    assert.equal(await outputSizes(folder), undefined);
  }
});

Deno.test({
  name: "JobOutput makes files that only their owner reads",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const folder = `${temporary.folder}/job`;
    const output = new JobOutput(folder, { memoryBytes: 1, jobBytes: 100 });
    await output.append("stderr", new Uint8Array(3));
    await output.close({ keep: true });
    const mode = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;
    assert.deepEqual([await mode(folder), await mode(`${folder}/stderr`)], [0o700, 0o600]);
    assert.deepEqual(await outputSizes(folder), { stdout: 0, stderr: 3 });
    await removeOutput(folder);
    await removeOutput(folder);
    assert.equal(await outputSizes(folder), undefined);
  },
});

Deno.test("JobOutput goes on when the disk does not take it, and counts what is lost", async () => {
  await using temporary = await temporaryFolder();
  // A file where the folder should be, so that no folder can be made.
  const folder = `${temporary.folder}/file/job`;
  await Deno.writeTextFile(`${temporary.folder}/file`, "");
  const output = new JobOutput(folder, { memoryBytes: 4, jobBytes: 100 });
  await output.append("stdout", new Uint8Array([1, 2, 3]));
  await output.append("stdout", new Uint8Array([4, 5]));
  await output.append("stdout", new Uint8Array([6]));
  assert.deepEqual(await output.read("stdout", 0, 10), new Uint8Array([1, 2, 3]));
  assert.deepEqual([output.bytes("stdout"), output.kept("stdout"), output.dropped("stdout")], [6, 3, 3]);
  await output.close({ keep: true });
  assert.equal(output.hasFiles, false);
  assert.equal(output.keptOnDisk("stdout"), 0);
});

Deno.test("JobOutput without a folder keeps what memory holds", async () => {
  const output = new JobOutput(undefined, { memoryBytes: 4, jobBytes: 100 });
  for (const bytes of [[1, 2, 3], [4, 5], [6]]) await output.append("stdout", new Uint8Array(bytes));
  await output.toDisk();
  assert.deepEqual(await output.read("stdout", 1, 10), new Uint8Array([2, 3]));
  assert.equal(output.dropped("stdout"), 3);
  await output.close({ keep: true });
});

Deno.test("stopKeeping() ends the keeping, not the counting", async () => {
  const output = new JobOutput(undefined, { memoryBytes: 100, jobBytes: 100 });
  await output.append("stdout", new Uint8Array(3));
  output.stopKeeping();
  await output.append("stdout", new Uint8Array(2));
  assert.deepEqual([output.bytes("stdout"), output.kept("stdout"), output.dropped("stdout")], [5, 3, 2]);
});

Deno.test("readOutputFile() reads nothing where there is no file, and not past the end", async () => {
  await using temporary = await temporaryFolder();
  await Deno.writeFile(`${temporary.folder}/stdout`, new Uint8Array([1, 2, 3]));
  const read = (stream: JobStream, from: number) =>
    readOutputFile(temporary.folder, stream, { from, maxBytes: 2 });
  assert.deepEqual(await read("stdout", 2), new Uint8Array([3]));
  for (const from of [9, Number.MAX_SAFE_INTEGER]) assert.deepEqual(await read("stdout", from), EMPTY);
  assert.deepEqual(await read("stderr", 0), EMPTY);
});

Deno.test("toDisk() and append() open no file once the output is closed", async () => {
  await using temporary = await temporaryFolder();
  const folder = `${temporary.folder}/job`;
  const output = new JobOutput(folder, { memoryBytes: 50, jobBytes: 200 });
  await output.append("stdout", new Uint8Array(10));
  const closed = output.close({ keep: false });
  await Promise.all([closed, output.toDisk()]);
  assert.equal(await outputSizes(folder), undefined);
});
