import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type SpawnOptions, spawnProcess, type SpawnResult } from "../../../src/host/spawn.ts";
import { findSetsid } from "../../../src/host/start_process.ts";
import { concatBytes } from "../../../src/protocol/bytes.ts";
import { eventually } from "../../helpers/eventually.ts";
import { isAlive } from "../../helpers/is_alive.ts";

const ENV = { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" };
/** These run POSIX commands and look into /proc. */
const isLinux = Deno.build.os === "linux";

/** How programs are started in the test that runs. */
let setsid: string | undefined;

/** Registers a test for each way of starting programs. */
function test(name: string, fn: () => Promise<void>): void {
  for (const way of [findSetsid(), undefined]) {
    Deno.test({
      name: `${name} (${way === undefined ? "detached" : "setsid"})`,
      ignore: !isLinux,
      fn: async () => {
        setsid = way;
        await fn();
      },
    });
  }
}

/** Runs a line of sh and collects what it wrote. */
async function sh(
  line: string,
  options: Partial<SpawnOptions> & { readonly onText?: (text: string) => Promise<void> | void } = {},
): Promise<SpawnResult & { stdout: string; stderr: string; stdoutBytes: Uint8Array }> {
  const chunks: Record<"stdout" | "stderr", Uint8Array[]> = { stdout: [], stderr: [] };
  const result = await spawnProcess({ argv: ["sh", "-c", line], cwd: "/", env: ENV, setsid, ...options }, {
    onOutput: async (channel, bytes) => {
      chunks[channel].push(bytes);
      await options.onText?.(new TextDecoder().decode(bytes));
    },
  });
  const [stdoutBytes, stderrBytes] = [concatBytes(...chunks.stdout), concatBytes(...chunks.stderr)];
  const decoder = new TextDecoder();
  return { ...result, stdout: decoder.decode(stdoutBytes), stderr: decoder.decode(stderrBytes), stdoutBytes };
}

function pidsOf(text: string): number[] {
  return text.trim().split(/\s+/).map(Number);
}

test("spawnProcess() reports exit code, outputs and duration", async () => {
  const { exitCode, signal, durationMs, timedOut, cancelled, leftover, stdout, stderr } = await sh(
    "echo out; echo err >&2; exit 3",
  );
  assert.deepEqual({ exitCode, signal, timedOut, cancelled, leftover, stdout, stderr }, {
    exitCode: 3,
    signal: null,
    timedOut: false,
    cancelled: false,
    leftover: undefined,
    stdout: "out\n",
    stderr: "err\n",
  });
  assert.ok(Number.isInteger(durationMs) && durationMs >= 0);
});

test("spawnProcess() reports the signal that ended the program", async () => {
  const { exitCode, signal } = await sh("kill -9 $$");
  assert.deepEqual({ exitCode, signal }, { exitCode: null, signal: "SIGKILL" });
});

test("spawnProcess() delivers all byte values as they are", async () => {
  const { stdoutBytes } = await sh(
    'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done',
  );
  assert.deepEqual([...stdoutBytes], Array.from({ length: 256 }, (_, i) => i));
});

test("spawnProcess() delivers a large random output byte by byte, to a consumer that lags", async () => {
  const hash = createHash("sha256");
  let expected = "";
  let bytes = 0;
  await spawnProcess({
    argv: ["bash", "-c", "head -c 8000001 /dev/urandom | tee >(sha256sum >&2)"],
    cwd: "/",
    env: ENV,
  }, {
    onOutput: async (channel, chunk) => {
      if (channel === "stderr") expected += new TextDecoder().decode(chunk);
      else {
        hash.update(chunk);
        bytes += chunk.length;
        if (bytes % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  });
  assert.equal(bytes, 8_000_001);
  assert.equal(hash.digest("hex"), expected.slice(0, 64));
});

test("spawnProcess() keeps both outputs going when the consumer of one is not ready", async () => {
  const open = Promise.withResolvers<void>();
  let stdoutBytes = 0;
  await spawnProcess({
    argv: ["sh", "-c", "head -c 300000 /dev/zero & head -c 300000 /dev/zero >&2; echo done >&2; wait"],
    cwd: "/",
    env: ENV,
  }, {
    onOutput: async (channel, chunk) => {
      if (channel === "stdout") {
        stdoutBytes += chunk.length;
        await open.promise;
      } else if (chunk.at(-1) === 0x0a) open.resolve();
    },
  });
  assert.equal(stdoutBytes, 300_000);
});

test("spawnProcess() blocks a program whose output is not taken, and holds little of it", async () => {
  const open = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let bytes = 0;
  let pid = 0;
  const running = spawnProcess({
    argv: ["sh", "-c", "echo $$ >&2; exec head -c 200000000 /dev/zero"],
    cwd: "/",
    env: ENV,
  }, {
    onOutput: async (channel, chunk) => {
      if (channel === "stderr") {
        pid = Number(new TextDecoder().decode(chunk));
        return;
      }
      bytes += chunk.length;
      started.resolve();
      await open.promise;
    },
  });
  await started.promise;
  /** Bytes that the program has written: it is stuck when two looks give the same. */
  const written = () => Number(/wchar: (\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/io`))?.[1]);
  let last = -1;
  for (let looks = 0; looks < 100 && (pid === 0 || last !== written()); looks++) {
    if (pid !== 0) last = written();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(written(), last);
  assert.ok(last > 0 && last < 1_000_000, `the program has written ${last} bytes`);
  const before = Deno.memoryUsage().rss;
  open.resolve();
  const { exitCode } = await running;
  assert.equal(exitCode, 0);
  assert.equal(bytes, 200_000_000);
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 150_000_000, `memory grew by ${grown} bytes`);
});

for (
  const [what, line] of [
    ["a child", "sleep 1000 & echo $$ $!; wait"],
    ["a grandchild", "(sleep 1000 & echo $$ $!; wait); true"],
    ["a child in a session of its own", "setsid sleep 1000 & echo $$ $!; wait"],
    ["a child that ignores TERM", "(trap '' TERM; exec sleep 1000) & echo $$ $!; wait"],
    [
      "a child in another session that ignores TERM",
      "(trap '' TERM; exec setsid sleep 1000) & echo $$ $!; wait",
    ],
    ["an orphan of the group", "(sleep 1000 & echo $!); echo $$; sleep 1000"],
  ] as const
) {
  test(`spawnProcess() ends ${what} on abort`, async () => {
    const controller = new AbortController();
    let seen = "";
    const { timedOut, cancelled, leftover } = await sh(line, {
      graceMs: () => 50,
      signal: controller.signal,
      onText: (text) => {
        seen += text;
        if (/^\d+\s\d+\n/.test(seen)) controller.abort();
      },
    });
    assert.deepEqual({ timedOut, cancelled, leftover }, {
      timedOut: false,
      cancelled: true,
      leftover: undefined,
    });
    for (const pid of pidsOf(seen)) assert.equal(isAlive(pid), false, `${pid} lives`);
  });
}

test("spawnProcess() ends the tree at the time limit, and delivers what was written before", async () => {
  const { stdout, timedOut, cancelled } = await sh("setsid sleep 1000 & echo $$ $!; wait", {
    timeoutMs: 500,
  });
  assert.deepEqual({ timedOut, cancelled }, { timedOut: true, cancelled: false });
  assert.equal(pidsOf(stdout).length, 2);
  for (const pid of pidsOf(stdout)) assert.equal(isAlive(pid), false, `${pid} lives`);
});

test("spawnProcess() gives a program time to end by itself, and delivers what it says then", async () => {
  const { stdout, exitCode, timedOut } = await sh(
    "trap 'echo cleaned up; exit 7' TERM; echo ready; while :; do sleep 0.01; done",
    { timeoutMs: 500, graceMs: () => 10_000 },
  );
  assert.deepEqual({ stdout, exitCode, timedOut }, {
    stdout: "ready\ncleaned up\n",
    exitCode: 7,
    timedOut: true,
  });
});

test("spawnProcess() returns on abort although the consumer never becomes ready", async () => {
  const controller = new AbortController();
  const never = Promise.withResolvers<void>();
  const { cancelled } = await sh("yes", {
    signal: controller.signal,
    onText: () => {
      controller.abort();
      return never.promise;
    },
  });
  assert.equal(cancelled, true);
});

test("spawnProcess() returns at the time limit although the consumer never becomes ready", async () => {
  const never = Promise.withResolvers<void>();
  const { timedOut } = await sh("yes", { timeoutMs: 50, graceMs: () => 20, onText: () => never.promise });
  assert.equal(timedOut, true);
});

test("spawnProcess() stops reading after the kill although an escaped process holds the pipes", async () => {
  // Twice forked and in its own session: a daemon, which no look at the processes connects with the command.
  const { stdout, timedOut, leftover } = await sh("setsid -f sh -c 'echo $$; exec sleep 1000'; sleep 1000", {
    timeoutMs: 500,
    graceMs: () => 50,
  });
  const [daemon = 0] = pidsOf(stdout);
  Deno.kill(daemon, "SIGKILL");
  assert.deepEqual({ timedOut, leftover }, { timedOut: true, leftover: undefined });
});

test("spawnProcess() starts nothing when its signal is aborted already", async () => {
  const { cancelled, stdout } = await sh("echo ran", { signal: AbortSignal.abort() });
  assert.deepEqual({ cancelled, stdout }, { cancelled: true, stdout: "" });
});

test("spawnProcess() ends the program and rejects when its consumer does", async () => {
  const failure = new Error("the receiver is gone");
  let pids: number[] = [];
  await assert.rejects(
    sh("sleep 1000 & echo $$ $!; wait", {
      onText: (text) => {
        pids = pidsOf(text);
        throw failure;
      },
    }),
    (error) => error === failure,
  );
  for (const pid of pids) assert.equal(isAlive(pid), false, `${pid} lives`);
});

test("spawnProcess() does not wait for a background process, and leaves it able to write", async () => {
  const { stderr, exitCode, leftover } = await sh(
    "(while :; do echo tick; sleep 0.01; done) & echo $! >&2",
    { settleMs: 50 },
  );
  const [background = 0] = pidsOf(stderr);
  assert.equal(exitCode, 0);
  assert.ok(leftover !== undefined);
  // It lives on after many more lines than its pipe would hold unread or survive closed.
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(isAlive(background), true);
  Deno.kill(background, "SIGKILL");
  await leftover.closed;
});

test("stop() of what was left behind leaves the processes alone", async () => {
  const { stdout, leftover } = await sh("sleep 1000 & echo $!", { settleMs: 50 });
  await leftover?.stop();
  await leftover?.closed;
  const [background = 0] = pidsOf(stdout);
  assert.equal(isAlive(background), true);
  Deno.kill(background, "SIGKILL");
});

test("spawnProcess() loses nothing of an ended program, although a background process holds the pipe", async () => {
  const { stdoutBytes, leftover } = await sh("sleep 1000 & echo $! >&2; head -c 60000 /dev/zero", {
    settleMs: 50,
    onText: async () => await new Promise((resolve) => setTimeout(resolve, 20)),
  }).then(async (result) => {
    Deno.kill(Number(result.stderr), "SIGKILL");
    await result.leftover?.closed;
    return result;
  });
  assert.equal(stdoutBytes.length, 60_000);
  assert.ok(leftover !== undefined);
});

test("spawnProcess() gives the program the text, and then the end of file", async () => {
  const text = "zeile ä\n".repeat(100_000);
  const { stdout } = await sh("cat", { stdin: text });
  assert.equal(stdout, text);
});

test("spawnProcess() gives an end of file at once without a text", async () => {
  const { stdout, exitCode } = await sh("cat; echo end");
  assert.deepEqual({ stdout, exitCode }, { stdout: "end\n", exitCode: 0 });
});

for (const line of ["exit 0", "exec 0<&-; sleep 0.05"]) {
  test(`spawnProcess() does not mind a program that does not read its text: ${line}`, async () => {
    assert.equal((await sh(line, { stdin: "x".repeat(1_000_000) })).exitCode, 0);
  });
}

test("spawnProcess() starts the program in its own group, with nothing of our environment", async () => {
  const { stdout } = await sh("echo $$ $(cut -d' ' -f5,6 /proc/$$/stat); env", {
    env: { ...ENV, ADDED: "yes" },
  });
  const [first = "", ...variables] = stdout.trim().split("\n");
  assert.match(first, /^(\d+) \1 \1$/);
  const names = variables.map((line) => line.replace(/=.*/, ""));
  assert.ok(names.includes("ADDED"));
  assert.deepEqual(
    names.filter((name) => !["PATH", "ADDED", "PWD", "OLDPWD", "SHLVL", "_"].includes(name)),
    [],
  );
});

for (
  const [what, options] of [
    ["a program that is not there", { argv: ["no-such-program-at-all"] }],
    ["a folder that is not there", { argv: ["true"], cwd: "/no/such/folder" }],
  ] as const
) {
  test(`spawnProcess() rejects ${what}`, async () => {
    await assert.rejects(
      spawnProcess({ cwd: "/", env: ENV, setsid, ...options }, { onOutput: () => Promise.resolve() }),
      Deno.errors.NotFound,
    );
  });
}

test("spawnProcess() tells the pid of what it started, and nothing of what could not be", async () => {
  const pids: number[] = [];
  let text = "";
  const start = (argv: readonly [string, ...string[]]) =>
    spawnProcess({ argv, cwd: "/", env: ENV, setsid }, {
      onStart: (pid) => void pids.push(pid),
      onOutput: (_channel, bytes) => {
        text += new TextDecoder().decode(bytes);
        return Promise.resolve();
      },
    });
  await start(["sh", "-c", "echo $$"]);
  assert.deepEqual(pids, [Number(text)]);
  await assert.rejects(start(["/no/such/program"]));
  assert.equal(pids.length, 1);
});

/** Chunks that are made when they are asked for, and a note of how many were. */
function countedChunks(count: number, bytes: number) {
  const state = { asked: 0, isClosed: false };
  async function* chunks() {
    try {
      for (let i = 0; i < count; i++) {
        state.asked++;
        yield await Promise.resolve(new Uint8Array(bytes).fill(97 + i % 26));
      }
    } finally {
      state.isClosed = true;
    }
  }
  return { state, chunks: chunks() };
}

test("spawnProcess() streams chunks to the program, which sees their end", async () => {
  const { state, chunks } = countedChunks(50, 100_000);
  const { exitCode, stdout } = await sh("wc -c", { stdin: chunks });
  assert.deepEqual([exitCode, stdout.trim(), state.isClosed], [0, "5000000", true]);
});

test("spawnProcess() asks for no more chunks than a program reads", async () => {
  const { state, chunks } = countedChunks(1_000_000, 100_000);
  const { exitCode, stdout, unfinished } = await sh("head -c 3", { stdin: chunks });
  assert.deepEqual([exitCode, stdout, state.isClosed, unfinished], [0, "aaa", true, undefined]);
  assert.ok(state.asked < 20, String(state.asked));
});

test("spawnProcess() gives a stream up although a background process holds the pipe and does not read", async () => {
  const { state, chunks } = countedChunks(1_000_000, 100_000);
  const { stdout } = await sh("exec 3<&0; sleep 1000 <&3 >/dev/null 2>&1 & echo $!", { stdin: chunks });
  assert.ok(state.isClosed);
  Deno.kill(Number(stdout), "SIGKILL");
  await eventually("nobody holds the pipe", () => !isAlive(Number(stdout)));
  // The write that was given up fails now, and its pipe is closed.
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
});

test("spawnProcess() ends a program whose input fails, before it takes that for the end", async () => {
  async function* chunks() {
    yield await Promise.resolve(new Uint8Array([97]));
    throw new Error("The part is gone");
  }
  const whole = `${await Deno.makeTempDir({ prefix: "remote-agents-" })}`;
  try {
    await assert.rejects(sh(`cat >/dev/null; touch ${whole}/seen`, { stdin: chunks() }), /The part is gone/);
    await assert.rejects(Deno.stat(`${whole}/seen`), Deno.errors.NotFound);
  } finally {
    await Deno.remove(whole, { recursive: true });
  }
});

test("spawnProcess() gives a stream up at the time limit and on abort", async () => {
  for (const isByTime of [true, false]) {
    const { state, chunks } = countedChunks(1_000_000, 100_000);
    const options = isByTime ? { timeoutMs: 50 } : { signal: AbortSignal.timeout(50) };
    const result = await sh("sleep 1000", { ...options, stdin: chunks, graceMs: () => 50 });
    assert.deepEqual([result.exitCode, state.isClosed], [null, true]);
  }
});

test("spawnProcess() tells which outputs it did not take to their end", async () => {
  const { stdout, unfinished, leftover } = await sh("sleep 1000 2>/dev/null & echo $!");
  assert.deepEqual(unfinished, ["stdout"]);
  await leftover?.stop();
  Deno.kill(Number(stdout), "SIGKILL");
});
