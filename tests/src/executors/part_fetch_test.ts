import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import type { PeerPort, RequestPeer } from "../../../src/executors/part_fetch.ts";
import { createPartFetch } from "../../../src/executors/part_fetch.ts";
import type { OutputSink } from "../../../src/executors/executor.ts";
import { encodeBase32 } from "../../../src/protocol/base32.ts";
import { type Bytes, utf8 } from "../../../src/protocol/bytes.ts";
import type { ParamsOf } from "../../../src/protocol/operation.ts";
import { callContext } from "../../helpers/call_context.ts";
import { openTestHost, outside, type TestHost } from "../../helpers/local_host.ts";
import { openTestSpool, readPart } from "../parts/_spool.ts";
import { addPart, failsWith, KEY, readText, runPart } from "./_parts.ts";

const SOURCE: Bytes = new Uint8Array(16).fill(1);
const SELF: Bytes = new Uint8Array(16).fill(2);
const FROM = encodeBase32(SOURCE);

/** A port to another host, without a room between. */
function portTo(host: () => TestHost): PeerPort {
  return {
    ownAddress: () => SELF,
    requestPeer: async (address, { op, params }, { signal, onOutput }) => {
      assert.deepEqual(address, SOURCE);
      return await host().executors.execute(op, params, outside({ signal, output: onOutput as OutputSink })); // The same function.
    },
  };
}

const wanted = (...parts: readonly [name: string, bytes: number][]): ParamsOf<"part_fetch"> => ({
  ...KEY,
  from: FROM,
  parts: parts.map(([name, bytes]) => ({ name, bytes })),
});

/** The executor over a scripted source of the part `map.0` with `content`. */
async function fetchFrom(
  content: string,
  script: (attempt: number, offset: number, send: (text: string) => Promise<void>) => Promise<unknown>,
  params = wanted(["map.0", content.length]),
) {
  await using opened = await openTestSpool();
  let attempt = 0;
  const waits: number[] = [];
  const requestPeer: RequestPeer = async (_address, { params: asked }, { onOutput }) => {
    const { offset } = asked as ParamsOf<"part_read">; // As the executor sends them.
    return await script(attempt++, offset, async (text) => {
      const bytes = utf8(text);
      await onOutput("stdout", bytes);
      bytes.fill(0); // Valid until the promise resolves, and no longer.
    });
  };
  const execute = createPartFetch({
    spool: opened.spool,
    requestPeer,
    ownAddress: () => SELF,
    wait: (ms) => Promise.resolve(void waits.push(ms)),
  });
  try {
    const { bytes } = await execute(params, callContext());
    using use = opened.spool.open(KEY);
    return { bytes, waits, text: await readPart(use.parts, "map.0") };
  } catch (error) {
    assert.deepEqual([opened.spool.taken, opened.spool.runs], [0, 0]);
    throw error;
  }
}

Deno.test({
  name: "part_fetch takes parts from another host, and not twice",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using source = await openTestHost();
    await using taker = await openTestHost({ peers: portTo(() => source) });
    await runPart(source, "seq 20000", { output: { name: "map.0", as: "keyed", reducers: 3 } });
    addPart(source, "map.9", "");
    using use = source.spool.open(KEY);
    const names = ["map.0.0", "map.0.1", "map.0.2", "map.9"];
    const parts = names.map((name): [string, number] => [name, use.parts.info(name)?.bytes ?? -1]);
    const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
    const fetchAll = () => taker.executors.execute("part_fetch", wanted(...parts), outside());
    assert.deepEqual(await fetchAll(), { bytes: total });
    for (const name of names) assert.equal(await readText(taker, name), await readText(source, name));
    {
      using taken = taker.spool.open(KEY);
      assert.deepEqual(taken.parts.info("map.0.1"), use.parts.info("map.0.1"));
    }
    assert.deepEqual(await fetchAll(), { bytes: 0 });
  },
});

Deno.test("part_fetch takes nothing with a wrong ticket, and nothing that is not there", async () => {
  await using source = await openTestHost();
  await using taker = await openTestHost({ peers: portTo(() => source) });
  addPart(source, "map.0", "secret");
  const ask = (params: unknown) => taker.executors.execute("part_fetch", params, outside());
  await failsWith(ask({ ...wanted(["map.1", 6]) }), "cannot_run", /not on this host$/);
  await failsWith(ask({ ...wanted(["map.0", 5]) }), "cannot_run", /does not have the 5 bytes/);
  await failsWith(ask({ ...wanted(["map.0", 7]) }), "cannot_run", /does not have the 7 bytes/);
  const other = { run: `r_${"c".repeat(20)}`, ticket: "b".repeat(32) };
  await failsWith(ask({ ...wanted(["map.0", 6]), ...other }), "refused", /no such run/);
  await failsWith(ask({ ...wanted(["map.0", 6]), from: "nonsense!" }), "bad_request", /it is no address$/);
  await failsWith(ask({ ...wanted(["../map", 6]) }), "bad_request", /parameters of "part_fetch"/);
  assert.equal(taker.spool.taken, 0);
});

Deno.test("part_fetch from the host itself copies nothing", async () => {
  await using host = await openTestHost({
    peers: { ownAddress: () => SELF, requestPeer: () => Promise.reject(new Error("asked")) },
  });
  addPart(host, "map.0", "12345");
  const ask = (...parts: [string, number][]) =>
    host.executors.execute("part_fetch", { ...wanted(...parts), from: encodeBase32(SELF) }, outside());
  assert.deepEqual(await ask(["map.0", 5]), { bytes: 0 });
  await failsWith(ask(["map.0", 5], ["map.1", 5]), "cannot_run", /not on this host$/);
});

Deno.test("part_fetch without a room is given up when its caller is gone", async () => {
  await using host = await openTestHost();
  const controller = new AbortController();
  const asking = host.executors.execute(
    "part_fetch",
    wanted(["map.0", 1]),
    outside({ signal: controller.signal }),
  );
  controller.abort();
  await failsWith(asking, "cancelled", /./);
});

Deno.test("part_fetch goes on where a lost connection left it", async () => {
  const lost = () => new OperationError("link_lost", "Lost");
  const result = await fetchFrom("0123456789", async (attempt, offset, send) => {
    assert.equal(offset, [0, 4, 4, 7][attempt]);
    if (attempt === 0) await send("0123");
    if (attempt === 2) await send("456");
    if (attempt < 3) throw lost();
    await send("789");
    return { bytes: 10 };
  });
  assert.deepEqual(result, { bytes: 10, text: "0123456789", waits: [100, 500, 100] });
});

Deno.test("part_fetch gives up after some attempts without a byte, and at once when the host is gone", async () => {
  for (const [code, attempts] of [["link_lost", 5], ["peer_gone", 1], ["refused", 1]] as const) {
    let asked = 0;
    await failsWith(
      fetchFrom("0123", () => {
        asked++;
        return Promise.reject(new OperationError(code, "Lost"));
      }),
      code,
      /Lost/,
    );
    assert.equal(asked, attempts);
  }
});

const lies: readonly (readonly [string, (send: (text: string) => Promise<void>) => Promise<unknown>])[] = [
  ["more bytes", async (send) => (await send("0123456"), { bytes: 4 })],
  ["fewer bytes", async (send) => (await send("01"), { bytes: 4 })],
  ["another size", async (send) => (await send("0123"), { bytes: 5 })],
  ["nonsense", async (send) => (await send("0123"), "yes")],
];
for (const [name, script] of lies) {
  Deno.test(`part_fetch keeps nothing of a host that sends ${name}`, async () => {
    await failsWith(
      fetchFrom("0123", (_attempt, _offset, send) => script(send)),
      "cannot_run",
      /does not have the 4 bytes/,
    );
  });
}

Deno.test("part_fetch gives a part up of which nothing comes any more", async () => {
  await using opened = await openTestSpool();
  const execute = createPartFetch({
    spool: opened.spool,
    ownAddress: () => SELF,
    silenceMs: 20,
    requestPeer: (_address, _call, { signal }) =>
      new Promise((_resolve, reject) => {
        const gaveUp = () => reject(new OperationError("cancelled", "The request was cancelled"));
        signal.addEventListener("abort", gaveUp, { once: true });
      }),
  });
  await failsWith(execute(wanted(["map.0", 5]), callContext()), "timed_out", /nothing comes any more$/);
});

Deno.test("part_fetch ends what is under way when one part fails or the caller is gone", async () => {
  await using opened = await openTestSpool();
  const controller = new AbortController();
  let ended = 0;
  const asked: string[] = [];
  const othersAsked = Promise.withResolvers<void>();
  const execute = createPartFetch({
    spool: opened.spool,
    ownAddress: () => SELF,
    requestPeer: (_address, { params }, { signal }) => {
      const { part } = params as ParamsOf<"part_read">; // As the executor sends them.
      asked.push(part);
      if (asked.length >= 4) othersAsked.resolve();
      if (part === "map.2") {
        return othersAsked.promise.then(() =>
          Promise.reject(new OperationError("cannot_run", "No such part"))
        );
      }
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          ended++;
          reject(signal.reason);
        })
      );
    },
  });
  const ask = (...names: string[]) =>
    execute(
      wanted(...names.map((name): [string, number] => [name, 5])),
      callContext({ signal: controller.signal }),
    );
  await failsWith(ask("map.0", "map.1", "map.2", "map.3", "map.4"), "cannot_run", /No such part/);
  assert.deepEqual([ended, asked.sort()], [3, ["map.0", "map.1", "map.2", "map.3"]]);
  const waiting = ask("map.0");
  controller.abort();
  await failsWith(waiting, "cancelled", /./);
  assert.equal(opened.spool.taken, 0);
});
