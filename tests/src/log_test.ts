import assert from "node:assert/strict";
import { configureLog, formatRecord, loggerOf } from "../../src/log.ts";

const decoder = new TextDecoder();
const RECORD = {
  category: ["remote-agents", "peer"],
  level: "info",
  message: ["Joined"],
  rawMessage: "Joined",
  timestamp: 0,
  properties: {},
} as const;
const HEAD = "1970-01-01T00:00:00.000Z info peer";

const cases: readonly (readonly [string, Parameters<typeof formatRecord>[0], string])[] = [
  ["a message", RECORD, `${HEAD} Joined`],
  ["fields", { ...RECORD, properties: { n: 1, room: "home" } }, `${HEAD} Joined n=1 room="home"`],
  [
    "a named value once",
    {
      ...RECORD,
      rawMessage: "Joined {room}",
      message: ["Joined ", "home", ""],
      properties: { room: "home" },
    },
    `${HEAD} Joined "home"`,
  ],
  ["an error with its cause", {
    ...RECORD,
    properties: { error: new Error("Cannot dial", { cause: new TypeError("no route") }) },
  }, `${HEAD} Joined error=Error: Cannot dial, because TypeError: no route`],
  ["what has no JSON", { ...RECORD, properties: { a: 1n, b: undefined } }, `${HEAD} Joined a=1 b=undefined`],
  ["several lines on one", { ...RECORD, message: ["a\nb\x1b[2J"] }, `${HEAD} a\\u000ab\\u001b[2J`],
  [
    "secrets as a mark",
    { ...RECORD, message: ["with hunter2!! and"], properties: { t: "hunter2!!" } },
    [
      HEAD,
      'with [redacted] and t="[redacted]"',
    ].join(" "),
  ],
];
for (const [what, record, expected] of cases) {
  Deno.test(`formatRecord() renders ${what}`, () => {
    assert.equal(formatRecord(record, ["hunter2!!"]), expected);
  });
}

Deno.test("formatRecord() cuts a very long line", () => {
  assert.equal(formatRecord({ ...RECORD, message: ["x".repeat(20_000)] }, []).length, 8193);
});

Deno.test("configureLog() writes records from its level up, without secrets", async () => {
  let written = "";
  {
    await using _log = configureLog({
      level: "warning",
      secrets: ["hunter2!!"],
      write(bytes) {
        // Takes less than it is given, as a pipe may.
        const part = bytes.subarray(0, 7);
        written += decoder.decode(part);
        return Promise.resolve(part.length);
      },
    });
    loggerOf("peer").info("Not this");
    loggerOf("peer").warning("Lost the relay", { token: "hunter2!!" });
    loggerOf("mcp").error("Second");
  }
  const lines = written.trimEnd().split("\n");
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /^\d{4}-\S+Z warning peer Lost the relay token="\[redacted\]"$/);
  assert.match(lines[1] ?? "", /^\d{4}-\S+Z error mcp Second$/);
});

Deno.test("configureLog() drops lines while nobody reads, says how many, and goes on", async () => {
  let written = "";
  let open = () => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  await using log = configureLog({
    level: "info",
    secrets: [],
    async write(bytes) {
      await opened;
      written += decoder.decode(bytes);
      return bytes.length;
    },
  });
  for (let i = 0; i < 5000; i++) loggerOf("peer").info("Line");
  open();
  await log.flush();
  const lines = written.trimEnd().split("\n");
  const dropped = Number(/(\d+) lines dropped/.exec(written)?.[1]);
  assert.ok(dropped > 0);
  assert.equal(lines.filter((line) => line.endsWith("Line")).length + dropped, 5000);
});

Deno.test("configureLog() survives a stderr that nobody reads any more", async () => {
  await using log = configureLog({
    level: "info",
    secrets: [],
    write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")),
  });
  loggerOf("peer").info("Line");
  await log.flush();
  loggerOf("peer").info("Line");
});
