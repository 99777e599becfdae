/**
 * What a request carries beside its header: large parameters and results, and output as it comes.
 */
import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import type { Execute } from "../../../src/peer/dispatch.ts";
import { PENDING_LIMITS } from "../../../src/peer/pending.ts";
import { type Bytes, concatBytes, utf8 } from "../../../src/protocol/bytes.ts";
import {
  INITIAL_CREDIT_BYTES,
  MAX_INLINE_VALUE_BYTES,
  MAX_VALUE_BYTES,
} from "../../../src/protocol/limits.ts";
import { turn } from "../../helpers/fake_clock.ts";
import { follow, HOST, joinRequests } from "./_requests.ts";

const call = { op: "exec", params: { a: 1 } };

function hasCode(code: string) {
  return (error: unknown) => {
    assert.ok(error instanceof OperationError, `${error}`);
    assert.equal(error.code, code);
    return true;
  };
}

/** A value whose JSON is of that many bytes, some of them in characters of two and three bytes. */
function valueOf(bytes: number): { text: string } {
  const mixed = "ä€x".repeat(100);
  const text = mixed + "y".repeat(bytes - utf8(mixed).length - '{"text":""}'.length);
  assert.equal(utf8(JSON.stringify({ text })).length, bytes);
  return { text };
}

const sizes = [
  [MAX_INLINE_VALUE_BYTES, "in the header"],
  [MAX_INLINE_VALUE_BYTES + 1, "as a stream"],
  [INITIAL_CREDIT_BYTES + 1, "as a stream"],
  [MAX_VALUE_BYTES, "as a stream"],
  [MAX_VALUE_BYTES + 1, "not at all"],
] as const;
for (const [bytes, how] of sizes) {
  Deno.test(`request() sends parameters of ${bytes} bytes ${how}`, async () => {
    const params: unknown[] = [];
    using requests = joinRequests({
      execute: (asked) => {
        params.push(asked.params);
        return Promise.resolve(true);
      },
    });
    const value = valueOf(bytes);
    const request = requests.pending.request(HOST, { op: "exec", params: value });
    if (how === "not at all") {
      await assert.rejects(request, hasCode("too_large"));
      assert.deepEqual([requests.log, requests.pending.count], [[], 0]);
      return;
    }
    assert.equal(await request, true);
    assert.deepEqual(params, [value]);
    assert.equal(requests.sent("data").length > 0, how === "as a stream");
    assert.deepEqual(requests.anomalies(), {});
  });

  Deno.test(`request() takes a result of ${bytes} bytes, which comes ${how}`, async () => {
    const value = valueOf(bytes);
    using requests = joinRequests({ execute: () => Promise.resolve(value) });
    const request = requests.pending.request(HOST, call);
    if (how === "not at all") return await assert.rejects(request, hasCode("too_large"));
    assert.deepEqual(await request, value);
    assert.equal(requests.sent("data").length > 0, how === "as a stream");
    assert.deepEqual(requests.anomalies(), {});
  });
}

Deno.test("request() with large parameters is carried out once, also when it is asked again on the way", async () => {
  let executions = 0;
  using requests = joinRequests({ execute: () => Promise.resolve(++executions) });
  let lost = 0;
  requests.arrives = ({ header }) => !(header.t === "data" && header.offset > 1_000_000 && lost++ < 1);
  const request = requests.pending.request(HOST, { op: "exec", params: valueOf(4 * 1024 * 1024) });
  await requests.pass(12_000);
  assert.equal(await request, 1);
  assert.equal(requests.sent("request").length, 2);
});

Deno.test("request() stops sending parameters when it is cancelled on the way", async () => {
  let executions = 0;
  using requests = joinRequests({ execute: () => Promise.resolve(++executions) });
  const cancelling = new AbortController();
  requests.arrives = ({ header }) => {
    if (header.t === "data" && header.offset > 500_000) queueMicrotask(() => cancelling.abort());
    return true;
  };
  const request = requests.pending.request(HOST, { op: "exec", params: valueOf(MAX_VALUE_BYTES) }, {
    signal: cancelling.signal,
  });
  await assert.rejects(request, hasCode("cancelled"));
  const sent = requests.sent("data").length;
  await requests.pass(20_000);
  assert.ok(requests.sent("data").length <= sent + 1);
  assert.equal(executions, 0);
});

/** Writes output in chunks, then answers. */
function writer(chunks: readonly Bytes[], written: { bytes: number } = { bytes: 0 }): Execute {
  return async (_call, { output }) => {
    for (const chunk of chunks) {
      await output?.("stdout", chunk);
      written.bytes += chunk.length;
    }
    return { done: true };
  };
}

const large = Array.from({ length: 40 }, (_, i) => new Uint8Array(100_000).fill(i));

Deno.test("request() gives all output, in order, before it resolves", async () => {
  using requests = joinRequests({ execute: writer(large) });
  const got: Bytes[] = [];
  await requests.pending.request(HOST, call, {
    async onOutput(channel, bytes) {
      assert.equal(channel, "stdout");
      await turn();
      got.push(bytes.slice());
    },
  });
  assert.deepEqual(concatBytes(...got), concatBytes(...large));
  assert.deepEqual(requests.anomalies(), {});
});

Deno.test("request() asks for no output that nobody takes", async () => {
  using requests = joinRequests({ execute: writer(large) });
  assert.deepEqual(await requests.pending.request(HOST, call), { done: true });
  assert.equal(requests.sent("data").length, 0);
});

Deno.test("request() holds the host back while its reader is slow, and takes neither for lost", async () => {
  const written = { bytes: 0 };
  using requests = joinRequests({ execute: writer(large, written) });
  const reader = Promise.withResolvers<void>();
  const request = requests.pending.request(HOST, call, { onOutput: () => reader.promise });
  const followed = follow(request);
  await requests.pass(120_000);
  assert.equal(followed.state, "pending");
  assert.ok(written.bytes <= INITIAL_CREDIT_BYTES, `${written.bytes}`);
  reader.resolve();
  assert.deepEqual(await request, { done: true });
});

Deno.test("request() waits for a slow reader after the answer too, past its deadline", async () => {
  using requests = joinRequests({ execute: writer([utf8("text")]) });
  const reader = Promise.withResolvers<void>();
  const request = requests.pending.request(HOST, call, { onOutput: () => reader.promise, deadlineMs: 5_000 });
  await requests.pass(120_000);
  reader.resolve();
  assert.deepEqual(await request, { done: true });
});

Deno.test("request() fails, and is cancelled on the host, when its reader fails", async () => {
  using requests = joinRequests({ execute: writer(large) });
  const request = requests.pending.request(HOST, call, {
    onOutput: () => Promise.reject(new Error("The terminal is gone")),
  });
  await assert.rejects(request, /terminal is gone/);
  await turn();
  assert.equal(requests.sent("cancel").length, 1);
  assert.equal(requests.dispatcher.running, 0);
});

Deno.test("request() says after 30 s that the end of the output was lost, not before", async () => {
  using requests = joinRequests({ execute: writer([utf8("start"), utf8("end")]) });
  requests.arrives = ({ header }) => !(header.t === "data" && header.offset > 0);
  const followed = follow(requests.pending.request(HOST, call, { onOutput: () => {} }));
  await requests.pass(PENDING_LIMITS.incompleteMs - 1_000);
  assert.equal(followed.state, "pending");
  await requests.pass(2_000);
  assert.ok(hasCode("link_lost")(followed.error));
});

Deno.test("request() resolves when the end of the output comes after the answer", async () => {
  using requests = joinRequests({ execute: writer([utf8("start"), utf8("end")]) });
  requests.arrives = ({ header }) => !(header.t === "data" && header.offset > 0);
  const got: Bytes[] = [];
  const request = requests.pending.request(HOST, call, {
    onOutput: (_channel, bytes) => void got.push(bytes),
  });
  await requests.pass(3_000);
  const late = requests.log.find(({ header }) => header.t === "data" && header.offset > 0);
  assert.ok(late !== undefined);
  requests.pending.receive(HOST, late);
  assert.deepEqual(await request, { done: true });
  assert.deepEqual(concatBytes(...got), utf8("startend"));
});
