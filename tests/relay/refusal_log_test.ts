import assert from "node:assert/strict";
import { refuse } from "../../relay/core/effect.ts";
import { RefusalLog } from "../../relay/refusal_log.ts";

function createTestLog() {
  const lines: string[] = [];
  return { lines, log: new RefusalLog({ debug: () => {}, warn: (line) => lines.push(line) }) };
}

Deno.test("RefusalLog.note() writes one line with address and reason", () => {
  const { lines, log } = createTestLog();
  log.note("192.0.2.1:5", refuse("join_refused", "Cannot join: no"), 0);
  assert.deepEqual(lines, ["Closed 192.0.2.1:5: join_refused: Cannot join: no"]);
});

Deno.test("RefusalLog.note() keeps what a peer quoted to one short line", () => {
  const { lines, log } = createTestLog();
  log.note("192.0.2.1:5", refuse("join_refused", `a\nb\u001b[2J\u2028${"x".repeat(1000)}`), 0);
  assert.match(lines[0] ?? "", /^[\x20-\x7e]{1,400}$/);
});

Deno.test("RefusalLog writes a flood of 10 000 as a few lines that count them all", () => {
  const { lines, log } = createTestLog();
  for (let i = 0; i < 10_000; i++) {
    log.note("192.0.2.1:5", refuse(i % 4 === 0 ? "bad_message" : "join_timeout", "x"), i / 10);
  }
  log.tick(20_000);
  assert.ok(lines.length <= 30, `${lines.length} lines`);
  const single = lines.filter((line) => line.startsWith("Closed 192")).length;
  const summed = [...lines.join("\n").matchAll(/(\d+) (?:bad_message|join_timeout)/g)]
    .reduce((sum, match) => sum + Number(match[1]), 0);
  assert.equal(single + summed, 10_000);
});

Deno.test("RefusalLog lists again in the next window", () => {
  const { lines, log } = createTestLog();
  for (let i = 0; i < 100; i++) log.note("192.0.2.1:5", refuse("bad_message", "x"), 0);
  log.note("192.0.2.2:6", refuse("bad_message", "later"), 10_000);
  assert.equal(lines.at(-1), "Closed 192.0.2.2:6: bad_message: later");
  log.flush();
  assert.equal(lines.at(-1), "Closed 192.0.2.2:6: bad_message: later", "a summary is written once");
});
