import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createExecutors, type Executors, type ExecutorsOptions } from "../../../src/executors/mod.ts";
import { detectPlatform } from "../../../src/host/platform.ts";
import type { ErrorCode } from "../../../src/protocol/error_code.ts";
import type { Mode } from "../../../src/protocol/mode.ts";
import { OPERATIONS } from "../../../src/protocol/operation.ts";
import { isAlive } from "../../helpers/is_alive.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

function executorsOf(options: Partial<ExecutorsOptions> = {}): Executors {
  return createExecutors({
    host: {
      id: "abcdefghij0123456789",
      name: "builder",
      tags: [],
      role: "service",
      platform: detectPlatform(),
      hostname: "machine",
      user: "someone",
      home: "/tmp",
      accepts: true,
      version: "1.2.3",
    },
    startedAt: new Date(0),
    mode: () => "edit",
    ...options,
  });
}

const context = () => ({ signal: new AbortController().signal });

async function rejectsWith(
  call: Promise<unknown>,
  code: ErrorCode,
  pattern: RegExp = /^Cannot /,
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof OperationError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  });
}

test("execute() carries out every operation, with results of their shapes", async () => {
  await using executors = executorsOf();
  const params = { exec: { command: "echo hi" }, get_info: undefined };
  for (const [operation, definition] of Object.entries(OPERATIONS)) {
    // The names of the table above are those of the operations; a missing one fails the call.
    const given = params[operation as keyof typeof params];
    definition.result.parse(await executors.execute(operation, given, context()));
  }
});

const badParams: readonly [string, unknown, RegExp][] = [
  ["a wrong type", { command: 7 }, /parameters of "exec": "command": /],
  ["a wrong element", { argv: ["a", 7] }, /"argv\[1\]": /],
  ["a wrong variable name", { command: "a", env: { "A-B": "x" } }, /"env/],
  ["an unknown field", { command: "a", colour: "red" }, /colour/],
  ["no object", "ls", /parameters of "exec"/],
  ["a time limit of zero", { command: "a", timeout_ms: 0 }, /"timeout_ms"/],
];
for (const [what, params, pattern] of badParams) {
  test(`execute() names the field of ${what}`, async () => {
    await using executors = executorsOf();
    await rejectsWith(executors.execute("exec", params, context()), "bad_request", pattern);
  });
}

for (const name of ["reboot", "toString", "__proto__", ""]) {
  test(`execute() does not know the operation "${name}"`, async () => {
    await using executors = executorsOf();
    await rejectsWith(executors.execute(name, {}, context()), "unknown_operation");
  });
}

test("execute() asks for the mode at each call, and runs nothing when it is refused", async () => {
  const folder = await Deno.makeTempDir();
  try {
    let mode: Mode = "plan";
    await using executors = executorsOf({ mode: () => mode });
    const call = () => executors.execute("exec", { argv: ["touch", `${folder}/ran`] }, context());
    await rejectsWith(call(), "refused", /plan mode/);
    await executors.execute("get_info", {}, context());
    mode = "disabled";
    await rejectsWith(call(), "refused", /disabled/);
    await rejectsWith(executors.execute("get_info", {}, context()), "refused", /disabled/);
    assert.throws(() => Deno.statSync(`${folder}/ran`), Deno.errors.NotFound);
    mode = "bypass";
    await call();
    assert.ok((await Deno.stat(`${folder}/ran`)).isFile);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("execute() refuses a queued request if the mode was lowered meanwhile", async () => {
  let mode: Mode = "edit";
  await using executors = executorsOf({ mode: () => mode, maxRunning: 1 });
  const hasStarted = Promise.withResolvers<void>();
  const controller = new AbortController();
  const first = executors.execute("exec", { command: "echo started; sleep 1000" }, {
    signal: controller.signal,
    output: () => Promise.resolve(hasStarted.resolve()),
  });
  const second = executors.execute("exec", { command: "echo ran" }, context());
  await hasStarted.promise;
  mode = "plan";
  controller.abort();
  await Promise.all([rejectsWith(first, "cancelled"), rejectsWith(second, "refused")]);
});

test("execute() runs hundreds of calls, never more at once than the limit", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using executors = executorsOf({ maxRunning: 8 });
    // Each command leaves a file while it runs, and tells how many it saw.
    const command = 'f=$(mktemp -p "$FOLDER"); ls "$FOLDER" | wc -l; rm "$f"';
    const calls = Array.from(
      { length: 200 },
      () => executors.execute("exec", { command, env: { FOLDER: folder } }, context()),
    );
    await Promise.resolve();
    assert.deepEqual([executors.running, executors.queued], [8, 192]);
    const counts = (await Promise.all(calls)).map((result) => {
      const { exitCode, stdout } = OPERATIONS.exec.result.parse(result);
      assert.equal(exitCode, 0);
      return Number(stdout.head);
    });
    assert.ok(Math.max(...counts) <= 8, `${Math.max(...counts)} at once`);
    assert.ok(Math.min(...counts) >= 1);
    assert.deepEqual([executors.running, executors.queued], [0, 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("execute() refuses past the queue, and answers get_info all the same", async () => {
  await using executors = executorsOf({ maxRunning: 1, maxQueued: 1 });
  const controller = new AbortController();
  const calls = [1, 2].map(() =>
    executors.execute("exec", { command: "sleep 1000" }, { signal: controller.signal })
  );
  await rejectsWith(executors.execute("exec", { command: "true" }, context()), "busy", /runs 1 and 1 more/);
  const info = OPERATIONS.get_info.result.parse(await executors.execute("get_info", {}, context()));
  assert.deepEqual([info.running, info.queued], [1, 1]);
  controller.abort();
  await Promise.all(calls.map((call) => rejectsWith(call, "cancelled")));
  assert.deepEqual([executors.running, executors.queued], [0, 0]);
});

test("execute() starts nothing for a caller that has gone", async () => {
  await using executors = executorsOf();
  await rejectsWith(
    executors.execute("exec", { command: "true" }, { signal: AbortSignal.abort() }),
    "cancelled",
  );
});

test("execute() turns a fault of ours into the code internal", async () => {
  await using executors = executorsOf({
    environment: () => {
      throw new Error("broken");
    },
  });
  await rejectsWith(executors.execute("exec", { command: "true" }, context()), "internal", /broken/);
});

test("disposing ends what runs and what waits, and nothing new is taken", async () => {
  const executors = executorsOf({ maxRunning: 2, graceMs: 60_000, endGraceMs: 50 });
  const started = Promise.withResolvers<number>();
  const running = executors.execute("exec", { command: "trap '' TERM; setsid sleep 1000 & echo $!; wait" }, {
    ...context(),
    output: (_channel, bytes) => {
      started.resolve(Number(new TextDecoder().decode(bytes)));
      return Promise.resolve();
    },
  });
  const others = [1, 2].map(() => executors.execute("exec", { command: "sleep 1000" }, context()));
  const outcomes = Promise.allSettled([running, ...others]);
  const pid = await started.promise;
  await executors[Symbol.asyncDispose]();
  assert.equal(isAlive(pid), false);
  for (const outcome of await outcomes) {
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof OperationError);
    assert.equal(outcome.reason.code, "cancelled");
    assert.match(outcome.reason.message, /is ending/);
  }
  assert.deepEqual([executors.running, executors.queued], [0, 0]);
  await rejectsWith(executors.execute("exec", { command: "true" }, context()), "cancelled", /is ending/);
});

const catastrophes: [params: Record<string, unknown>, runs: boolean][] = [
  [{ command: "rm  -fr /" }, false],
  [{ command: "cd / && sudo rm -r -f -- *" }, false],
  [{ argv: ["rm", "-rf", "--no-preserve-root", "/"] }, false],
  [{ command: "rm -rf .", cwd: "/" }, false],
  [{ command: "echo 'rm -rf /'" }, true],
  [{ argv: ["echo", "rm -rf /"] }, true],
];
for (const [params, runs] of catastrophes) {
  for (const mode of ["edit", "bypass"] as const) {
    test(`execute() ${runs ? "runs" : "refuses"} ${JSON.stringify(params)} in ${mode} mode`, async () => {
      await using executors = executorsOf({ mode: () => mode, environment: () => ({ PATH: "/nowhere" }) });
      // Nothing can be found to run, so that a fault of the deny-list does no harm.
      const call = executors.execute("exec", params, context());
      if (!runs) await rejectsWith(call, "refused", /in any mode/);
      else await call.catch((error: unknown) => assert.equal(OperationError.from(error).code, "cannot_run"));
    });
  }
}
