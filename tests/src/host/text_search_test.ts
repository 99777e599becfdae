import assert from "node:assert/strict";
import fc from "fast-check";
import { Matcher } from "../../../src/host/search/matcher.ts";
import { parseExpression } from "../../../src/host/search/parse_expression.ts";
import {
  decodeText,
  hasMatch,
  lacksText,
  MAX_SHOWN_UNITS,
  searchText,
  type SearchTextOptions,
} from "../../../src/host/text_search.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";

const OPTIONS: SearchTextOptions = {
  context: 0,
  maxLines: 1000,
  maxCharacters: 1_000_000,
  breathe: () => Promise.resolve(),
  isOver: () => false,
};

const search = (text: string, pattern: string, options: Partial<SearchTextOptions> = {}) =>
  searchText(text, new Matcher(parseExpression(pattern).pattern), { ...OPTIONS, ...options });

const brief = async (...args: Parameters<typeof search>) =>
  (await search(...args)).lines.map(({ line, text, column }) =>
    `${line}${column === undefined ? "-" : ":"}${text}`
  );

Deno.test("searchText() shows lines with what is around them, each once", async () => {
  const text = "1\n2\nx3\n4\n5\nx6\n7\n8\n9\n10\n11 x\n12\n";
  assert.deepEqual(await brief(text, "x", { context: 1 }), [
    "2-2",
    "3:x3",
    "4-4",
    "5-5",
    "6:x6",
    "7-7",
    "10-10",
    "11:11 x",
    "12-12",
  ]);
  assert.deepEqual(await brief(text, "x", { context: 2, maxLines: 1 }), ["1-1", "2-2", "3:x3", "4-4", "5-5"]);
});

Deno.test("searchText() ends lines at line feeds and takes the return away", async () => {
  assert.deepEqual(await brief("a\r\nb\r\n\r\nc\rd", "^[abcd]"), ["1:a", "2:b", "4:c\rd"]);
  assert.deepEqual(await brief("a\r\n\r\nb", "^$"), ["2:"]);
  assert.deepEqual(await brief("", "^$"), []);
  assert.deepEqual(await brief("\n", "^$"), ["1:"]);
  assert.deepEqual(await brief("a", "a$"), ["1:a"]);
});

Deno.test("searchText() finds the lines that a plain reading finds", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", "b", " ", "\r", "é"), maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.boolean(),
      fc.constantFrom("a", "ab", "a.*b", "^$", "é|b$", "[ab]b"),
      fc.nat(3),
      async (lines, endsWithFeed, pattern, context) => {
        const text = lines.join("\n") + (endsWithFeed ? "\n" : "");
        const plain = text === ""
          ? []
          : text.replace(/\n$/, "").split("\n").map((one, index, all) =>
            index < all.length - 1 || text.endsWith("\n") ? one.replace(/\r$/, "") : one
          );
        const expression = new RegExp(pattern, "us");
        const hits = plain.flatMap((one, index) => expression.test(one) ? [index] : []);
        const shown = plain.flatMap((one, index) =>
          hits.some((hit) => Math.abs(hit - index) <= context)
            ? [`${index + 1}${hits.includes(index) ? ":" : "-"}${one}`]
            : []
        );
        assert.deepEqual(await brief(text, pattern, { context }), shown);
        const matcher = new Matcher(parseExpression(pattern).pattern);
        assert.equal(await hasMatch(text, matcher, OPTIONS), hits.length > 0);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("searchText() counts what it does not show", async () => {
  const { count, shown, lines, isCut } = await search("x\n".repeat(10), "x", { maxLines: 3 });
  assert.deepEqual([count, shown, lines.length, isCut], [10, 3, 3, false]);
  const cut = await search(`${"x".repeat(400)}\n`.repeat(10), "x", { maxCharacters: 1000 });
  assert.deepEqual([cut.count, cut.shown, cut.isCut], [10, 3, true]);
});

Deno.test("searchText() shows what is around the match of a long line, and never half a character", async () => {
  for (const offset of [0, 1]) {
    const text = `${"x".repeat(offset)}${"😀".repeat(2000)}needle${"😀".repeat(2000)}`;
    const [found] = (await search(text, "needle")).lines;
    assert.ok(found !== undefined);
    assert.ok(found.text.includes("needle") && found.text.length <= MAX_SHOWN_UNITS);
    assert.ok(found.text.isWellFormed());
    assert.equal(found.column, offset + 2001);
    assert.equal((found.cut?.before ?? 0) + found.text.length + (found.cut?.after ?? 0), text.length);
  }
});

Deno.test("searchText() ends when the time is over, and with what breathe throws", async () => {
  const { count } = await search("x\n".repeat(1000), "x", { isOver: () => true });
  assert.ok(count < 100);
  await assert.rejects(
    search("x\n".repeat(1000), "x", { breathe: () => Promise.reject(new Error("enough")) }),
    /enough/,
  );
});

Deno.test("decodeText() reads UTF-16 by its mark, and tells binary content", () => {
  assert.deepEqual(decodeText(Uint8Array.of(0xff, 0xfe, 0x61, 0)), { text: "a", isBinary: false });
  assert.deepEqual(decodeText(Uint8Array.of(0xfe, 0xff, 0, 0x61)), { text: "a", isBinary: false });
  assert.deepEqual(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), { text: "a", isBinary: false });
  assert.deepEqual(decodeText(Uint8Array.of(0x61, 0xff)), { text: "a\uFFFD", isBinary: false });
  assert.equal(decodeText(Uint8Array.of(0x61, 0)).isBinary, true);
});

Deno.test("lacksText() is sure only where it can be", () => {
  assert.equal(lacksText(utf8("été"), "x"), true);
  assert.equal(lacksText(utf8("été"), "té"), false);
  assert.equal(lacksText(utf8("a"), ""), false);
  assert.equal(lacksText(Uint8Array.of(0xff), "\uFFFD"), false);
  assert.equal(lacksText(Uint8Array.of(0xff, 0xfe, 0x61, 0), "a"), false);
});
