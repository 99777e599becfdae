import assert from "node:assert/strict";
import fc from "fast-check";
import { arrayOfLines, arrayOfWholes, groupsOfLines, type Items } from "../../../src/parts/json_input.ts";
import { type Bytes, concatBytes } from "../../../src/protocol/bytes.ts";
import { anyLines, chunked, collect, compareBytes, keyOf, linesOf, sortedByKey } from "./_lines.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const decode = (bytes: Uint8Array) => decoder.decode(bytes);
const encode = (text: string) => new TextEncoder().encode(text);
const sources = (contents: readonly Bytes[], size = 5) =>
  contents.map((bytes, i) => ({ name: `part ${i}`, open: () => chunked(bytes, size) }));
const json = async (chunks: AsyncIterable<Bytes>): Promise<unknown> =>
  JSON.parse(decode(await collect(chunks)));

Deno.test("arrayOfLines() makes an array of all lines, whatever bytes they have", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyLines({ maxLength: 60 }), { maxLength: 4 }), async (contents) => {
      const expected = contents.flatMap((bytes) => linesOf(bytes).map((line) => decode(line.slice(0, -1))));
      assert.deepEqual(await json(arrayOfLines(sources(contents), "text")), expected);
    }),
  );
});

Deno.test("arrayOfLines() of JSON lines holds their values", async () => {
  const contents = ['{"a":1}\n\n"x"\r\n', "[2]", ""].map(encode);
  assert.deepEqual(await json(arrayOfLines(sources(contents), "json")), [{ a: 1 }, "x", [2]]);
});

Deno.test("arrayOfWholes() holds each source as one value", async () => {
  const text = ['a\n"é"\u2028', "", "\ufeff\u{1f600}"].map(encode);
  assert.deepEqual(await json(arrayOfWholes(sources(text, 1), "text")), [
    'a\n"é"\u2028',
    "",
    "\ufeff\u{1f600}",
  ]);
  assert.deepEqual(await json(arrayOfWholes(sources([new Uint8Array([97, 255])]), "text")), ["a\ufffd"]);
  const values = [' {"a": "é"}\n', "1"].map(encode);
  assert.deepEqual(await json(arrayOfWholes(sources(values, 1), "json")), [{ a: "é" }, 1]);
  assert.deepEqual(await json(arrayOfWholes([], "json")), []);
});

Deno.test("groupsOfLines() gathers the values of each key", async () => {
  await fc.assert(fc.asyncProperty(anyLines(), async (bytes) => {
    const sorted = sortedByKey(linesOf(bytes));
    const groups: { key: string; values: string[] }[] = [];
    let last: Uint8Array | undefined;
    for (const line of sorted) {
      const key = keyOf(line);
      if (last === undefined || compareBytes(last, key) !== 0) groups.push({ key: decode(key), values: [] });
      last = key;
      groups.at(-1)?.values.push(decode(line.slice(key.length + 1, -1)));
    }
    const text = decode(await collect(groupsOfLines(chunked(concatBytes(...sorted), 7), "text")));
    assert.deepEqual(text.split("\n").slice(0, -1).map((line) => JSON.parse(line)), groups);
  }));
});

Deno.test("groupsOfLines() of JSON values, where a line without one has null", async () => {
  const text = decode(await collect(groupsOfLines(chunked(encode('a\t{"n": 1}\na\t2\nb\n'), 4), "json")));
  assert.deepEqual(text.split("\n").slice(0, -1).map((line) => JSON.parse(line)), [
    { key: "a", values: [{ n: 1 }, 2] },
    { key: "b", values: [null] },
  ]);
});

const wrong: readonly (readonly [string, () => AsyncIterable<Bytes>, RegExp])[] = [
  ["line", () => arrayOfLines(sources([encode("1\n2\n}")]), "json"), /line 3 of part 0 is no JSON$/],
  ["part", () => arrayOfWholes(sources([encode("1"), encode("1 2")]), "json"), /part 1 is no JSON$/],
  ["cut part", () => arrayOfWholes(sources([encode("[1")]), "json"), /part 0 is no JSON$/],
  [
    "value",
    () => groupsOfLines(chunked(encode("k\tx\n"), 9), "json" satisfies Items),
    /of the key "k" is no JSON$/,
  ],
];
for (const [name, open, pattern] of wrong) {
  Deno.test(`a ${name} that is no JSON is told`, () => assert.rejects(collect(open()), pattern));
}

Deno.test("a large group is given in pieces", async () => {
  const line = encode("key\t" + "v".repeat(996) + "\n");
  async function* lines(): AsyncGenerator<Bytes> {
    for (let i = 0; i < 2_000; i++) yield await Promise.resolve(line);
  }
  let chunks = 0;
  let largest = 0;
  for await (const chunk of groupsOfLines(lines(), "text")) {
    chunks++;
    largest = Math.max(largest, chunk.length);
  }
  assert.ok(chunks > 10 && largest < 200_000);
});
