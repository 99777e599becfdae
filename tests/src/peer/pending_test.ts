import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import type { Execute } from "../../../src/peer/dispatch.ts";
import { PENDING_LIMITS } from "../../../src/peer/pending.ts";
import { EMPTY, utf8 } from "../../../src/protocol/bytes.ts";
import { INITIAL_CREDIT_BYTES } from "../../../src/protocol/limits.ts";
import { turn } from "../../helpers/fake_clock.ts";
import { CALLER, follow, HOST, joinRequests, type Requests } from "./_requests.ts";

const never: Execute = (_call, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
const call = { op: "exec", params: { a: 1 } };

function hasCode(code: string) {
  return (error: unknown) => {
    assert.ok(error instanceof OperationError, `${error}`);
    assert.equal(error.code, code);
    return true;
  };
}

/** A signal that counts who listens to it. */
function watchedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  return { signal, abort: () => controller.abort(), listeners: () => listeners };
}

Deno.test("request() resolves with what the host answers, and asks once", async () => {
  const calls: unknown[] = [];
  using requests = joinRequests({
    execute: ({ op, params, caller }) => {
      calls.push([op, params, caller.address]);
      return Promise.resolve({ done: true });
    },
  });
  assert.deepEqual(await requests.pending.request(HOST, call), { done: true });
  assert.deepEqual(calls, [["exec", { a: 1 }, CALLER]]);
  assert.equal(requests.sent("request").length, 1);
  assert.equal(requests.pending.count, 0);
});

Deno.test("request() rejects with the host's code, message and remedy", async () => {
  using requests = joinRequests({
    execute: () => Promise.reject(new OperationError("refused", "No", { remedy: "Ask the owner" })),
  });
  await assert.rejects(requests.pending.request(HOST, call), (error) => {
    assert.ok(error instanceof OperationError);
    assert.deepEqual([error.code, error.message, error.remedy], ["refused", "No", "Ask the owner"]);
    return true;
  });
});

/** Every way in which a request ends, and what its caller gets. */
const endings: readonly (readonly [string, string, (requests: Requests, abort: () => void) => unknown])[] = [
  [
    "an answer",
    "resolved",
    ({ pending }) =>
      pending.receive(HOST, { header: { t: "response", id: 1, ok: true, result: 1 }, body: EMPTY }),
  ],
  ["a failure", "busy", ({ pending }) =>
    pending.receive(HOST, {
      header: { t: "response", id: 1, ok: false, error: { code: "busy", message: "Full" } },
      body: EMPTY,
    })],
  ["its caller's cancelling", "cancelled", (_requests, abort) => abort()],
  ["its deadline", "timed_out", (requests) => requests.pass(10_000)],
  [
    "the leaving of its host",
    "peer_gone",
    ({ pending }) => pending.fail(new OperationError("peer_gone", "Gone"), HOST),
  ],
  [
    "the loss of the link",
    "link_lost",
    ({ pending }) => pending.fail(new OperationError("link_lost", "Lost")),
  ],
];
for (const [what, expected, end] of endings) {
  Deno.test(`request() ends with ${what}, and nothing that comes later changes it`, async () => {
    using requests = joinRequests({ execute: never });
    // The host hears nothing of it, so that only the caller's side is at work.
    requests.arrives = () => false;
    const { signal, abort, listeners } = watchedSignal();
    const request = requests.pending.request(HOST, call, { signal, deadlineMs: 5_000 });
    const followed = follow(request);
    assert.equal(listeners(), 1);
    await end(requests, abort);
    await turn();
    assert.equal(
      followed.error instanceof OperationError ? followed.error.code : followed.state,
      expected,
    );
    assert.deepEqual([requests.pending.count, listeners()], [0, 0]);
    const sent = requests.log.length;
    for (const [, , later] of endings) await later(requests, abort);
    await requests.pass(60_000);
    assert.equal(requests.log.length, sent);
  });
}

Deno.test("request() counts a host as gone that says nothing for 40 s, and asks it again every 10 s before", async () => {
  using requests = joinRequests();
  requests.arrives = () => false;
  const start = requests.clock.now();
  const followed = follow(requests.pending.request(HOST, call));
  await requests.pass(39_000);
  assert.deepEqual([followed.state, requests.sent("request").length], ["pending", 4]);
  // After the first repeat, what is between the two is suspected too.
  assert.deepEqual(requests.silences.map((at) => at - start), [20_000, 30_000]);
  await requests.pass(1_000);
  assert.ok(hasCode("peer_gone")(followed.error));
});

Deno.test("request() waits as long as it takes while the host says that it is still running", async () => {
  let executions = 0;
  const work = Promise.withResolvers<unknown>();
  using requests = joinRequests({
    execute: () => {
      executions++;
      return work.promise;
    },
  });
  const request = requests.pending.request(HOST, call);
  await requests.pass(300_000);
  work.resolve({ late: true });
  assert.deepEqual(await request, { late: true });
  assert.equal(executions, 1);
  assert.ok(requests.sent("progress").length >= 29);
});

Deno.test("request() gets a lost answer from the host's memory, without a second execution", async () => {
  let executions = 0;
  using requests = joinRequests({ execute: () => Promise.resolve(++executions) });
  requests.arrives = ({ header }) => header.t !== "response";
  const request = requests.pending.request(HOST, call);
  await requests.pass(5_000);
  requests.arrives = () => true;
  await requests.pass(6_000);
  assert.equal(await request, 1);
  assert.deepEqual(requests.anomalies(), { repeated_request: 1 });
});

Deno.test("repeat() asks one peer again for what it has not answered", async () => {
  using requests = joinRequests({ execute: never });
  const other = new Uint8Array(16).fill(9);
  const open = [HOST, HOST, other].map((address) => follow(requests.pending.request(address, call)));
  await turn();
  requests.pending.repeat(HOST);
  assert.deepEqual(requests.sent("request").map(({ id }) => id), [1, 2, 3, 1, 2]);
  requests.pending.fail(new OperationError("link_lost", "Lost"));
  await turn();
  assert.ok(open.every(({ state }) => state === "rejected"));
});

Deno.test("fail() ends the requests to one address and leaves the others", async () => {
  using requests = joinRequests({ execute: never });
  const other = new Uint8Array(16).fill(9);
  const [gone, kept] = [HOST, other].map((address) => follow(requests.pending.request(address, call)));
  requests.pending.fail(new OperationError("peer_gone", "Gone"), HOST);
  await turn();
  assert.deepEqual([gone?.state, kept?.state, requests.pending.count], ["rejected", "pending", 1]);
});

Deno.test("fail() does not take an answer away that is all here, although its reader is slow", async () => {
  using requests = joinRequests({
    async execute(_call, { output }) {
      await output?.("stdout", utf8("text"));
      return { whole: true };
    },
  });
  const reader = Promise.withResolvers<void>();
  const request = requests.pending.request(HOST, call, { onOutput: () => reader.promise });
  await requests.pass(1_000);
  requests.pending.fail(new OperationError("peer_gone", "Gone"), HOST);
  reader.resolve();
  assert.deepEqual(await request, { whole: true });
});

Deno.test("request() is not sent if its signal is aborted already", async () => {
  using requests = joinRequests();
  await assert.rejects(
    requests.pending.request(HOST, call, { signal: AbortSignal.abort() }),
    hasCode("cancelled"),
  );
  assert.deepEqual(requests.log, []);
});

Deno.test("request() cancels on the host when its signal aborts", async () => {
  const reasons: unknown[] = [];
  using requests = joinRequests({
    execute: (asked, context) => {
      context.signal.addEventListener("abort", () => reasons.push(context.signal.reason.code));
      return never(asked, context);
    },
  });
  const { signal, abort } = watchedSignal();
  const request = requests.pending.request(HOST, call, { signal });
  await turn();
  abort();
  await assert.rejects(request, hasCode("cancelled"));
  await turn();
  assert.deepEqual([reasons, requests.dispatcher.running], [["cancelled"], 0]);
});

Deno.test("request() rejects when it cannot be sent, and keeps nothing", async () => {
  using requests = joinRequests();
  requests.arrives = () => {
    throw new OperationError("busy", "Too much waits");
  };
  const { signal, listeners } = watchedSignal();
  await assert.rejects(requests.pending.request(HOST, call, { signal }), hasCode("busy"));
  assert.deepEqual([requests.pending.count, listeners()], [0, 0]);
});

Deno.test("request() lets the host say that the deadline passed, and says so itself 2 s later if it does not", async () => {
  using requests = joinRequests({ execute: never });
  const told = follow(requests.pending.request(HOST, call, { deadlineMs: 3_000 }));
  await requests.pass(3_000);
  assert.match(`${told.error}`, /request's deadline passed/);
  requests.arrives = () => false;
  const untold = follow(requests.pending.request(HOST, call, { deadlineMs: 3_000 }));
  await requests.pass(4_000);
  assert.equal(untold.state, "pending");
  await requests.pass(1_000);
  assert.ok(hasCode("timed_out")(untold.error));
  assert.deepEqual(requests.sent("cancel").map(({ id }) => id), [2]);
});

Deno.test("request() gives each of many requests less credit, and never too little to work with", async () => {
  using requests = joinRequests({ execute: never });
  const open = Array.from({ length: 1_000 }, () => follow(requests.pending.request(HOST, call)));
  const credits = requests.sent("request").map(({ credit }) => credit ?? 0);
  assert.equal(credits[0], INITIAL_CREDIT_BYTES);
  assert.equal(credits.at(-1), PENDING_LIMITS.minCreditBytes);
  assert.deepEqual(credits, credits.toSorted((a, b) => b - a));
  requests.pending.fail(new OperationError("link_lost", "Lost"));
  await turn();
  assert.ok(open.every(({ state }) => state === "rejected"));
});

Deno.test("receive() counts an answer of another peer and what does not belong to a request of ours", async () => {
  using requests = joinRequests({ execute: never });
  const followed = follow(requests.pending.request(HOST, call));
  const { pending } = requests;
  pending.receive(CALLER, { header: { t: "response", id: 1, ok: true, result: "forged" }, body: EMPTY });
  pending.receive(HOST, {
    header: { t: "data", id: 1, channel: "stdout", offset: 0 },
    body: utf8("unasked"),
  });
  pending.receive(HOST, { header: { t: "data", id: 1, channel: "params", offset: 0 }, body: utf8("ours") });
  pending.receive(HOST, { header: { t: "cancel", id: 1 }, body: EMPTY });
  await turn();
  assert.deepEqual([followed.state, requests.anomalies()], ["pending", { bad_message: 4 }]);
  // What comes for a request that has ended is late, not wrong.
  pending.receive(HOST, { header: { t: "response", id: 99, ok: true }, body: EMPTY });
  assert.deepEqual(requests.anomalies(), { bad_message: 4 });
  pending.fail(new OperationError("link_lost", "Lost"));
});

Deno.test("receive() refuses a result of another size than was announced", async () => {
  using requests = joinRequests({ execute: never });
  const request = requests.pending.request(HOST, call);
  const { pending } = requests;
  pending.receive(HOST, { header: { t: "data", id: 1, channel: "result", offset: 0 }, body: utf8("[1]   ") });
  pending.receive(HOST, { header: { t: "response", id: 1, ok: true, resultBytes: 3 }, body: EMPTY });
  await assert.rejects(request, hasCode("link_lost"));
});
