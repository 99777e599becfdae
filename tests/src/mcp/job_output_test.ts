import assert from "node:assert/strict";
import fc from "fast-check";
import { readJobOutput, type ReadPage } from "../../../src/mcp/job_output.ts";
import { jsonBytes } from "../../../src/mcp/text_slice.ts";
import { parseResourceUri, type ResourceUri } from "../../../src/mcp/uris.ts";
import { OperationError } from "../../../src/errors.ts";
import { shareRoom, textPage } from "../../../src/jobs/text_page.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import type { ResultOf } from "../../../src/protocol/operation.ts";

const JOB = "j_abcdefghij2345672345";
const WHOLE: Extract<ResourceUri, { kind: "job" }> = { kind: "job", agent: "web-1", job: JOB };
const agent = { id: "web2".padEnd(20, "2"), name: "web-1" };

/** A host that keeps two outputs and answers as `job_get` does. */
function host(out: string, err: string, changes: Partial<ResultOf<"job_get">> = {}) {
  const kept = { stdout: utf8(out), stderr: utf8(err) };
  let asked = 0;
  const readPage: ReadPage = ({ cursor = {}, max_bytes: maxBytes = 65_536 }) => {
    asked++;
    const from = { stdout: cursor.stdout ?? 0, stderr: cursor.stderr ?? 0 };
    for (const stream of ["stdout", "stderr"] as const) {
      if (from[stream] > kept[stream].length) {
        return Promise.reject(
          new OperationError("bad_request", `Cannot read ${stream} from byte ${from[stream]}`),
        );
      }
    }
    const room = shareRoom(maxBytes, {
      stdout: kept.stdout.length - from.stdout,
      stderr: kept.stderr.length - from.stderr,
    });
    const page = (stream: "stdout" | "stderr") => {
      const bytes = kept[stream].subarray(from[stream], from[stream] + room[stream]);
      const read = textPage(bytes, { isLast: from[stream] + bytes.length === kept[stream].length });
      return {
        ...read,
        hasMore: from[stream] + read.bytes < kept[stream].length && read.bytes > 0,
        droppedBytes: 0,
      };
    };
    const pages = { stdout: page("stdout"), stderr: page("stderr") };
    const result: ResultOf<"job_get"> = {
      job: JOB,
      status: "ended",
      command: "x",
      cwd: "/",
      mode: "edit",
      isolation: "none",
      caller: agent,
      startedAt: "2026-01-01T00:00:00.000Z",
      endedAt: "2026-01-01T00:00:01.000Z",
      durationMs: 1_000,
      exitCode: 3,
      signal: null,
      timedOut: false,
      pid: null,
      stdoutBytes: kept.stdout.length,
      stderrBytes: kept.stderr.length,
      reason: null,
      ...pages,
      cursor: { stdout: from.stdout + pages.stdout.bytes, stderr: from.stderr + pages.stderr.bytes },
      outputKept: true,
      ...changes,
    };
    return Promise.resolve({ agent, result });
  };
  return { readPage, asked: () => asked };
}

Deno.test("readJobOutput() gives how the job stands and each output apart, under addresses of their own", async () => {
  const texts = await readJobOutput(WHOLE, host("out\n==> stderr <==\n", "err\n"));
  assert.deepEqual(texts.map(({ uri }) => uri), [
    `job://web-1/${JOB}/output`,
    `job://web-1/${JOB}/output?stream=stdout&from=0`,
    `job://web-1/${JOB}/output?stream=stderr&from=0`,
  ]);
  assert.match(texts[0]?.text ?? "", /^Job j_\w+ on web-1 \(\w+\): ended, exit code 3\nstdout: 19 bytes/);
  assert.deepEqual(texts.slice(1).map(({ text }) => text), ["out\n==> stderr <==\n", "err\n"]);
});

Deno.test("readJobOutput() reads one output from a byte on, without the other", async () => {
  const side = host("0123456789", "e".repeat(5_000_000));
  const texts = await readJobOutput({ ...WHOLE, stream: "stdout", from: 4 }, side);
  assert.deepEqual(texts.slice(1).map(({ text }) => text), ["456789"]);
  assert.equal(side.asked(), 2, "the other output takes no pages");
});

Deno.test("readJobOutput() reads a large output to its end in pieces, each within the limit", async () => {
  const piece = fc.constantFrom("a".repeat(500), "\u0000".repeat(300), "ü€😀".repeat(100), '"\n'.repeat(200));
  const output = fc.array(piece, { maxLength: 30 }).map((all) => all.join("").repeat(40));
  const maxBytes = 600_000;
  await fc.assert(
    fc.asyncProperty(output, async (whole) => {
      const side = host(whole, "");
      let uri: ResourceUri | undefined = { ...WHOLE, stream: "stdout" };
      let read = "";
      while (uri?.kind === "job") {
        const [remark, text]: { text: string }[] = await readJobOutput(uri, { ...side, maxBytes });
        assert.ok(jsonBytes(text?.text ?? "") <= maxBytes);
        read += text?.text ?? "";
        const next: string | undefined = /^Not all of stdout: read on at (\S+)$/m.exec(remark?.text ?? "")
          ?.[1];
        uri = next === undefined ? undefined : parseResourceUri(next);
      }
      assert.equal(read, whole);
    }),
    { numRuns: 10 },
  );
});

Deno.test("readJobOutput() says what was dropped and what was not UTF-8", async () => {
  const { readPage } = host("", "");
  const [remark] = await readJobOutput(WHOLE, {
    readPage: async (params) => {
      const { result } = await readPage(params);
      const stdout = { text: "\ufffd", bytes: 1, hasMore: false, droppedBytes: 10, invalidUtf8: true };
      return {
        agent,
        result: { ...result, stdout, stdoutBytes: 11, exitCode: null, signal: "SIGKILL", note: "a\nb" },
      };
    },
  });
  assert.match(
    remark?.text ?? "",
    /ended by SIGKILL\na\\u\{a\}b\nstdout: 11 bytes written, the last 10 .*, some .* U\+FFFD/,
  );
});

Deno.test("readJobOutput() stops at a host that never gets on, and refuses one that answers too much", async () => {
  const { readPage } = host("abc", "");
  const answer = (page: Partial<ResultOf<"job_get">["stdout"]>): ReadPage => async (params) => {
    const { result } = await readPage({ ...params, cursor: {} });
    return { agent, result: { ...result, stdout: { ...result.stdout, hasMore: true, ...page } } };
  };
  const texts = await readJobOutput(WHOLE, { readPage: answer({ text: "", bytes: 0 }) });
  assert.match(texts[0]?.text ?? "", /Not all of stdout/);
  await assert.rejects(
    readJobOutput(WHOLE, {
      readPage: answer({ text: "x".repeat(2_000_000), bytes: 1 }),
      maxBytes: 1_000_000,
    }),
    { code: "too_large" },
  );
});

Deno.test("readJobOutput() fails as the host does behind the end", async () => {
  await assert.rejects(readJobOutput({ ...WHOLE, stream: "stdout", from: 4 }, host("abc", "")), {
    code: "bad_request",
  });
});
