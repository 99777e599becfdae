import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { describeError, RESULT_TEXTS } from "../../../src/mcp/result.ts";
import { hasSucceeded } from "../../../src/mcp/texts/jobs.ts";
import type { ResultOf } from "../../../src/protocol/operation.ts";
import type { Output } from "../../../src/protocol/operations/exec.ts";
import { SAMPLE_PLATFORM } from "../../helpers/sample_card.ts";
import { execResult, infoResult, NO_OUTPUT } from "../../helpers/sample_results.ts";

const agent = { id: "a".repeat(20), name: "web" };
function output(text: string, more: Partial<Output> = {}): Output {
  return { ...NO_OUTPUT, head: text, bytes: text.length, ...more };
}

const exec = (more: Partial<ResultOf<"exec">> = {}) => execResult({ durationMs: 1_234, ...more });

const endings: readonly (readonly [Partial<ResultOf<"exec">>, string, boolean])[] = [
  [{}, "Succeeded in 1.23 s on web", true],
  [{ durationMs: 12_345 }, "Succeeded in 12 s on web", true],
  [{ durationMs: 0 }, "Succeeded in 0.00 s on web", true],
  [{ exitCode: 2 }, "Failed with exit code 2 after 1.23 s on web", false],
  [{ exitCode: null, signal: "SIGKILL" }, "Failed: ended by SIGKILL after 1.23 s on web", false],
  [
    { exitCode: null, signal: "SIGTERM", timedOut: true },
    "Failed: ended after its time of 1.23 s on web",
    false,
  ],
];
for (const [result, text, isSuccess] of endings) {
  Deno.test(`exec's text says "${text}"`, () => {
    assert.equal(RESULT_TEXTS.exec(exec(result), agent), text);
    assert.equal(hasSucceeded(exec(result)), isSuccess);
  });
}

Deno.test("exec's text shows both outputs whole while they are short", () => {
  const text = RESULT_TEXTS.exec(exec({ stdout: output("out\n"), stderr: output("err\n") }), agent);
  assert.equal(
    text,
    "Succeeded in 1.23 s on web\n--- stdout (4 bytes)\nout\n\n--- stderr (4 bytes)\nerr\n",
  );
});

Deno.test("exec's text joins head and tail of an output of which nothing was left out", () => {
  const text = RESULT_TEXTS.exec(exec({ stdout: output("head ", { tail: "tail", bytes: 9 }) }), agent);
  assert.match(text, /\(9 bytes\)\nhead tail$/);
});

Deno.test("exec's text says that bytes were replaced", () => {
  const text = RESULT_TEXTS.exec(exec({ stdout: output("\uFFFD", { invalidUtf8: true, bytes: 1 }) }), agent);
  assert.match(text, /\(1 bytes, bytes that are not UTF-8 are shown as \uFFFD\)/);
});

const long: readonly (readonly [string, Output])[] = [
  ["was truncated", output("H".repeat(32_768), { tail: "T".repeat(32_768), bytes: 1e6, truncated: true })],
  ["is whole but long", output("H".repeat(20_000), { tail: "T".repeat(20_000), bytes: 40_000 })],
];
for (const [what, stdout] of long) {
  Deno.test(`exec's text shows both ends of an output that ${what}, and says so`, () => {
    const text = RESULT_TEXTS.exec(exec({ stdout }), agent);
    assert.match(text, /the middle is left out here\)\nH{4000}\n\[\.\.\.\]\nT{4000}$/);
  });
}

Deno.test("exec's text shows the end of a long output that is all in the head", () => {
  const stdout = output(`${"H".repeat(10_000)}end`);
  assert.match(RESULT_TEXTS.exec(exec({ stdout }), agent), /H{4000}\n\[\.\.\.\]\nH{3997}end$/);
});

Deno.test("exec's text is well-formed where it cuts a character of two units", () => {
  for (const before of ["", "x"]) {
    const stdout = output(before + "😀".repeat(10_000));
    const text = RESULT_TEXTS.exec(exec({ stdout }), agent);
    assert.ok(text.isWellFormed() && !text.includes("\uFFFD"));
  }
});

Deno.test("get_info's text tells the machine, its mode, and whether it runs nothing for others", () => {
  const info = infoResult({
    ...agent,
    user: "deploy",
    home: "/home/deploy",
    mode: "plan",
    accepts: false,
    version: "1.2.3",
    processors: 4,
    memory: { totalBytes: 8 * 2 ** 30, availableBytes: 2 ** 30 },
    disk: { path: "/home/deploy", totalBytes: 100 * 2 ** 30, availableBytes: 2 ** 30 },
    running: 3,
    queued: 5,
  });
  const text = RESULT_TEXTS.get_info(info, agent);
  for (
    const part of [
      /web \(a{20}\), mode plan, at most edit by request, runs nothing for others/,
      /Debian GNU\/Linux 12, linux 6\.1\.0, x86_64; shell \/bin\/sh/,
      /4 processors, load 0 0 0, 1\.0 GiB of 8\.0 GiB memory free, 1\.0 GiB of 100\.0 GiB free at \/home\/deploy/,
      /user deploy, home \/home\/deploy, remote-agent 1\.2\.3/,
      /3 requests running, 5 waiting, 0 jobs/,
      /^sandbox bubblewrap$/m,
    ]
  ) assert.match(text, part);
  const { distro: _, ...platform } = SAMPLE_PLATFORM;
  const other = RESULT_TEXTS.get_info({ ...info, accepts: true, platform }, agent);
  assert.doesNotMatch(other, /runs nothing/);
  assert.match(other, /^linux 6\.1\.0, x86_64; shell/m);
});

Deno.test("describeError() gives message, remedy and code", () => {
  assert.equal(describeError(new OperationError("busy", "Cannot do it")), "Cannot do it [busy]");
  assert.equal(
    describeError(new OperationError("refused", "Cannot do it", { remedy: "Ask the owner" })),
    "Cannot do it. Ask the owner [refused]",
  );
});
