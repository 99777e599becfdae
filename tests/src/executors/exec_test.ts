import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createExec, type ExecOptions, resolveFolder } from "../../../src/executors/exec.ts";
import type { CallContext } from "../../../src/executors/executor.ts";
import { detectPlatform } from "../../../src/host/platform.ts";
import type { ErrorCode } from "../../../src/protocol/error_code.ts";
import { OPERATIONS, type ParamsOf, type ResultOf } from "../../../src/protocol/operation.ts";
import { isAlive } from "../../helpers/is_alive.ts";

const PATH = Deno.env.get("PATH") ?? "/usr/bin:/bin";
const { shell } = detectPlatform();

/** These run POSIX commands. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

async function exec(
  params: ParamsOf<"exec">,
  context: Partial<CallContext> = {},
  options: Partial<ExecOptions> = {},
): Promise<ResultOf<"exec">> {
  await using executor = createExec({ shell, home: "/tmp", environment: () => ({ PATH }), ...options });
  const result = await executor.execute(params, { signal: new AbortController().signal, ...context });
  return OPERATIONS.exec.result.parse(result);
}

async function stdoutOf(params: ParamsOf<"exec">, options: Partial<ExecOptions> = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await exec(params, {}, options);
  assert.deepEqual([exitCode, stderr.head], [0, ""]);
  return stdout.head;
}

test("exec reports a failed command as a result", async () => {
  const { durationMs, ...result } = await exec({ command: "echo out; echo err >&2; exit 3" });
  assert.ok(durationMs >= 0);
  assert.deepEqual(result, {
    exitCode: 3,
    signal: null,
    timedOut: false,
    stdout: { head: "out\n", tail: "", bytes: 4, truncated: false, invalidUtf8: false },
    stderr: { head: "err\n", tail: "", bytes: 4, truncated: false, invalidUtf8: false },
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
  const environment = () => ({ PATH, REMOTE_AGENTS_TOKEN: "the secret", KEPT: "old", OTHER: "same" });
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
    assert.equal(await stdoutOf({ command: "pwd" }, { home }), `${home}\n`);
    assert.equal(await stdoutOf({ argv: ["printenv", "PWD"], cwd: "~/sub" }, { home }), `${home}/sub\n`);
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
