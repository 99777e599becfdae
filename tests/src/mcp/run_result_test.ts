import assert from "node:assert/strict";
import fc from "fast-check";
import { type DistributedRunView, readRunResult } from "../../../src/mcp/run_result.ts";
import { jsonBytes } from "../../../src/mcp/text_slice.ts";

const RUN = "r_abcdefghij2345672345";

/** A run with that result, which gives at most so many bytes at once. */
function viewOf(bytes: Uint8Array<ArrayBuffer>, atOnce = Infinity): DistributedRunView {
  return {
    text: "Done",
    resultBytes: bytes.length,
    read: (from, maxBytes) => Promise.resolve(bytes.slice(from, from + Math.min(maxBytes, atOnce))),
  };
}

/** Reads all pieces, as a client would that follows the addresses. */
async function readAll(view: DistributedRunView, maxBytes: number): Promise<{ text: string; reads: number }> {
  let text = "";
  let from: number | undefined = 0;
  for (let reads = 1;; reads++) {
    const [remark, piece] = await readRunResult(RUN, { view, from, maxBytes });
    assert.equal(piece?.uri, `run://${RUN}?from=${from}`);
    assert.ok(jsonBytes(piece.text) <= Math.max(maxBytes, 26), "a piece is not larger than it may be");
    text += piece.text;
    const next = /Read on at run:\/\/r_\w+\?from=(\d+)$/.exec(remark?.text ?? "")?.[1];
    if (next === undefined) return { text, reads };
    assert.ok(Number(next) > from, "it goes on");
    from = Number(next);
  }
}

Deno.test("readRunResult() gives the whole of a result in pieces that fit, cut between characters", async () => {
  await fc.assert(fc.asyncProperty(
    fc.string({ unit: "binary", minLength: 1, maxLength: 200 }).map((text) => text.toWellFormed()),
    fc.integer({ min: 24, max: 400 }),
    fc.integer({ min: 4, max: 64 }),
    async (text, maxBytes, atOnce) => {
      const view = viewOf(new TextEncoder().encode(text), atOnce);
      assert.equal((await readAll(view, maxBytes)).text, text);
    },
  ));
});

Deno.test("readRunResult() ends with any bytes, and says what is not UTF-8", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (bytes) => {
    const { text } = await readAll(viewOf(new Uint8Array(bytes)), 60);
    assert.ok(text.length > 0);
  }));
  const [remark, piece] = await readRunResult(RUN, { view: viewOf(new Uint8Array([0x61, 0xff, 0x62])) });
  assert.equal(piece?.text, "a\uFFFDb");
  assert.match(remark?.text ?? "", /^Done\nSome of it is not UTF-8/);
});

Deno.test("readRunResult() of a large result needs few reads", async () => {
  const lines = Array.from({ length: 1_500_000 }, (_, i) => `${i}\t1\n`).join("");
  const { text, reads } = await readAll(viewOf(new TextEncoder().encode(lines)), 8 * 1024 * 1024);
  assert.ok(text === lines);
  assert.equal(reads, 3);
});

Deno.test("readRunResult() of a run without a result tells how it stands", async () => {
  const [only, ...others] = await readRunResult(RUN, { view: viewOf(new Uint8Array(0)), from: 7 });
  assert.deepEqual([only, others], [{ uri: `run://${RUN}`, mimeType: "text/plain", text: "Done" }, []]);
});

Deno.test("readRunResult() ends where a result is shorter than it was", async () => {
  const view = { ...viewOf(new Uint8Array([0x61])), resultBytes: 10 };
  const [remark, piece] = await readRunResult(RUN, { view });
  assert.equal(piece?.text, "a");
  assert.match(remark?.text ?? "", /Not all of the result: 9 bytes follow/);
});
