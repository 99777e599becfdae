import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { createReadFile, type ReadParams, type ReadResult } from "../../../src/executors/read_file.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { MAX_IMAGE_BYTES, readFile } from "../../../src/protocol/operations/read_file.ts";
import { wellFormedText } from "../../helpers/any_text.ts";
import { callContext } from "../../helpers/call_context.ts";
import { type GuardedHome, guardedHome } from "../../helpers/guarded_home.ts";

type Read = (params: Omit<ReadParams, "path"> & { path?: string }) => Promise<ReadResult>;

function test(
  name: string,
  body: (read: Read, put: (content: string | Bytes) => Promise<void>, home: GuardedHome) => Promise<void>,
  ignore = Deno.build.os === "windows",
): void {
  Deno.test({
    name,
    ignore,
    fn: async () => {
      await using home = await guardedHome();
      const execute = createReadFile({ guard: home.guard });
      const file = join(home.home, "file");
      await body(
        async (params) => {
          const parsed = readFile.params.parse({ path: "file", ...params });
          return readFile.result.parse(await execute(parsed, callContext({ mode: "plan" })));
        },
        (content) =>
          typeof content === "string" ? Deno.writeTextFile(file, content) : Deno.writeFile(file, content),
        home,
      );
    },
  });
}

const sha256 = (content: string | Bytes) => createHash("sha256").update(content).digest("hex");
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join("");
const bytes = (...values: number[]): Bytes => Uint8Array.from(values);
const latin1 = (text: string): Bytes => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf16 = (text: string, isBig = false): Bytes => {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at), !isBig);
  return new Uint8Array(view.buffer);
};

test(
  "createReadFile() returns a small file whole, with what is needed to write it back",
  async (read, put, { home }) => {
    await put("one\ntwo\n");
    const { modified, ...result } = await read({});
    assert.ok(Date.parse(modified ?? "") > 0);
    assert.deepEqual(result, {
      kind: "text",
      path: join(home, "file"),
      size: 8,
      sha256: sha256("one\ntwo\n"),
      text: "one\ntwo\n",
      encoding: "utf-8",
      lineEndings: "lf",
      startLine: 1,
      lines: 2,
      totalLines: 2,
      offset: 0,
      length: 8,
      notes: [],
    });
  },
);

test("createReadFile() returns lines by number, from either end, and how to go on", async (read, put) => {
  await put(numbered(10));
  const cases: [Omit<ReadParams, "path">, string, number, unknown][] = [
    [{ line_count: 2 }, "line 1\nline 2\n", 1, { start_line: 3 }],
    [{ start_line: 9 }, "line 9\nline 10\n", 9, undefined],
    [{ start_line: 9, line_count: 2 }, "line 9\nline 10\n", 9, undefined],
    [{ start_line: -2 }, "line 9\nline 10\n", 9, undefined],
    [{ start_line: -3, line_count: 1 }, "line 8\n", 8, { start_line: 9 }],
    [{ start_line: -99, line_count: 1 }, "line 1\n", 1, { start_line: 2 }],
    [{ start_line: 2, max_bytes: 15 }, "line 2\nline 3\n", 2, { start_line: 4 }],
    [{ start_line: 11 }, "", 11, undefined],
  ];
  for (const [params, text, startLine, next] of cases) {
    const result = await read(params);
    assert.deepEqual([result.text, result.startLine, result.next, result.totalLines], [
      text,
      startLine,
      next,
      10,
    ]);
    assert.equal(result.sha256, sha256(numbered(10)));
  }
  assert.deepEqual((await read({ start_line: 11 })).notes, ["There is no line 11: the file has 10"]);
});

test("createReadFile() refuses parameters that contradict each other", async (read, put) => {
  await put("x");
  for (
    const params of [{ start_line: 1, offset: 0 }, { line_count: 1, length: 1 }, { start_line: 0 }, {
      start_line: 2,
      encoding: "base64",
    }] as const
  ) {
    await assert.rejects(read(params), { name: "OperationError", code: "bad_request" });
  }
});

const texts: [string, Bytes, Omit<ReadParams, "path">, Partial<ReadResult>][] = [
  ["an empty file", bytes(), {}, {
    text: "",
    lines: 0,
    totalLines: 0,
    encoding: "utf-8",
    lineEndings: "none",
  }],
  ["UTF-8 with a mark", latin1("\xef\xbb\xbfa\r\nb"), {}, {
    text: "a\r\nb",
    hasBom: true,
    lineEndings: "crlf",
    lines: 2,
  }],
  ["UTF-16 with a mark", utf16("\ufeffaé\n𝄞"), {}, {
    text: "aé\n𝄞",
    encoding: "utf-16le",
    hasBom: true,
    lines: 2,
  }],
  ["big UTF-16 with a mark", utf16("\ufeffa\nb\n", true), {}, {
    text: "a\nb\n",
    encoding: "utf-16be",
    lines: 2,
  }],
  ["UTF-16 without a mark", utf16("plain words\n"), {}, { text: "plain words\n", encoding: "utf-16le" }],
  ["UTF-16 with line feeds inside characters", utf16("\u0a0a\u0a00\u000a\u0a0a"), { encoding: "utf-16le" }, {
    text: "\u0a0a\u0a00\n\u0a0a",
    lines: 2,
  }],
  ["windows-1252", latin1("caf\xe9 \x80 1\n"), {}, { text: "café € 1\n", encoding: "windows-1252" }],
  ["Latin-1 on request", latin1("caf\xe9 \x80"), { encoding: "latin1" }, {
    text: "café \x80",
    encoding: "latin1",
  }],
  ["UTF-8 with a broken byte", latin1("\xc3\xa9\xc3\xa9\xff"), {}, { text: "éé\ufffd", encoding: "utf-8" }],
  ["old Mac lines", latin1("a\rb\r"), {}, { lineEndings: "cr", lines: 1 }],
  ["mixed lines", latin1("a\nb\r\nc"), {}, { lineEndings: "mixed", lines: 3 }],
  ["a log with colours", latin1("\x1b[31mred\x1b[0m\n"), {}, { kind: "text", encoding: "utf-8" }],
];
for (const [name, content, params, expected] of texts) {
  test(`createReadFile() reads ${name}`, async (read, put) => {
    await put(content);
    const result: Record<string, unknown> = await read(params);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(result[key], value, key);
    assert.equal(result["sha256"], sha256(content));
  });
}

test("createReadFile() says that an encoding is a guess and that bytes were replaced", async (read, put) => {
  await put(latin1("caf\xe9\n"));
  assert.match((await read({})).notes.join(), /guess.*windows-1252/);
  assert.match((await read({ encoding: "utf-8" })).notes.join(), /no utf-8 are shown as/);
  assert.match((await read({ encoding: "utf-8", offset: 0 })).notes.join(), /no utf-8 are shown as/);
});

test("createReadFile() cuts long lines between characters and says where the rest is", async (read, put) => {
  const long = "é".repeat(10_000);
  await put(`${long}\nshort\n`);
  const result = await read({});
  const [cut] = result.cutLines ?? [];
  assert.equal(result.text, `${"é".repeat(4096)}\nshort\n`);
  assert.deepEqual(cut, { line: 1, offset: 8192, leftOutBytes: 20_001 - 8192 });
  const rest = await read({ offset: cut?.offset ?? 0, length: cut?.leftOutBytes ?? 0 });
  assert.equal(rest.text, `${"é".repeat(10_000 - 4096)}\n`);
  assert.equal((await read({ max_bytes: 1, line_count: 1 })).text, "é\n");
});

test("createReadFile() reads by bytes without cutting characters", async (read, put) => {
  await put("aé𝄞z");
  const cases: [number, number | undefined, string, number, number | undefined][] = [
    [0, 1, "a", 0, 1],
    [0, 2, "a", 0, 1],
    [1, 1, "é", 1, 3],
    [2, 9, "é𝄞z", 1, undefined],
    [5, 1, "𝄞", 3, 7],
    [7, 5, "z", 7, undefined],
    [3, 5, "𝄞z", 3, undefined],
    [99, undefined, "", 99, undefined],
  ];
  for (const [offset, length, text, from, next] of cases) {
    const result = await read({ offset, ...(length === undefined ? {} : { length }) });
    assert.deepEqual([result.text, result.offset, result.next], [
      text,
      from,
      next === undefined ? undefined : { offset: next },
    ], `${offset}`);
  }
  assert.match((await read({ offset: 99 })).notes.join(), /nothing at byte 99/);
});

test("createReadFile() describes binary files and returns their bytes on request", async (read, put) => {
  const content = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7) % 256);
  content.set(latin1("\x7fELF"));
  await put(content);
  const { kind, mimeType, text, base64, notes } = await read({});
  assert.deepEqual([kind, mimeType, text, base64], ["binary", "application/x-elf", undefined, undefined]);
  assert.match(notes.join(), /base64/);
  const part = await read({ encoding: "base64", offset: 10, length: 20 });
  assert.deepEqual(Uint8Array.fromBase64(part.base64 ?? ""), content.slice(10, 30));
  assert.deepEqual(part.next, { offset: 30 });
  const whole = await read({ encoding: "base64" });
  assert.deepEqual([whole.sha256, whole.next], [sha256(content), undefined]);
  assert.ok(((await read({ encoding: "base64", max_bytes: 100 })).base64 ?? "").length <= 100);
});

test("createReadFile() returns small images whole and describes large ones", async (read, put) => {
  const png = new Uint8Array(3000);
  png.set(latin1("\x89PNG\r\n\x1a\n"));
  await put(png);
  const image = await read({});
  assert.deepEqual([image.kind, image.mimeType, image.base64, image.sha256], [
    "image",
    "image/png",
    png.toBase64(),
    sha256(png),
  ]);
  const large = new Uint8Array(MAX_IMAGE_BYTES + 1);
  large.set(latin1("\x89PNG\r\n\x1a\n"));
  await put(large);
  const described = await read({});
  assert.deepEqual([described.kind, described.mimeType, described.base64], [
    "binary",
    "image/png",
    undefined,
  ]);
});

test("createReadFile() reads files that the system makes up", async (read) => {
  const result = await read({ path: "/proc/self/status" });
  assert.match(result.text ?? "", /^Name:/);
  assert.equal(result.size, 0);
}, Deno.build.os !== "linux");

test("createReadFile() finds the last lines of a large file from its end", async (read, _put, { home }) => {
  const file = await Deno.open(join(home, "file"), { write: true, create: true });
  await file.truncate(70 * 1024 * 1024);
  await file.seek(0, Deno.SeekMode.End);
  await file.write(new TextEncoder().encode(`\n${numbered(1000)}`));
  file.close();
  const result = await read({ start_line: -3, line_count: 2, encoding: "utf-8" });
  assert.deepEqual([result.text, result.startLine, result.totalLines], [
    "line 998\nline 999\n",
    -3,
    undefined,
  ]);
  const next = result.next !== undefined && "offset" in result.next ? result.next.offset : -1;
  assert.equal((await read({ offset: next, encoding: "utf-8" })).text, "line 1000\n");
  const few = await read({ start_line: -1001, line_count: 1, encoding: "utf-8" });
  assert.match(few.notes.join(), /last 1000 lines/);
  // Many lines before what is returned, none counted after it.
  const first = await read({ line_count: 1, encoding: "utf-8" });
  assert.deepEqual([first.sha256, first.cutLines?.length], [
    sha256(await Deno.readFile(join(home, "file"))),
    1,
  ]);
});

test(
  "createReadFile() tells that a file was changed while it was read",
  async (_read, put, { home, guard }) => {
    await put(numbered(10));
    const file = join(home, "file");
    const execute = createReadFile({
      guard: {
        ...guard,
        openFile: async (path, mode) => {
          const opened = await guard.openFile(path, mode);
          await Deno.writeTextFile(file, "more\n", { append: true });
          return opened;
        },
      },
    });
    const result = await execute({ path: "file" }, callContext());
    assert.match(result.notes.join(), /changed while it was read/);
    assert.equal(result.sha256, undefined);
  },
);

test("createReadFile() ends with its caller", async (_read, put, { guard }) => {
  await put("x");
  const controller = new AbortController();
  const execute = createReadFile({
    guard: {
      ...guard,
      openFile: (path, mode) => {
        controller.abort();
        return guard.openFile(path, mode);
      },
    },
  });
  await assert.rejects(execute({ path: "file" }, callContext({ signal: controller.signal })), {
    code: "cancelled",
  });
});

test("createReadFile() gives any text back part by part", async (read, put) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(wellFormedText({ maxLength: 12 }), fc.constantFrom("\n", "\r\n", "é\n", "𝄞")), {
        maxLength: 12,
      }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      async (pieces, maxBytes, byLines) => {
        const text = pieces.join("").replaceAll(/^\ufeff+|\0/g, "");
        await put(text);
        let whole = "";
        let next: ReadResult["next"] = byLines ? { start_line: 1 } : { offset: 0 };
        for (let calls = 0; next !== undefined; calls++) {
          assert.ok(calls < 300);
          const part: ReadResult = await read({ ...next, max_bytes: maxBytes, encoding: "utf-8" });
          assert.ok(!(part.text ?? "").includes("\ufffd") || text.includes("\ufffd"));
          const [cut] = part.cutLines ?? [];
          if (cut === undefined) whole += part.text;
          else {
            // The cut line is given whole by position.
            const lines = (part.text ?? "").split("\n");
            whole += lines.slice(0, cut.line - (part.startLine ?? 0)).map((line) => `${line}\n`).join("");
            const rest = new TextEncoder().encode(text).slice(cut.offset, cut.offset + cut.leftOutBytes);
            whole += (lines[cut.line - (part.startLine ?? 0)] ?? "") +
              new TextDecoder("utf-8", { ignoreBOM: true }).decode(rest);
            if (part.cutLines?.length !== 1 || part.lines !== cut.line - (part.startLine ?? 0) + 1) return;
          }
          next = part.next;
        }
        assert.equal(whole, text);
      },
    ),
    { numRuns: 60 },
  );
});
