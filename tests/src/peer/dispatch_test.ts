import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import type { Execute } from "../../../src/peer/dispatch.ts";
import { type Bytes, EMPTY, utf8 } from "../../../src/protocol/bytes.ts";
import { INITIAL_CREDIT_BYTES } from "../../../src/protocol/limits.ts";
import type { Header } from "../../../src/protocol/message.ts";
import { turn } from "../../helpers/fake_clock.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";
import { CALLER, joinRequests, type Requests } from "./_requests.ts";

/** A host alone: what it sends goes nowhere, what it receives the test makes up. */
function host(options: Parameters<typeof joinRequests>[0] = {}): Requests & {
  receive(header: Header, body?: Bytes, from?: Bytes): void;
  errors(): string[];
} {
  const requests = joinRequests(options);
  requests.arrives = () => false;
  return Object.assign(requests, {
    receive: (header: Header, body: Bytes = EMPTY, from: Bytes = CALLER) =>
      requests.dispatcher.receive(from, { header, body }),
    errors: () => requests.sent("response").map((response) => response.ok ? "ok" : response.error.code),
  });
}

const request = (id: number, more: object = {}): Header => ({
  t: "request",
  id,
  op: "exec",
  params: {},
  ...more,
});

/** Runs until it is told to stop, and remembers why. */
function stoppable() {
  const reasons: string[] = [];
  const execute: Execute = (_call, { signal }) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason.code);
        reject(new Error("Ended by its signal"));
      })
    );
  return { execute, reasons };
}

Deno.test("receive() refuses at once on a node that runs nothing for others, and says what to do", async () => {
  using node = host({ accepts: () => false, execute: () => assert.fail("It must not run") });
  node.receive(request(1));
  node.receive(request(2, { params: undefined, paramsBytes: 100 }));
  const responses = node.sent("response");
  assert.deepEqual(node.errors(), ["not_accepting", "not_accepting"]);
  assert.ok(responses.every((response) => !response.ok && response.error.remedy !== undefined));
  await turn();
  assert.equal(node.dispatcher.running, 0);
});

Deno.test("receive() asks for each operation whether the node runs it for others", async () => {
  using node = host({ accepts: (op) => op === "part_read" });
  node.receive(request(1, { op: "exec" }));
  node.receive(request(2, { op: "part_read" }));
  await turn();
  assert.deepEqual(node.errors(), ["not_accepting", "ok"]);
});

Deno.test("receive() answers pings, also on a node that runs nothing for others", () => {
  using node = host({ accepts: () => false });
  node.receive({ t: "ping", id: 7 });
  assert.deepEqual(node.log.map(({ header }) => header), [{ t: "pong", id: 7 }]);
});

Deno.test("receive() answers a repeated request from memory, or says that it runs, and runs it once", async () => {
  let executions = 0;
  const work = Promise.withResolvers<unknown>();
  using node = host({
    execute: () => {
      executions++;
      return work.promise;
    },
  });
  for (let i = 0; i < 3; i++) node.receive(request(1));
  assert.deepEqual(node.log.map(({ header }) => header.t), ["progress", "progress"]);
  work.resolve("done");
  await turn();
  node.receive(request(1));
  await turn();
  const [first, second] = node.sent("response");
  assert.deepEqual(first, { t: "response", id: 1, ok: true, result: "done" });
  assert.deepEqual(second, first);
  assert.deepEqual([executions, node.anomalies()], [1, { repeated_request: 3 }]);
});

Deno.test("receive() tells the same ids of different callers apart", async () => {
  const callers: unknown[] = [];
  using node = host({ execute: ({ caller }) => Promise.resolve(callers.push(caller.address)) });
  const [one, other] = [sampleAddress(5), sampleAddress(6)];
  node.receive(request(1), EMPTY, one);
  node.receive(request(1), EMPTY, other);
  await turn();
  assert.deepEqual(callers, [one, other]);
});

Deno.test("receive() keeps a caller's address of its own, not the view that it was given", async () => {
  const work = Promise.withResolvers<unknown>();
  const callers: Bytes[] = [];
  using node = host({
    execute: ({ caller }) => {
      callers.push(caller.address);
      return work.promise;
    },
  });
  const view = sampleAddress(5);
  node.receive(request(1), EMPTY, view);
  view.fill(9);
  await turn();
  assert.deepEqual(callers, [sampleAddress(5)]);
  work.resolve(1);
  await turn();
});

Deno.test("receive() takes parameters that come as a stream, in whatever chunks", async () => {
  const params: unknown[] = [];
  using node = host({ execute: (call) => Promise.resolve(params.push(call.params)) });
  const json = utf8(JSON.stringify({ text: "ä".repeat(50) }));
  node.receive(request(1, { params: undefined, paramsBytes: json.length }));
  for (const [start, end] of [[0, 9], [20, 60], [9, 20], [9, 20], [60, json.length]] as const) {
    node.receive({ t: "data", id: 1, channel: "params", offset: start }, json.subarray(start, end));
  }
  await turn();
  assert.deepEqual(params, [{ text: "ä".repeat(50) }]);
});

for (const [what, json] of [["no JSON", "{"], ["no UTF-8", "\u{fffd}"]] as const) {
  Deno.test(`receive() refuses parameters that are ${what}`, async () => {
    using node = host({ execute: () => assert.fail("It must not run") });
    const bytes = what === "no UTF-8" ? Uint8Array.of(0x22, 0xff, 0x22) : utf8(json);
    node.receive(request(1, { params: undefined, paramsBytes: bytes.length }));
    node.receive({ t: "data", id: 1, channel: "params", offset: 0 }, bytes);
    await turn();
    assert.deepEqual(node.errors(), ["bad_request"]);
  });
}

Deno.test("receive() counts parameters beyond the credit and does not run the request", async () => {
  using node = host({ execute: () => assert.fail("It must not run") });
  node.receive(request(1, { params: undefined, paramsBytes: 2 * INITIAL_CREDIT_BYTES }));
  node.receive({ t: "data", id: 1, channel: "params", offset: INITIAL_CREDIT_BYTES }, new Uint8Array(1));
  assert.deepEqual(node.anomalies(), { bad_message: 1 });
  await turn();
});

Deno.test("receive() assembles at most 64 requests of a caller, and still takes the repeat of one of them", () => {
  using node = host();
  const large = { params: undefined, paramsBytes: 1_000 };
  for (let id = 1; id <= 64; id++) node.receive(request(id, large));
  assert.deepEqual(node.errors(), []);
  node.receive(request(65, large));
  assert.deepEqual(node.errors(), ["busy"]);
  node.receive(request(1, large));
  assert.deepEqual(node.errors(), ["busy"]);
  node.receive({ t: "cancel", id: 1 });
  node.receive(request(66, large));
  assert.deepEqual(node.errors(), ["busy"]);
});

Deno.test("receive() gives up parameters that stop coming, after a minute", async () => {
  using node = host();
  node.receive(request(1, { params: undefined, paramsBytes: 1_000 }));
  await node.clock.advance(59_000);
  node.dispatcher.tick();
  assert.deepEqual(node.errors(), []);
  await node.clock.advance(1_000);
  node.dispatcher.tick();
  assert.deepEqual(node.errors(), ["timed_out"]);
});

Deno.test("receive() keeps at most 64 MiB of parameters that are on their way", async () => {
  using node = host();
  const chunk = new Uint8Array(512 * 1024);
  for (let id = 1; id <= 64; id++) {
    node.receive(request(id, { params: undefined, paramsBytes: 8 * 1024 * 1024 }));
    node.receive({ t: "data", id, channel: "params", offset: 0 }, chunk);
  }
  assert.deepEqual(node.errors(), []);
  for (let id = 1; id <= 64; id++) {
    node.receive({ t: "data", id, channel: "params", offset: chunk.length }, chunk);
  }
  assert.deepEqual(node.errors(), []);
  node.receive({ t: "cancel", id: 64 });
  node.receive(request(65, { params: undefined, paramsBytes: 8 * 1024 * 1024 }));
  for (let offset = 0; offset < 3 * chunk.length; offset += chunk.length) {
    node.receive({ t: "data", id: 65, channel: "params", offset }, chunk);
    await turn(); // Credit comes with what was taken.
  }
  assert.deepEqual(node.errors(), ["busy"]);
});

Deno.test("receive() holds at most 256 MiB of parameters of requests that run", async () => {
  const running = Promise.withResolvers<unknown>();
  using node = host({ execute: () => running.promise });
  const size = 8 * 1024 * 1024;
  const json = new TextEncoder().encode(`"${"x".repeat(size - 2)}"`);
  const send = async (id: number) => {
    node.receive(request(id, { params: undefined, paramsBytes: size }));
    for (let offset = 0; offset < size; offset += 512 * 1024) {
      node.receive({ t: "data", id, channel: "params", offset }, json.slice(offset, offset + 512 * 1024));
      await turn(); // Credit comes with what was taken.
    }
  };
  for (let id = 1; id <= 32; id++) await send(id);
  assert.deepEqual([node.errors(), node.dispatcher.running], [[], 32]);
  node.receive(request(33, { params: undefined, paramsBytes: size }));
  assert.deepEqual(node.errors(), ["busy"]);
  running.resolve({});
  await turn();
});

Deno.test("receive() runs a request once whose last parameters, repeat and parameters again come in one turn", async () => {
  let executions = 0;
  using node = host({ execute: () => Promise.resolve(++executions) });
  const json = utf8('{"a":1}');
  for (let i = 0; i < 3; i++) {
    node.receive(request(1, { params: undefined, paramsBytes: json.length }));
    node.receive({ t: "data", id: 1, channel: "params", offset: 0 }, json);
  }
  await turn();
  assert.equal(executions, 1);
});

Deno.test("receive() does not take a request that is asked again on its way for one that was carried out", async () => {
  using node = host({ execute: ({ params }) => Promise.resolve(params) });
  const json = utf8(JSON.stringify({ a: "x".repeat(20) }));
  const large = request(1, { params: undefined, paramsBytes: json.length });
  node.receive(large);
  // Later requests are answered and forgotten meanwhile.
  node.receive(request(2));
  await turn();
  for (let i = 0; i < 14; i++) {
    await node.clock.advance(50_000);
    node.receive({ t: "data", id: 1, channel: "params", offset: i }, json.slice(i, i + 1));
    node.dispatcher.tick();
  }
  node.receive(large);
  node.receive({ t: "data", id: 1, channel: "params", offset: 0 }, json);
  await turn();
  assert.deepEqual(node.errors(), ["ok", "ok"]);
});

Deno.test("receive() cancels a request in the turn in which its last parameters came", async () => {
  let isAborted: boolean | undefined;
  using node = host({
    execute: (_call, { signal }) => {
      isAborted = signal.aborted;
      return Promise.reject(new Error("Ended"));
    },
  });
  node.receive(request(1, { params: undefined, paramsBytes: 2 }));
  node.receive({ t: "data", id: 1, channel: "params", offset: 0 }, utf8("{}"));
  node.receive({ t: "cancel", id: 1 });
  await turn();
  assert.deepEqual([isAborted, node.errors()], [true, ["cancelled"]]);
});

Deno.test("receive() sends output under the request's credit, and how much it was", async () => {
  using node = host({
    async execute(_call, { output }) {
      await output?.("stdout", new Uint8Array(150));
      await output?.("stderr", new Uint8Array(10));
      return "done";
    },
  });
  node.receive(request(1, { stream: true, credit: 100 }));
  await turn();
  assert.deepEqual(node.log.map(({ body }) => body.length), [100]);
  node.receive({ t: "credit", id: 1, channel: "stdout", bytes: 1_000 });
  await turn();
  assert.deepEqual(node.sent("data").map(({ channel, offset }) => [channel, offset]), [
    ["stdout", 0],
    ["stdout", 100],
    ["stderr", 0],
  ]);
  assert.deepEqual(node.sent("response"), [
    { t: "response", id: 1, ok: true, result: "done", sent: { stdout: 150, stderr: 10 } },
  ]);
});

Deno.test("receive() gives no place for output to a request that asks for none", async () => {
  using node = host({ execute: (_call, { output }) => Promise.resolve(output === undefined) });
  node.receive(request(1));
  await turn();
  assert.deepEqual(node.sent("response"), [{ t: "response", id: 1, ok: true, result: true }]);
});

Deno.test("receive() turns a fault of an executor into an answer", async () => {
  using node = host({ execute: () => Promise.reject(new TypeError("Oops")) });
  node.receive(request(1));
  await turn();
  assert.deepEqual(node.errors(), ["internal"]);
  assert.equal(node.dispatcher.running, 0);
});

Deno.test("receive() ends a request at its deadline, which it was told by nobody else", async () => {
  const { execute, reasons } = stoppable();
  using node = host({ execute });
  node.receive(request(1, { deadlineMs: 5_000 }));
  await node.clock.advance(4_999);
  assert.deepEqual(reasons, []);
  await node.clock.advance(1);
  assert.deepEqual([reasons, node.errors(), node.dispatcher.running], [["timed_out"], ["timed_out"], 0]);
});

Deno.test("receive() sets no timer for a deadline past the longest one, and clears those that are not needed", async () => {
  using node = host();
  node.receive(request(1, { deadlineMs: 2 ** 31 }));
  assert.equal(node.clock.timers, 0);
  node.receive(request(2, { deadlineMs: 1_000 }));
  assert.equal(node.clock.timers, 1);
  await turn();
  assert.equal(node.clock.timers, 0);
});

/** Everything that ends a request whose output waits for credit that never comes. */
const releases: readonly (readonly [string, string, (node: ReturnType<typeof host>) => unknown])[] = [
  ["the deadline", "timed_out", (node) => node.clock.advance(5_000)],
  ["cancel", "cancelled", (node) => node.receive({ t: "cancel", id: 1 })],
  ["abandon()", "link_lost", (node) => node.dispatcher.abandon("The caller has left", CALLER)],
];
for (const [what, code, release] of releases) {
  Deno.test(`${what} frees a request whose output waits for credit`, async () => {
    let hasRejected = false;
    using node = host({
      async execute(_call, { output }) {
        await output?.("stdout", new Uint8Array(1_000)).catch((error) => {
          hasRejected = true;
          throw error;
        });
      },
    });
    node.receive(request(1, { stream: true, credit: 10, deadlineMs: 5_000 }));
    await turn();
    assert.deepEqual([hasRejected, node.dispatcher.running], [false, 1]);
    await release(node);
    await turn();
    assert.deepEqual([hasRejected, node.dispatcher.running, node.errors()], [true, 0, [code]]);
    assert.equal(node.clock.timers, 0);
  });

  Deno.test(`${what} frees a request whose result waits for credit`, async () => {
    using node = host({ execute: () => Promise.resolve("x".repeat(200_000)) });
    node.receive(request(1, { credit: 10, deadlineMs: 5_000 }));
    await turn();
    assert.equal(node.dispatcher.running, 1);
    await release(node);
    await turn();
    assert.deepEqual([node.dispatcher.running, node.errors()], [0, [code]]);
  });
}

Deno.test("abandon() ends what runs for one caller, or for all, and what is on its way", async () => {
  const { execute, reasons } = stoppable();
  using node = host({ execute });
  const other = sampleAddress(9);
  node.receive(request(1));
  node.receive(request(1), EMPTY, other);
  node.receive(request(2, { params: undefined, paramsBytes: 2 }));
  await turn();
  node.dispatcher.abandon("Left", CALLER);
  await turn();
  assert.deepEqual([reasons, node.dispatcher.running], [["link_lost"], 1]);
  node.receive({ t: "data", id: 2, channel: "params", offset: 0 }, utf8("{}"));
  await turn();
  assert.equal(node.dispatcher.running, 1);
  node.dispatcher.abandon("Lost");
  await turn();
  assert.deepEqual([reasons, node.dispatcher.running], [["link_lost", "link_lost"], 0]);
});

Deno.test("receive() runs on when its answers cannot be sent", async () => {
  using node = host({ execute: () => Promise.resolve("done") });
  node.arrives = () => {
    throw new OperationError("busy", "Too much waits");
  };
  node.receive(request(1));
  await turn();
  node.arrives = () => false;
  node.receive(request(1));
  assert.equal(node.sent("response").length, 2);
});

Deno.test("receive() counts what a caller does not send", () => {
  using node = host();
  node.receive({ t: "response", id: 1, ok: true });
  node.receive({ t: "progress", id: 1 });
  assert.deepEqual(node.anomalies(), { bad_message: 2 });
  // About a request that has ended it is late, not wrong.
  node.receive({ t: "cancel", id: 1 });
  node.receive({ t: "credit", id: 1, channel: "stdout", bytes: 1 });
  node.receive({ t: "data", id: 1, channel: "params", offset: 0 }, utf8("x"));
  assert.deepEqual([node.anomalies(), node.log], [{ bad_message: 2 }, []]);
});
