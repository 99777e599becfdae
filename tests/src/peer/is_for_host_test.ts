import assert from "node:assert/strict";
import { isForHost } from "../../../src/peer/is_for_host.ts";
import type { Header } from "../../../src/protocol/message.ts";

const cases: readonly [Header, boolean][] = [
  [{ t: "request", id: 1, op: "exec", params: {} }, true],
  [{ t: "cancel", id: 1 }, true],
  [{ t: "ping", id: 1 }, true],
  [{ t: "pong", id: 1 }, false],
  [{ t: "progress", id: 1 }, false],
  [{ t: "response", id: 1, ok: true, result: 1 }, false],
  [{ t: "data", id: 1, channel: "params", offset: 0 }, true],
  [{ t: "data", id: 1, channel: "stdout", offset: 0 }, false],
  [{ t: "data", id: 1, channel: "result", offset: 0 }, false],
  [{ t: "credit", id: 1, channel: "params", bytes: 1 }, false],
  [{ t: "credit", id: 1, channel: "stderr", bytes: 1 }, true],
];
for (const [header, expected] of cases) {
  const what = "channel" in header ? `"${header.t}" of ${header.channel}` : `"${header.t}"`;
  Deno.test(`isForHost() is ${expected} for ${what}`, () => assert.equal(isForHost(header), expected));
}
