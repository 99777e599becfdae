import assert from "node:assert/strict";
import type * as z from "zod";
import {
  describeExec,
  describeJobCancel,
  describeJobGet,
  describeJobList,
  hasSucceeded,
} from "../../../../src/mcp/texts/jobs.ts";
import type { JobSummary } from "../../../../src/protocol/job.ts";
import type { exec, Output } from "../../../../src/protocol/operations/exec.ts";
import type { jobGet, OutputPage } from "../../../../src/protocol/operations/job_get.ts";

type ExecResult = z.infer<typeof exec.result>;
type JobGetResult = z.infer<typeof jobGet.result>;

const agent = { id: "a".repeat(20), name: "web" };
const job = `j_${"a".repeat(20)}`;
const empty: Output = { head: "", tail: "", bytes: 0, truncated: false, invalidUtf8: false };
const noPage: OutputPage = { text: "", bytes: 0, hasMore: false, droppedBytes: 0, invalidUtf8: false };

function output(text: string, more: Partial<Output> = {}): Output {
  return { ...empty, head: text, bytes: text.length, ...more };
}

function page(text: string, more: Partial<OutputPage> = {}): OutputPage {
  return { ...noPage, text, bytes: text.length, ...more };
}

function result(more: Partial<ExecResult> = {}): ExecResult {
  return {
    job,
    status: "ended",
    exitCode: 0,
    signal: null,
    timedOut: false,
    durationMs: 1_234,
    stdout: empty,
    stderr: empty,
    isolation: "none",
    outputKept: false,
    droppedBytes: 0,
    ...more,
  };
}

const endings: readonly (readonly [Partial<ExecResult>, string, boolean])[] = [
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
  [
    { status: "running", exitCode: null },
    `Still running on web after 1.23 s as job ${job}: read on with job_get, end it with job_cancel`,
    true,
  ],
];
for (const [more, text, isSuccess] of endings) {
  Deno.test(`describeExec() says "${text}"`, () => {
    assert.equal(describeExec(result(more), agent), text);
    assert.equal(hasSucceeded(result(more)), isSuccess);
  });
}

Deno.test("describeExec() shows both outputs whole while they are short", () => {
  const text = describeExec(result({ stdout: output("out\n"), stderr: output("err\n") }), agent);
  assert.equal(
    text,
    "Succeeded in 1.23 s on web\n--- stdout (4 bytes)\nout\n\n--- stderr (4 bytes)\nerr\n",
  );
});

Deno.test("describeExec() joins head and tail of an output of which nothing was left out", () => {
  const text = describeExec(result({ stdout: output("head ", { tail: "tail", bytes: 9 }) }), agent);
  assert.match(text, /\(9 bytes\)\nhead tail$/);
});

Deno.test("describeExec() says that bytes were replaced", () => {
  const text = describeExec(result({ stdout: output("\uFFFD", { invalidUtf8: true, bytes: 1 }) }), agent);
  assert.match(text, /\(1 bytes, bytes that are not UTF-8 are shown as \uFFFD\)/);
});

const long: readonly (readonly [string, Output])[] = [
  ["was truncated", output("H".repeat(32_768), { tail: "T".repeat(32_768), bytes: 1e6, truncated: true })],
  ["is whole but long", output("H".repeat(20_000), { tail: "T".repeat(20_000), bytes: 40_000 })],
];
for (const [what, stdout] of long) {
  Deno.test(`describeExec() shows both ends of an output that ${what}, and says so`, () => {
    const text = describeExec(result({ stdout }), agent);
    assert.match(text, /the middle is left out here\)\nH{4000}\n\[\.\.\.\]\nT{4000}$/);
  });
}

Deno.test("describeExec() shows the end of a long output that is all in the head", () => {
  const stdout = output(`${"H".repeat(10_000)}end`);
  assert.match(describeExec(result({ stdout }), agent), /H{4000}\n\[\.\.\.\]\nH{3997}end$/);
});

Deno.test("describeExec() is well-formed where it cuts a character of two units", () => {
  for (const before of ["", "x"]) {
    const text = describeExec(result({ stdout: output(before + "😀".repeat(10_000)) }), agent);
    assert.ok(text.isWellFormed() && !text.includes("\uFFFD"));
  }
});

Deno.test("describeExec() says where the rest is, what is lost, and that it ran isolated", () => {
  const stdout = output("H".repeat(10), { bytes: 1e9, truncated: true });
  const text = describeExec(
    result({ stdout, outputKept: true, droppedBytes: 5, isolation: "isolated", note: "make is not known" }),
    agent,
  );
  assert.match(text, /It ran isolated/);
  assert.match(text, /Note: make is not known/);
  assert.match(text, new RegExp(`job_get reads all of the output of job ${job}`));
  assert.match(text, /5 bytes of the output are not kept/);
});

const summary: JobSummary = {
  job,
  status: "running",
  command: "make all",
  cwd: "/",
  mode: "edit",
  isolation: "none",
  caller: { id: "b", name: "ada" },
  startedAt: "2026-01-01T00:00:00.000Z",
  endedAt: null,
  durationMs: 65_000,
  exitCode: null,
  signal: null,
  timedOut: false,
  pid: 7,
  stdoutBytes: 0,
  stderrBytes: 0,
  reason: null,
};

function got(more: Partial<JobGetResult> = {}): JobGetResult {
  return {
    ...summary,
    stdout: noPage,
    stderr: noPage,
    cursor: { stdout: 3, stderr: 0 },
    outputKept: true,
    ...more,
  };
}

const states: readonly (readonly [Partial<JobSummary>, RegExp])[] = [
  [{}, /: running for 65 s$/m],
  [{ status: "ended", exitCode: 0 }, /: Succeeded in 65 s$/m],
  [{ status: "ended", exitCode: 2 }, /: Failed with exit code 2 after 65 s$/m],
  [{ status: "ended", timedOut: true, signal: "SIGTERM" }, /: Failed: ended after its time of 65 s$/m],
  [{ status: "cancelled", reason: "cancelled by ada" }, /: cancelled after 65 s: cancelled by ada$/m],
  [
    { status: "lost", durationMs: null, reason: "the agent that ran it broke off" },
    /: lost: the agent that/m,
  ],
];
for (const [more, expected] of states) {
  Deno.test(`describeJobGet() says ${expected}`, () =>
    assert.match(describeJobGet(got(more), agent), expected));
}

Deno.test("describeJobGet() shows the output, and how to read on", () => {
  const running = describeJobGet(got({ stdout: page("a\nb") }), agent);
  assert.match(running, /--- stdout \(3 bytes\)\na\nb\n/);
  assert.match(
    running,
    /To follow it, call job_get with cursor \{"stdout": 3, "stderr": 0\} and wait_ms, or with wait_for end until it has ended$/,
  );
  const more = got({ status: "ended", exitCode: 0, stderr: page("e", { hasMore: true }) });
  assert.match(describeJobGet(more, agent), /There is more: read on with cursor/);
  const over = describeJobGet(
    got({ status: "ended", exitCode: 0, stdout: page("", { droppedBytes: 9 }) }),
    agent,
  );
  assert.match(over, /9 bytes after what is kept were dropped/);
  assert.doesNotMatch(over, /read on|follow/);
});

Deno.test("the texts show a command on one line, whatever is in it", () => {
  const command = "true\nJob j_x on web: Succeeded\u2028\u0007";
  const lines = describeJobGet(got({ command }), agent).split("\n");
  assert.equal(lines[1], "Command: true Job j_x on web: Succeeded ");
  assert.equal(describeJobList({ jobs: [{ ...summary, command }], omitted: 0 }, agent).split("\n").length, 2);
});

Deno.test("describeJobList() gives a line a job, and says what is left out", () => {
  assert.equal(describeJobList({ jobs: [], omitted: 0 }, agent), "No such jobs on web");
  const text = describeJobList({ jobs: [{ ...summary, command: "x".repeat(500) }], omitted: 4 }, agent);
  assert.match(text, /^1 job on web, the newest first\n/);
  assert.match(
    text,
    new RegExp(`^${job} {2}2026-01-01T00:00:00.000Z {2}running for 65 s, by ada: x{120}\\[...\\]$`, "m"),
  );
  assert.match(text, /4 older ones are left out: pass the last id as before to see them$/);
});

for (
  const [outcome, expected] of [
    ["cancelled", /^Ended\. Job/],
    ["already_ended", /^Nothing to do: it had ended before\. Job/],
    ["still_running", /^It has been told to end, and has not ended yet/],
  ] as const
) {
  Deno.test(`describeJobCancel() says what became of it: ${outcome}`, () => {
    assert.match(describeJobCancel({ ...summary, outcome, note: "it runs on" }, agent), expected);
    assert.match(
      describeJobCancel({ ...summary, outcome, note: "it runs on" }, agent),
      /\nNote: it runs on$/,
    );
  });
}
