import assert from "node:assert/strict";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { until } from "../../helpers/fake_clock.ts";
import { CALLER, openTestHost, outside } from "../../helpers/local_host.ts";
import { keyOf } from "../parts/_spool.ts";
import { addPart, failsWith, KEY, readBytes, readText, runPart } from "./_parts.ts";

const STRANGER = { id: "strangerstranger2222", name: "stranger", isLocal: false } as const;

Deno.test("part_read sends a part from an offset on", async () => {
  await using host = await openTestHost();
  addPart(host, "in.0", "0123456789");
  assert.equal(await readText(host, "in.0"), "0123456789");
  assert.equal(await readText(host, "in.0", { offset: 7 }), "789");
  assert.equal(await readText(host, "in.0", { offset: 10 }), "");
  await failsWith(readBytes(host, "in.0", { offset: 11 }), "bad_request", /from byte 11: it has 10$/);
  const answer = await host.executors.execute(
    "part_read",
    { ...KEY, part: "in.0", offset: 3 },
    outside({ output: () => Promise.resolve() }),
  );
  assert.deepEqual(answer, { bytes: 10 });
  const silent = host.executors.execute("part_read", { ...KEY, part: "in.0", offset: 0 }, outside());
  await failsWith(silent, "bad_request", /nobody takes the output$/);
});

Deno.test("part_read lets in who holds the ticket, and no other operation does", async () => {
  await using host = await openTestHost({ settings: { allow_peers: [{ id: CALLER.id }] } });
  addPart(host, "in.0", "secret");
  assert.equal(await readText(host, "in.0", {}, { caller: STRANGER }), "secret");
  await failsWith(runPart(host, "true", {}, { caller: STRANGER }), "refused", /not among those/);
  for (const op of ["part_drop", "part_fetch", "get_info"]) {
    const params = op === "part_fetch"
      ? { ...KEY, from: "a", parts: [{ name: "in.0", bytes: 6 }] }
      : op === "part_drop"
      ? KEY
      : {};
    await failsWith(
      host.executors.execute(op, params, outside({ caller: STRANGER })),
      "refused",
      /not among those/,
    );
  }
});

Deno.test("part_read tells nothing without the right ticket", async () => {
  await using host = await openTestHost();
  addPart(host, "in.0", "secret");
  {
    using use = host.spool.join(keyOf("b"));
    use.parts.addBytes("in.0", utf8("other"));
  }
  const none = /^Cannot use the run's parts: there is no such run here for this ticket$/;
  const wrong = [{ ticket: "b".repeat(32) }, { run: keyOf("b").run }, { run: keyOf("c").run }, keyOf("c")];
  for (const changes of wrong) await failsWith(readBytes(host, "in.0", changes), "refused", none);
  const malformed = [
    { ticket: "" },
    { ticket: "*" },
    { run: "../agent" },
    { part: "../../../mode.json" },
    { part: "in.0\u0000" },
    { part: "in.0/../../x" },
  ];
  for (const changes of malformed) {
    await failsWith(readBytes(host, "in.0", changes), "bad_request", /parameters of "part_read"/);
  }
  await failsWith(readBytes(host, "in.1"), "cannot_run", /not on this host$/);
});

Deno.test("part_read is refused by a disabled host", async () => {
  await using host = await openTestHost({ settings: { mode: "disabled" } });
  addPart(host, "in.0", "secret");
  await failsWith(readBytes(host, "in.0"), "refused", /mode disabled/);
});

Deno.test("part_read is not held up by a full host, and ends when its receiver is gone", async () => {
  await using host = await openTestHost({ settings: { max_running: 1, max_queued: 0 }, endGraceMs: 50 });
  addPart(host, "in.0", new Uint8Array(1_000_000));
  const controller = new AbortController();
  const started = Promise.withResolvers<void>();
  const running = runPart(host, "cat; sleep 1000", { input: { parts: ["in.0"] } }, {
    signal: controller.signal,
  })
    .catch(() => {}).finally(started.resolve);
  assert.equal((await readBytes(host, "in.0")).length, 1_000_000);
  const gone = readBytes(host, "in.0", {}, { output: () => Promise.reject(new Error("gone")) });
  await assert.rejects(gone, /gone/);
  controller.abort();
  await running;
});

Deno.test("part_read of one run is not held up by who reads nothing of another", async () => {
  await using host = await openTestHost({ endGraceMs: 50 });
  addPart(host, "in.0", "mine\n");
  const other = keyOf("b");
  {
    using use = host.spool.join(other);
    use.parts.addBytes("in.0", utf8("theirs\n"));
  }
  const controller = new AbortController();
  let begun = 0;
  const stalled = Array.from(
    { length: 70 },
    () =>
      host.executors.execute("part_read", { ...other, part: "in.0", offset: 0 }, {
        ...outside(),
        signal: controller.signal,
        output: () => {
          begun++;
          return new Promise<void>((_resolve, reject) => {
            controller.signal.addEventListener("abort", () => reject(new Error("gone")));
          });
        },
      }),
  );
  const ended = Promise.allSettled(stalled);
  await until("all places of the other run are taken", () => begun === 64);
  assert.equal(new TextDecoder().decode(await readBytes(host, "in.0")), "mine\n");
  controller.abort();
  await ended;
});
