import assert from "node:assert/strict";
import fc from "fast-check";
import type { LinkHandlers } from "../../../src/transport/link.ts";
import { createMemoryLinks } from "../../../src/transport/memory_link.ts";

/** Handlers that write down what they are told. */
function createLog(): { readonly log: unknown[]; readonly handlers: LinkHandlers } {
  const log: unknown[] = [];
  return {
    log,
    handlers: {
      onText: (text) => log.push(text),
      onBinary: (message) => log.push([...message]),
      onClose: (closed) => log.push(closed),
    },
  };
}

/** Lets everything that is queued happen. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("createMemoryLinks() delivers all messages in order, both ways", async () => {
  const message = fc.oneof(fc.string(), fc.uint8Array({ maxLength: 10 }));
  await fc.assert(
    fc.asyncProperty(fc.array(message), fc.array(message), async (ours, theirs) => {
      const [a, b] = createMemoryLinks();
      const [atA, atB] = [createLog(), createLog()];
      a.attach(atA.handlers);
      b.attach(atB.handlers);
      for (const [link, messages] of [[a.link, ours], [b.link, theirs]] as const) {
        for (const sent of messages) typeof sent === "string" ? link.sendText(sent) : link.sendBinary(sent);
      }
      await settle();
      const asLogged = (messages: readonly (string | Uint8Array)[]) =>
        messages.map((sent) => typeof sent === "string" ? sent : [...sent]);
      assert.deepEqual([atA.log, atB.log], [asLogged(theirs), asLogged(ours)]);
    }),
    { numRuns: 30 },
  );
});

Deno.test("createMemoryLinks() delivers nothing while the sender still runs", async () => {
  const [a, b] = createMemoryLinks();
  const { log, handlers } = createLog();
  b.attach(handlers);
  a.link.sendText("later");
  assert.deepEqual(log, []);
  await settle();
  assert.deepEqual(log, ["later"]);
});

Deno.test("createMemoryLinks() keeps what came before attach()", async () => {
  const [a, b] = createMemoryLinks();
  a.link.sendText("first");
  a.link.sendBinary(Uint8Array.of(2));
  a.link.close(4409, "replaced");
  await settle();
  const { log, handlers } = createLog();
  b.attach(handlers);
  await settle();
  assert.deepEqual(log, ["first", [2], { code: 4409, reason: "replaced" }]);
});

Deno.test("sendBinary() sends the bytes as they are at the call", async () => {
  const [a, b] = createMemoryLinks();
  const { log, handlers } = createLog();
  b.attach(handlers);
  const message = Uint8Array.of(1, 2);
  a.link.sendBinary(message);
  message.fill(9);
  await settle();
  assert.deepEqual(log, [[1, 2]]);
});

Deno.test("close() tells both ends once, after what was sent before, and nothing follows", async () => {
  const [a, b] = createMemoryLinks();
  const [atA, atB] = [createLog(), createLog()];
  a.attach(atA.handlers);
  b.attach(atB.handlers);
  a.link.sendText("before");
  a.link.close();
  b.link.close(4400, "too late");
  a.link.sendText("after");
  b.link.sendBinary(Uint8Array.of(1));
  await settle();
  assert.deepEqual(atB.log, ["before", { code: 1000, reason: "" }]);
  assert.deepEqual(atA.log, [{ code: 1000, reason: "" }]);
});

Deno.test("messages that are sent by a handler keep their order", async () => {
  const [a, b] = createMemoryLinks();
  const { log, handlers } = createLog();
  a.attach(handlers);
  b.attach({
    ...createLog().handlers,
    onText(text) {
      b.link.sendText(`${text} 1`);
      b.link.sendText(`${text} 2`);
    },
  });
  a.link.sendText("a");
  a.link.sendText("b");
  await settle();
  assert.deepEqual(log, ["a 1", "a 2", "b 1", "b 2"]);
});

Deno.test("drained() resolves at once, also on a closed link", async () => {
  const [a] = createMemoryLinks();
  await a.link.drained();
  a.link.close();
  await a.link.drained();
});
