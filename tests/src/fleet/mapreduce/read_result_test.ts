import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import {
  type ResultPart,
  type ResultReader,
  streamResult,
} from "../../../../src/fleet/mapreduce/read_result.ts";
import { fromUtf8, utf8 } from "../../../../src/protocol/bytes.ts";
import { turn, useFakeClock } from "../../../helpers/fake_clock.ts";
import { createSimulatedFleet } from "./simulated_fleet.ts";

/** Reads pieces that hosts `h0`, `h1` ... hold; `answer` may take the place of a host. */
async function read(
  texts: readonly string[],
  options: {
    isKeyed?: boolean;
    format?: "lines" | "json";
    chunk?: number;
    surplus?: (requests: number) => string;
    /** Parts that all hosts together send at once. */
    places?: number;
    answer?: (offset: number, requests: number) => OperationError | undefined;
  } = {},
) {
  using clock = useFakeClock();
  const { ports } = createSimulatedFleet([], { commands: {}, duration: () => 0 });
  const chunk = options.chunk ?? 3;
  let requests = 0;
  let open = 0;
  let most = 0;
  const gone: number[] = [];
  const reader: ResultReader = {
    spec: {
      run: `r_${"a".repeat(20)}`,
      ticket: "b".repeat(32),
      map: "m",
      isKeyed: options.isKeyed ?? false,
      format: options.format ?? "lines",
      items: "text",
      reducers: 1,
      inputs: [],
      inputIdentity: "x",
    },
    ports: {
      ...ports,
      async request(host, call, { onOutput, signal }) {
        const { offset, part } = Object(call.params);
        const text = texts[Number(host.slice(1))] ?? "";
        requests++;
        assert.match(part, /^map\.\d+\.\d+\.0$/);
        while (open >= (options.places ?? Infinity)) await turn();
        most = Math.max(most, ++open);
        try {
          const error = options.answer?.(offset, requests);
          for (let at = offset; at < text.length; at += chunk) {
            signal.throwIfAborted();
            await onOutput?.("stdout", utf8(text.slice(at, at + chunk)));
            if (error !== undefined) throw error;
          }
          const more = options.surplus?.(requests) ?? "";
          if (more !== "") await onOutput?.("stdout", utf8(more));
          return { bytes: text.length };
        } finally {
          open--;
        }
      },
    },
    locate: ({ partition }) =>
      Promise.resolve({
        host: `h${partition}`,
        attempt: gone.length,
        bytes: [texts[partition]?.length ?? 0],
      }),
    reportGone: (_, attempt) => void gone.push(attempt),
  };
  const parts = texts.map((_, partition): ResultPart => ({ stage: "map", partition }));
  const whole = (async () => {
    let text = "";
    for await (const chunk of streamResult(reader, parts, new AbortController().signal)) {
      text += fromUtf8(chunk);
    }
    return text;
  })();
  whole.catch(() => {});
  await clock.advance(300_000);
  const text = await whole;
  assert.equal(open, 0);
  return { text, requests, gone, most };
}

Deno.test("streamResult() reads pieces in order, a few ahead", async () => {
  const texts = Array.from({ length: 30 }, (_, i) => `piece ${i}`);
  const { text, most, requests } = await read(texts);
  assert.equal(text, texts.join(""));
  assert.equal(requests, 30);
  assert.ok(most <= 8);
});

Deno.test("streamResult() asks nobody for what is empty", async () => {
  assert.deepEqual(await read(["", "a", ""]), { text: "a", requests: 1, gone: [], most: 1 });
  assert.equal((await read([])).text, "");
});

Deno.test("streamResult() keeps values of JSON apart", async () => {
  assert.equal((await read(["[1]", "2\n", "", "3"], { format: "json" })).text, "[1]\n2\n3\n");
});

Deno.test("streamResult() merges by key", async () => {
  assert.equal(
    (await read(["a\t1\nc\t1\n", "b\t2\n", "a\t0\n"], { isKeyed: true })).text,
    "a\t1\na\t0\nb\t2\nc\t1\n",
  );
});

Deno.test("streamResult() reads on from where the connection was lost", async () => {
  const offsets: number[] = [];
  const { text, gone } = await read(["abcdefghi"], {
    answer: (offset) => {
      offsets.push(offset);
      return offset < 6 ? new OperationError("link_lost", "It broke") : undefined;
    },
  });
  assert.deepEqual({ text, offsets, gone }, { text: "abcdefghi", offsets: [0, 3, 6], gone: [] });
});

Deno.test("streamResult() has a piece done again that is gone, and goes on behind what it has given", async () => {
  const { text, gone } = await read(["abcdefghi"], {
    answer: (_, requests) => requests === 1 ? new OperationError("peer_gone", "It left") : undefined,
  });
  assert.deepEqual({ text, gone }, { text: "abcdefghi", gone: [0] });
});

Deno.test("streamResult() merges more pieces than a host sends at a time, also large ones", async () => {
  const texts = Array.from(
    { length: 33 },
    (_, i) =>
      Array.from({ length: 340 }, (_, j) => `${String(j).padStart(4, "0")}${"x".repeat(800)}\t${i}\n`).join(
        "",
      ),
  );
  const { text, requests } = await read(texts, { isKeyed: true, places: 7, chunk: 64 * 1024 });
  const keys = text.split("\n").slice(0, -1).map((line) => `${line.slice(0, 4)} ${line.split("\t")[1]}`);
  assert.deepEqual(
    keys,
    Array.from({ length: 11_220 }, (_, i) => `${String(Math.floor(i / 33)).padStart(4, "0")} ${i % 33}`),
  );
  assert.equal(requests, 66);
});

Deno.test("streamResult() has a piece done again that is longer than it should be", async () => {
  const { text, gone } = await read(["abc"], { surplus: (requests) => requests === 1 ? "more" : "" });
  assert.deepEqual({ text, gone }, { text: "abc", gone: [0] });
});
