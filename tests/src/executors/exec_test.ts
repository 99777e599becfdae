import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createExec, type ExecOptions, resolveFolder } from "../../../src/executors/exec.ts";
import type { Argv, Permit } from "../../../src/executors/executor.ts";
import { detectPlatform } from "../../../src/host/platform.ts";
import { type Jobs, openJobs } from "../../../src/jobs/runner.ts";
import type { ErrorCode } from "../../../src/protocol/error_code.ts";
import { OPERATIONS, type ParamsOf, type ResultOf } from "../../../src/protocol/operation.ts";
import { callContext } from "../../helpers/call_context.ts";
import { eventually } from "../../helpers/eventually.ts";
import { isAlive } from "../../helpers/is_alive.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const { shell } = detectPlatform();

/** These run POSIX commands. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

async function exec(
  params: ParamsOf<"exec">,
  changes: Parameters<typeof callContext>[0] = {},
  options: Partial<ExecOptions> = {},
): Promise<ResultOf<"exec">> {
  await using state = await temporaryFolder();
  await using jobs = await openJobs({ stateFolder: state.folder });
  const execute = createExec({ jobs, shell, home: "/tmp", ...options });
  return OPERATIONS.exec.result.parse(await execute(params, callContext(changes)));
}

async function stdoutOf(
  params: ParamsOf<"exec">,
  changes: Parameters<typeof callContext>[0] = {},
  options: Partial<ExecOptions> = {},
): Promise<string> {
  const { stdout, stderr, exitCode } = await exec(params, changes, options);
  assert.deepEqual([exitCode, stderr.head], [0, ""]);
  return stdout.head;
}

test("exec reports a failed command as a result", async () => {
  const { durationMs, job, ...result } = await exec({ command: "echo out; echo err >&2; exit 3" });
  assert.ok(durationMs >= 0);
  assert.match(job, /^j_[a-z2-7]{20}$/);
  assert.deepEqual(result, {
    status: "ended",
    exitCode: 3,
    signal: null,
    timedOut: false,
    stdout: { head: "out\n", tail: "", bytes: 4, truncated: false, invalidUtf8: false },
    stderr: { head: "err\n", tail: "", bytes: 4, truncated: false, invalidUtf8: false },
    isolation: "none",
    outputKept: false,
    droppedBytes: 0,
  });
});

test("exec runs a command line under the shell, also one that begins with a dash", async () => {
  assert.equal(await stdoutOf({ command: "printf '%s-' $((1 + 2)) | tr 3 4" }), "4-");
  const { exitCode, stderr } = await exec({ command: "-x" });
  assert.equal(exitCode, 127);
  assert.match(stderr.head, /-x/);
});

test("exec gives argv to the program without a shell", async () => {
  assert.equal(await stdoutOf({ argv: ["printf", "%s|", "$HOME", "a b", "*", ""] }), "$HOME|a b|*||");
});

test("exec keeps the ends of a long output and says how long it was", async () => {
  const { stdout } = await exec({ command: "echo first; yes | head -c 1000000; echo last" });
  assert.equal(stdout.bytes, 1_000_011);
  assert.equal(stdout.truncated, true);
  assert.equal(stdout.head.length, 32_768);
  assert.match(stdout.head, /^first\ny\n/);
  assert.match(stdout.tail, /y\nlast\n$/);
});

test("exec says when bytes were not UTF-8", async () => {
  const { stdout } = await exec({ command: "printf 'a\\377b'" });
  assert.deepEqual(stdout, { head: "a\ufffdb", tail: "", bytes: 3, truncated: false, invalidUtf8: true });
});

test("exec sends output as it comes, exactly, beside the ends", async () => {
  const chunks: Record<string, number[]> = { stdout: [], stderr: [] };
  const controller = new AbortController();
  const { stdout } = await exec({ command: "printf '\\000\\377'; printf e >&2" }, {
    signal: controller.signal,
    output: (channel, bytes) => {
      chunks[channel]?.push(...bytes);
      return Promise.resolve();
    },
  });
  assert.deepEqual(chunks, { stdout: [0, 255], stderr: [0x65] });
  assert.equal(stdout.bytes, 2);
});

test("exec adds to the environment and hides the agent's own variables", async () => {
  const environment = {
    PATH: "/usr/bin:/bin",
    REMOTE_AGENTS_TOKEN: "the secret",
    KEPT: "old",
    OTHER: "same",
  };
  const text = await stdoutOf({ command: "env", env: { KEPT: "new", ADDED: "1" } }, { environment });
  const variables = new Map(text.trim().split("\n").map((line) => [line.split("=")[0], line]));
  assert.equal(variables.get("KEPT"), "KEPT=new");
  assert.equal(variables.get("ADDED"), "ADDED=1");
  assert.equal(variables.get("OTHER"), "OTHER=same");
  assert.ok(!text.includes("REMOTE_AGENTS") && !text.includes("the secret"));
});

test("exec gives the text on stdin, and nothing without one", async () => {
  assert.equal(await stdoutOf({ command: "cat", stdin: "one\ntwo" }), "one\ntwo");
  assert.equal(await stdoutOf({ command: "cat" }), "");
});

for (
  const [cwd, expected] of [
    [undefined, "/tmp"],
    ["~", "/tmp"],
    ["~/", "/tmp"],
    ["~/a b/c", "/tmp/a b/c"],
    ["sub/x", "/tmp/sub/x"],
    [".", "/tmp"],
    ["/usr", "/usr"],
  ] as const
) {
  test(`resolveFolder() reads ${cwd === undefined ? "nothing" : `"${cwd}"`} as "${expected}"`, () => {
    assert.equal(resolveFolder(cwd, "/tmp"), expected);
    return Promise.resolve();
  });
}

test("exec runs in the folder it is given, and in the home folder without one", async () => {
  const home = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.mkdir(`${home}/sub`);
    assert.equal(await stdoutOf({ command: "pwd" }, {}, { home }), `${home}\n`);
    assert.equal(await stdoutOf({ argv: ["printenv", "PWD"], cwd: "~/sub" }, {}, { home }), `${home}/sub\n`);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

const failures: readonly [string, ParamsOf<"exec">, ErrorCode, string][] = [
  ["both command and argv", { command: "a", argv: ["a"] }, "bad_request", "both"],
  ["neither command nor argv", {}, "bad_request", "neither"],
  ["an empty program", { argv: ["", "x"] }, "bad_request", "empty"],
  ["another user's home", { command: "a", cwd: "~bob/x" }, "bad_request", '"~bob/x"'],
  [
    "a folder that is not there",
    { command: "true", cwd: "/no/such" },
    "cannot_run",
    '"/no/such": there is no such',
  ],
  [
    "a file as folder",
    { command: "true", cwd: "/etc/passwd" },
    "cannot_run",
    '"/etc/passwd": it is not a folder',
  ],
  [
    "a program that is not there",
    { argv: ["no-such-thing"] },
    "cannot_run",
    '"no-such-thing": no such program',
  ],
  [
    "a program that is not executable",
    { argv: ["/etc/passwd"] },
    "cannot_run",
    '"/etc/passwd": it is not exec',
  ],
  ["an argument with a NUL", { argv: ["true", "a\0b"] }, "cannot_run", '"true": nul byte'],
  [
    "an argument that is too long",
    { argv: ["true", "x".repeat(131_072)] },
    "cannot_run",
    "Argument list too long",
  ],
];
for (const [what, params, code, text] of failures) {
  test(`exec refuses ${what}`, async () => {
    await assert.rejects(exec(params), (error) => {
      assert.ok(error instanceof OperationError, String(error));
      assert.equal(error.code, code);
      assert.ok(error.message.startsWith("Cannot run") && error.message.includes(text), error.message);
      return true;
    });
  });
}

test("exec ends a command at the host's time limit, or at the caller's", async () => {
  const byHost = await exec({ command: "echo a; sleep 1000" }, {}, { timeoutMs: 500 });
  assert.deepEqual([byHost.timedOut, byHost.exitCode, byHost.stdout.head], [true, null, "a\n"]);
  const byCaller = await exec({ command: "sleep 1000", timeout_ms: 50 });
  assert.deepEqual([byCaller.timedOut, byCaller.signal], [true, "SIGTERM"]);
});

test("exec takes a time limit of any length", async () => {
  const { timedOut, exitCode } = await exec({ command: "sleep 0.05", timeout_ms: Number.MAX_SAFE_INTEGER });
  assert.deepEqual([timedOut, exitCode], [false, 0]);
});

test("exec ends the command and fails when its caller cancels, with the caller's reason", async () => {
  for (const reason of [undefined, new OperationError("timed_out", "Cannot wait any longer")]) {
    const controller = new AbortController();
    let pid = 0;
    const call = exec({ command: "echo $$; sleep 1000" }, {
      signal: controller.signal,
      output: (_channel, bytes) => {
        pid = Number(new TextDecoder().decode(bytes));
        controller.abort(reason);
        return Promise.resolve();
      },
    });
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof OperationError);
      assert.equal(error.code, reason?.code ?? "cancelled");
      return true;
    });
    assert.ok(pid > 0);
    assert.equal(isAlive(pid), false);
  }
});

test("exec ends the command when nobody takes its output any more", async () => {
  const call = exec({ command: "yes" }, { output: () => Promise.reject(new Error("link lost")) });
  await assert.rejects(call, (error) => error instanceof OperationError && error.code === "cancelled");
});

test("exec answers although a background process goes on, and leaves it alone", async () => {
  const { stdout, exitCode } = await exec({ command: "sleep 1000 & echo $!" });
  const pid = Number(stdout.head);
  assert.equal(exitCode, 0);
  assert.equal(isAlive(pid), true);
  Deno.kill(pid, "SIGKILL");
});

const SLEEP = "echo $$; exec sleep 1000";

/** Calls of one host, of which jobs outlive the call. */
async function withHost(
  fn: (
    call: (
      params: ParamsOf<"exec">,
      changes?: Parameters<typeof callContext>[0],
    ) => Promise<ResultOf<"exec">>,
    jobs: Jobs,
  ) => Promise<void>,
): Promise<void> {
  await using state = await temporaryFolder();
  await using jobs = await openJobs({ stateFolder: state.folder, graceMs: () => 500 });
  const execute = createExec({ jobs, shell, home: "/tmp" });
  await fn(
    async (params, changes) => OPERATIONS.exec.result.parse(await execute(params, callContext(changes))),
    jobs,
  );
}

test("exec answers with a running job when its wait is over, and the job outlives its caller", () =>
  withHost(async (call, jobs) => {
    const controller = new AbortController();
    const result = await call({ command: SLEEP, wait_ms: 300 }, { signal: controller.signal });
    const { status, exitCode, signal, timedOut, outputKept } = result;
    assert.deepEqual([status, exitCode, signal, timedOut, outputKept], ["running", null, null, false, true]);
    const pid = Number(result.stdout.head);
    controller.abort();
    assert.equal(isAlive(pid), true);
    const record = await jobs.find(result.job);
    assert.deepEqual([record?.status, record?.callerName, record?.command], ["running", "caller", SLEEP]);
    assert.ok(record);
    const never = new AbortController().signal;
    assert.equal(await jobs.cancel(record, { reason: "test", waitMs: 20_000, signal: never }), "cancelled");
    assert.equal(isAlive(pid), false);
  }));

test("exec with wait_ms 0 answers as soon as the command has started, or says why it could not", () =>
  withHost(async (call, jobs) => {
    const { job, status } = await call({ argv: ["sleep", "1000"], wait_ms: 0 });
    assert.deepEqual([status, (await jobs.find(job))?.status], ["running", "running"]);
    await assert.rejects(
      call({ argv: ["no-such-thing"], wait_ms: 0 }),
      (error) => error instanceof OperationError && error.code === "cannot_run",
    );
    assert.equal(jobs.running, 1);
  }));

test("exec lets go of a caller that takes its output too slowly, when its wait is over", () =>
  withHost(async (call, jobs) => {
    const stuck = () => new Promise<void>(() => {});
    const { job, status } = await call({ command: "yes | head -c 3000000", wait_ms: 200 }, { output: stuck });
    assert.equal(status, "running");
    const over = async () => {
      const record = await jobs.find(job);
      return record?.status === "ended" ? record : undefined;
    };
    const record = await eventually("the job has ended", over);
    assert.deepEqual([record.exitCode, record.stdoutBytes, record.stdoutKept], [0, 3_000_000, 3_000_000]);
  }));

test("exec keeps what its result leaves out", () =>
  withHost(async (call, jobs) => {
    const result = await call({ command: "seq 1 100000" });
    assert.deepEqual([result.status, result.stdout.truncated, result.outputKept], ["ended", true, true]);
    const record = await jobs.find(result.job);
    assert.ok(record);
    const { bytes } = await jobs.read(record, "stdout", { from: 40_000, maxBytes: 1_000 });
    const whole = Array.from({ length: 100_000 }, (_, n) => n + 1).join("\n");
    assert.equal(new TextDecoder().decode(bytes), whole.slice(40_000, 41_000));
  }));

test("exec carries no more output than it is told to, and keeps all of it then", () =>
  withHost(async (call, jobs) => {
    const bytesOf = ({ stdout, stderr }: ResultOf<"exec">) =>
      [stdout, stderr].map(({ head, tail }) => head.length + tail.length);
    const whole = await call({ command: "seq 1 300; seq 1 30 >&2", max_output_bytes: 2_000 });
    assert.deepEqual([bytesOf(whole), whole.stdout.truncated, whole.outputKept], [[1_092, 81], false, false]);
    const long = await call({ command: "seq 1 1000; seq 1 30 >&2", max_output_bytes: 2_000 });
    assert.deepEqual(bytesOf(long), [1_919, 81]);
    const { stdout, stderr, outputKept } = long;
    assert.deepEqual([stdout.bytes, stdout.truncated, stderr.truncated, outputKept], [
      3_893,
      true,
      false,
      true,
    ]);
    const text = Array.from({ length: 1_000 }, (_, n) => `${n + 1}\n`).join("");
    assert.ok(text.startsWith(stdout.head) && text.endsWith(stdout.tail));
    const both = await call({ command: "seq 1 1000; seq 1 1000 >&2", max_output_bytes: 1_024 });
    assert.deepEqual([bytesOf(both), both.stderr.truncated], [[512, 512], true]);
    for (const { job } of [long, both]) {
      const record = await jobs.find(job);
      assert.ok(record);
      const { bytes, kept } = await jobs.read(record, "stdout", { from: 0, maxBytes: 10_000 });
      assert.deepEqual([new TextDecoder().decode(bytes), kept], [text, 3_893]);
    }
  }));

test("exec that somebody else cancels while it is waited for says who did", () =>
  withHost(async (call, jobs) => {
    const started = Promise.withResolvers<void>();
    const running = call({ command: SLEEP }, { output: () => Promise.resolve(started.resolve()) });
    await started.promise;
    const [record] = (await jobs.list({ limit: 1 })).jobs;
    assert.ok(record);
    const never = new AbortController().signal;
    await Promise.all([
      jobs.cancel(record, { reason: "cancelled by ada", waitMs: 20_000, signal: never }),
      assert.rejects(running, /Cannot complete the command: cancelled by ada/),
    ]);
  }));

test("exec does not start for a caller that is gone", () =>
  withHost(async (call, jobs) => {
    await assert.rejects(call({ command: "true" }, { signal: AbortSignal.abort() }));
    assert.deepEqual(await jobs.list({ limit: 1 }), { jobs: [], omitted: 0 });
  }));

const confine = (argv: Argv): Argv => ["/usr/bin/env", ...argv];
const isolations: readonly (readonly [Partial<Permit>, ResultOf<"exec">["isolation"], string | undefined])[] =
  [
    [{ mode: "bypass" }, "none", undefined],
    [{ mode: "edit" }, "none", undefined],
    [{ mode: "edit", confine }, "guarded", undefined],
    [{ mode: "plan" }, "none", undefined],
    [{ mode: "plan", confine }, "read-only", undefined],
    [{ mode: "plan", decision: "isolate", reason: "not known", confine }, "isolated", "not known"],
  ];
for (const [permit, isolation, note] of isolations) {
  const how = `${permit.mode}${permit.decision === "isolate" ? ", isolated" : ""}`;
  test(`exec says that a command is held to "${isolation}" (${how})`, async () => {
    const result = await exec({ argv: ["true"] }, permit);
    assert.deepEqual([result.isolation, result.note, result.exitCode], [isolation, note, 0]);
  });
}

test("exec refuses to run what is to be isolated where nothing isolates it", async () => {
  await assert.rejects(
    exec({ argv: ["true"] }, { mode: "plan", decision: "isolate" }),
    (error) => error instanceof OperationError && error.code === "refused",
  );
});

test("exec takes no variables of the caller in plan mode, unless the command runs isolated", async () => {
  const env = { LD_PRELOAD: "/tmp/x.so" };
  await assert.rejects(
    exec({ argv: ["true"], env }, { mode: "plan", confine }),
    (error) =>
      error instanceof OperationError && error.code === "refused" && /"env"/.test(error.remedy ?? ""),
  );
  const { exitCode } = await exec({ argv: ["true"], env: {} }, { mode: "plan", confine });
  assert.equal(exitCode, 0);
});

test("exec keeps the caller's variables from the program that confines the command", async () => {
  // The confining program writes what it was given beside what the command gets.
  const spying = (argv: Argv): Argv => ["/bin/sh", "-c", 'echo "outside: $LOADER"; exec "$@"', "sh", ...argv];
  for (const changes of [{ mode: "plan", decision: "isolate" }, { mode: "edit" }] as const) {
    const { stdout } = await exec({ command: 'echo "inside: $LOADER"', env: { LOADER: "evil" } }, {
      ...changes,
      confine: spying,
    });
    assert.equal(stdout.head, "outside: \ninside: evil\n");
  }
});
