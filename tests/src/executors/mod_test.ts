import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { MAX_CALLS, type OutsideContext } from "../../../src/executors/mod.ts";
import type { ErrorCode } from "../../../src/protocol/error_code.ts";
import type { Mode } from "../../../src/protocol/mode.ts";
import { type OperationName, OPERATIONS } from "../../../src/protocol/operation.ts";
import { createModeStore } from "../../../src/host/mode_store.ts";
import type { PeerRule } from "../../../src/safety/peer_rules.ts";
import { until } from "../../helpers/fake_clock.ts";
import { isAlive } from "../../helpers/is_alive.ts";
import { openTestHost, outside, type TestHost, type TestHostOptions } from "../../helpers/local_host.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { KEY, runParams } from "./_parts.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

const context = (changes: Partial<OutsideContext> = {}) => outside(changes);
const host = (settings: TestHostOptions["settings"] = {}, more: TestHostOptions = {}) =>
  openTestHost({ ...more, settings });

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
  await using opened = await host();
  const { executors, home } = opened;
  const path = `${home}/a.txt`;
  const sh =
    `git -c init.defaultBranch=main init -q r && cd r && git config user.name n && git config user.email n@example.com && ` +
    "git init -q --bare ../o && git remote add origin ../o && echo a > a && echo id > /dev/null";
  const jobOf = async () =>
    OPERATIONS.exec.result.parse(
      await executors.execute("exec", { command: "sleep 1000", wait_ms: 0 }, context()),
    ).job;
  const steps: readonly (readonly [OperationName, () => unknown])[] = [
    ["exec", () => ({ command: sh })],
    ["job_list", () => ({})],
    ["job_get", async () => ({ job: await jobOf() })],
    ["job_cancel", async () => ({ job: await jobOf() })],
    ["write_file", () => ({ path, content: "one\n" })],
    ["read_file", () => ({ path })],
    ["edit_file", () => ({ path, edits: [{ old_text: "one", new_text: "two" }] })],
    ["list_dir", () => ({ path: home })],
    ["file_stat", () => ({ path })],
    ["file_search", () => ({ path: home, pattern: "two" })],
    ["remove_file", () => ({ path })],
    ["backup_list", () => ({})],
    ["backup_restore", () => ({ id: 1 })],
    ["git_status", () => ({ path: "r" })],
    ["git_commit", () => ({ path: "r", message: "first", paths: ["a"] })],
    ["git_diff", () => ({ path: "r" })],
    ["git_log", () => ({ path: "r" })],
    ["git_push", () => ({ path: "r", remote: "origin", branch: "main", set_upstream: true })],
    ["git_pull", () => ({ path: "r" })],
    ["part_run", () => runParams("echo part")],
    ["part_fetch", () => ({ ...KEY, from: "a".repeat(26), parts: [{ name: "map.3.0", bytes: 5 }] })],
    ["part_read", () => ({ ...KEY, part: "map.3.0", offset: 0 })],
    ["part_save", () => ({ ...KEY, part: "map.3.0", path: `${home}/saved` })],
    ["part_drop", () => KEY],
    ["get_info", () => undefined],
    ["set_mode", () => ({ mode: "plan" })],
  ];
  assert.deepEqual(new Set(steps.map(([name]) => name)), new Set(Object.keys(OPERATIONS)));
  for (const [name, params] of steps) {
    const result = await executors.execute(
      name,
      await params(),
      context({ output: () => Promise.resolve() }),
    );
    OPERATIONS[name].result.parse(result);
  }
  assert.equal(await Deno.readTextFile(path), "one\n");
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
    await using opened = await host();
    const { executors } = opened;
    await rejectsWith(executors.execute("exec", params, context()), "bad_request", pattern);
  });
}

for (const name of ["reboot", "toString", "__proto__", ""]) {
  test(`execute() does not know the operation "${name}"`, async () => {
    await using opened = await host();
    const { executors } = opened;
    await rejectsWith(executors.execute(name, {}, context()), "unknown_operation");
  });
}

/** Sets the mode as the console does. */
const setMode = (opened: TestHost, mode: Mode) =>
  createModeStore(`${opened.folder}/agent/state`).writeConsole({ lasting: { mode, at: 1, by: "the test" } });

test("execute() asks for the mode at each call, and runs nothing when it is refused", async () => {
  await using opened = await host({ mode: "plan" });
  const { executors, home } = opened;
  const call = () => executors.execute("exec", { argv: ["touch", `${home}/ran`] }, context());
  await rejectsWith(call(), "refused", /plan mode without a sandbox/);
  await rejectsWith(
    executors.execute("write_file", { path: "ran", content: "" }, context()),
    "refused",
    /plan mode/,
  );
  await executors.execute("exec", { command: "ls" }, context());
  await setMode(opened, "disabled");
  await rejectsWith(call(), "refused", /disabled/);
  await rejectsWith(executors.execute("list_dir", { path: "/" }, context()), "refused", /disabled/);
  await rejectsWith(executors.execute("set_mode", { mode: "plan" }, context()), "refused", /disabled/);
  await executors.execute("get_info", {}, context());
  assert.throws(() => Deno.statSync(`${home}/ran`), Deno.errors.NotFound);
  await setMode(opened, "bypass");
  await call();
  assert.ok((await Deno.stat(`${home}/ran`)).isFile);
});

test("execute() refuses a queued request if the mode was lowered meanwhile", async () => {
  await using opened = await host({ max_running: 1 });
  const { executors } = opened;
  const hasStarted = Promise.withResolvers<void>();
  const controller = new AbortController();
  const first = executors.execute("exec", { command: "echo started; sleep 1000" }, {
    ...context({ signal: controller.signal }),
    output: () => Promise.resolve(hasStarted.resolve()),
  });
  const second = executors.execute("exec", { command: "touch ran" }, context());
  await hasStarted.promise;
  await setMode(opened, "plan");
  controller.abort();
  await Promise.all([rejectsWith(first, "cancelled"), rejectsWith(second, "refused")]);
});

const ID = "bcdefghij2345672345b";
const OTHER = "ccdefghij2345672345c";
const peers: readonly (readonly [PeerRule[], id: string, isLocal: boolean, "all" | "reads" | "nothing"])[] = [
  [[], ID, false, "all"],
  [[{ id: ID }], ID, false, "all"],
  [[{ id: ID, mode: "plan" }], ID, false, "reads"],
  [[{ id: ID, mode: "disabled" }], ID, false, "nothing"],
  [[{ id: OTHER }], ID, false, "nothing"],
  [[{ id: OTHER }], "abcdefghij2345672345", false, "all"],
  [[{ id: OTHER }], ID, true, "all"],
];
for (const [rules, id, isLocal, expected] of peers) {
  test(`execute() allows ${expected} to ${isLocal ? "a local call" : id} by ${JSON.stringify(rules)}`, async () => {
    await using opened = await host({ allow_peers: rules });
    const caller = { id, name: "somebody", isLocal };
    const may = async (operation: string, params: unknown) => {
      try {
        await opened.executors.execute(operation, params, context({ caller }));
        return true;
      } catch (error) {
        assert.equal(OperationError.from(error).code, "refused", String(error));
        return false;
      }
    };
    const reads = await may("list_dir", { path: "/" });
    const writes = await may("write_file", { path: "a.txt", content: "a" });
    assert.equal(reads ? writes ? "all" : "reads" : "nothing", expected);
  });
}

test("execute() keeps nothing of what an agent sends that may not command the host", async () => {
  await using folder = await temporaryFolder();
  const filler = "FILLER".repeat(4_000);
  const attempts: readonly (readonly [string, unknown])[] = [
    ["exec", { command: `: ${filler}` }],
    ["exec", { what: filler }],
    [`no-${filler}`, { command: filler }],
    ["part_read", { ...KEY, part: "in.0", offset: 0 }],
    ["part_read", { ...KEY, part: filler, offset: 0 }],
    ["part_drop", { ...KEY }],
  ];
  {
    await using opened = await host({ allow_peers: [{ id: OTHER }] }, { folder: folder.folder });
    const by = context({ caller: { id: ID, name: "stranger", isLocal: false } });
    for (const [operation, params] of attempts) {
      await assert.rejects(opened.executors.execute(operation, params, by), OperationError);
    }
  }
  const log = await Deno.readTextFile(`${folder.folder}/agent/state/audit/audit.jsonl`);
  assert.equal(log.trim().split("\n").length, attempts.length);
  assert.ok(log.length < 8_000, String(log.length));
  assert.ok(!log.includes('"in.0"'));
});

test("execute() lets no agent set a mode above its own ceiling for the whole host", async () => {
  await using opened = await host({
    mode: "plan",
    max_mode: "edit",
    allow_peers: [{ id: ID, mode: "plan" }, { id: OTHER }],
  });
  const by = (id: string) => context({ caller: { id, name: "somebody", isLocal: false } });
  const { executors } = opened;
  await rejectsWith(executors.execute("set_mode", { mode: "edit" }, by(ID)), "refused", /up to "plan" only/);
  assert.match(JSON.stringify(await executors.execute("get_info", {}, by(ID))), /"mode":"plan"/);
  await executors.execute("set_mode", { mode: "edit" }, by(OTHER));
  // After a moment the host would fall back to edit.
  const short = executors.execute("set_mode", { mode: "plan", for_minutes: 1 }, by(ID));
  await rejectsWith(short, "refused", /lower it to last/);
  await executors.execute("set_mode", { mode: "plan" }, by(ID));
});

test("execute() takes no more requests at once than its bound, those past the queue among them", async () => {
  await using opened = await host();
  const { executors } = opened;
  const { job } = OPERATIONS.exec.result.parse(
    await executors.execute("exec", { command: "sleep 1000", wait_ms: 0 }, context()),
  );
  const ending = new AbortController();
  const ask = () =>
    executors.execute("job_get", { job, wait_ms: 50_000 }, context({ signal: ending.signal }));
  const waiting = Array.from({ length: MAX_CALLS }, ask);
  const settled = Promise.allSettled(waiting);
  await rejectsWith(ask(), "busy", /are in this host already/);
  ending.abort();
  await settled;
  await executors.execute("get_info", {}, context());
});

test("execute() runs hundreds of calls, never more at once than the limit", async () => {
  await using opened = await host({ max_running: 8 });
  const { executors, home } = opened;
  await Deno.mkdir(`${home}/running`);
  // Each command leaves a file while it runs, and tells how many it saw.
  const command = 'f=$(mktemp -p running); ls running | wc -l; rm "$f"';
  const calls = Array.from({ length: 200 }, () => executors.execute("exec", { command }, context()));
  await until("they wait", () => executors.queued === 192);
  assert.equal(executors.running, 8);
  const counts = (await Promise.all(calls)).map((result) => {
    const { exitCode, stdout } = OPERATIONS.exec.result.parse(result);
    assert.equal(exitCode, 0);
    return Number(stdout.head);
  });
  assert.ok(Math.max(...counts) <= 8, `${Math.max(...counts)} at once`);
  assert.ok(Math.min(...counts) >= 1);
  assert.deepEqual([executors.running, executors.queued], [0, 0]);
});

test("execute() refuses past the queue, and answers get_info all the same", async () => {
  await using opened = await host({ max_running: 1, max_queued: 1 });
  const { executors } = opened;
  const controller = new AbortController();
  const call = () =>
    executors.execute("exec", { command: "sleep 1000" }, context({ signal: controller.signal }));
  const first = call();
  await until("it runs", () => executors.running === 1);
  const second = call();
  await until("it waits", () => executors.queued === 1);
  await rejectsWith(executors.execute("exec", { command: "true" }, context()), "busy", /runs 1 and 1 more/);
  const info = OPERATIONS.get_info.result.parse(await executors.execute("get_info", {}, context()));
  assert.deepEqual([info.running, info.queued], [1, 1]);
  controller.abort();
  await Promise.all([first, second].map((ended) => rejectsWith(ended, "cancelled")));
  assert.deepEqual([executors.running, executors.queued], [0, 0]);
});

test("execute() starts nothing for a caller that has gone", async () => {
  await using opened = await host();
  const call = opened.executors.execute(
    "exec",
    { command: "touch ran" },
    context({ signal: AbortSignal.abort() }),
  );
  await rejectsWith(call, "cancelled");
  assert.throws(() => Deno.statSync(`${opened.home}/ran`), Deno.errors.NotFound);
});

test("execute() turns a fault of ours into the code internal", async () => {
  await using opened = await host({}, {
    environment: () => {
      throw new Error("broken");
    },
  });
  await rejectsWith(opened.executors.execute("exec", { command: "true" }, context()), "internal", /broken/);
});

test("disposing ends what runs and what waits, and nothing new is taken", async () => {
  const opened = await host({ max_running: 2 }, { endGraceMs: 50 });
  const { executors } = opened;
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
  await opened[Symbol.asyncDispose]();
  assert.equal(isAlive(pid), false);
  for (const outcome of await outcomes) {
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof OperationError);
    assert.equal(outcome.reason.code, "cancelled");
    assert.match(outcome.reason.message, /is ending/);
  }
  assert.deepEqual([executors.running, executors.queued], [0, 0]);
  await rejectsWith(executors.execute("exec", { command: "true" }, context()), "cancelled", /is ending/);
});

test("every request leaves its records, with what was decided and what came of it", async () => {
  await using folder = await temporaryFolder();
  {
    await using opened = await host({}, { folder: folder.folder });
    const { executors } = opened;
    await executors.execute("exec", { command: "exit 3", env: { SECRET: "hunter2hunter2" } }, context());
    await executors.execute("read_file", { path: "/etc/hostname" }, context());
    await executors.execute("read_file", { path: "/etc/shadow" }, context()).catch(() => {});
    await executors.execute("exec", { command: "rm -rf /" }, context()).catch(() => {});
    await executors.execute("reboot", {}, context()).catch(() => {});
  }
  const text = await Deno.readTextFile(`${folder.folder}/agent/state/audit/audit.jsonl`);
  const records = text.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ event, operation, decision, rule, outcome, exitCode }) =>
      [event, operation, decision, rule, outcome, exitCode].map((field) => field ?? "-").join(" ")
    ),
    [
      "begin exec allow mode-edit - -",
      "end exec - - ok 3",
      "call read_file allow mode-edit ok -",
      "call read_file allow mode-edit refused -",
      "call exec refuse remove-great-folder refused -",
      "call reboot refuse unknown_operation unknown_operation -",
    ],
  );
  assert.ok(!text.includes("hunter2"));
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
      // Nothing can be found to run, so that a fault of the deny-list does no harm.
      await using opened = await host({ mode }, { environment: () => ({ PATH: "/nowhere" }) });
      const call = opened.executors.execute("exec", params, context());
      if (!runs) await rejectsWith(call, "refused", /in any mode/);
      else await call.catch((error: unknown) => assert.equal(OperationError.from(error).code, "cannot_run"));
    });
  }
}
