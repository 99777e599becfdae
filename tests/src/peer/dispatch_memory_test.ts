/**
 * A request is never carried out twice, however long a relay keeps a copy of it back.
 */
import assert from "node:assert/strict";
import { createAnomalies } from "../../../src/peer/anomalies.ts";
import { createDispatcher } from "../../../src/peer/dispatch.ts";
import { SESSION_LIMITS } from "../../../src/peer/session_table.ts";
import { EMPTY } from "../../../src/protocol/bytes.ts";
import type { Header } from "../../../src/protocol/message.ts";

/** For as long as this a record can be opened, so for as long a copy of a request may still come. */
const SESSION_LIFE_MS = SESSION_LIMITS.rekeyAfterMs + SESSION_LIMITS.graceMs;

for (const afterMs of [1, 60_000, 599_000, 601_000, SESSION_LIFE_MS / 2, SESSION_LIFE_MS]) {
  Deno.test(`createDispatcher() carries a request out once, its copy coming ${afterMs} ms later`, async () => {
    let now = 0;
    let executions = 0;
    const sent: Header[] = [];
    const dispatcher = createDispatcher({
      execute: () => Promise.resolve(++executions),
      accepts: () => true,
      send: (_address, header) => void sent.push(header),
      drained: () => Promise.resolve(),
      anomalies: createAnomalies(),
      now: () => now,
    });
    const caller = new Uint8Array(16);
    const request: Header = { t: "request", id: 1, op: "exec", params: {} };
    dispatcher.receive(caller, { header: request, body: EMPTY });
    await new Promise((resolve) => setTimeout(resolve));
    // What the memory forgets in between it forgets in its ticks.
    for (const end = now + afterMs; now < end;) {
      now = Math.min(end, now + 30_000);
      dispatcher.tick();
    }
    dispatcher.receive(caller, { header: request, body: EMPTY });
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(executions, 1);
    assert.deepEqual(sent.map(({ t }) => t), ["response", "response"]);
  });
}
