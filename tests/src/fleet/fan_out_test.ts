import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { RECENT_RUNS, type Run } from "../../../src/fleet/fan_out.ts";
import type { ResultOf } from "../../../src/protocol/operation.ts";
import { RunId } from "../../../src/protocol/run.ts";
import { note } from "../../helpers/eventually.ts";
import { turn, until, useFakeClock } from "../../helpers/fake_clock.ts";
import { execResult } from "../../helpers/sample_results.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import {
  type Asked,
  failing,
  flow,
  hanging,
  jobIdFor,
  jobResult,
  makeWorld,
  runningExec,
  someHosts,
  statuses,
} from "./_runs.ts";

const said = (text: string) => ({
  head: text,
  tail: "",
  bytes: text.length,
  truncated: false,
  invalidUtf8: false,
});
const paramsOf = ({ params }: Asked) => params as Record<string, unknown>; // Whatever was asked is an object.
const isOver = (run: Run) => run.record.status !== "running";

Deno.test("start() accounts for every host, whatever it answers", async () => {
  await using temporary = await temporaryFolder();
  const answers: Record<string, () => unknown> = {
    h0: () => execResult({ stdout: said("hello") }),
    h1: () => execResult({ exitCode: 3 }),
    h2: () => failing("refused", "Cannot run that in plan mode"),
    h3: () => execResult({ exitCode: null, signal: "SIGTERM", timedOut: true }),
    h4: () => failing("peer_gone"),
    h5: () => failing("unknown_operation"),
    h6: () => failing("internal"),
    h7: () => {
      throw new TypeError("a fault");
    },
  };
  await using world = makeWorld(temporary.folder, ({ agent }) => answers[agent]?.());
  const run = world.start(8);
  assert.ok(RunId.safeParse(run.id).success);
  await run.wait(60_000);
  const { record } = run;
  assert.equal(record.status, "ended");
  assert.deepEqual(statuses(record), [
    "succeeded",
    "failed",
    "refused",
    "timed_out",
    "gone",
    "refused",
    "failed",
    "failed",
  ]);
  assert.deepEqual(record.hosts[0]?.result, execResult({ stdout: said("hello") }));
  assert.equal(record.hosts[1]?.exitCode, 3);
  assert.deepEqual(record.hosts[2]?.error, { code: "refused", message: "Cannot run that in plan mode" });
  assert.equal(record.hosts[7]?.error?.code, "internal");
  assert.ok(
    record.hosts.every(({ startedAt, durationMs }) => startedAt !== undefined && durationMs !== undefined),
  );
  assert.equal(record.notKept, undefined);
});

Deno.test("wait() returns when its time is over, and the run goes on to its end", async () => {
  using clock = useFakeClock();
  await using temporary = await temporaryFolder();
  const ends = new Map<string, PromiseWithResolvers<unknown>>();
  await using world = makeWorld(temporary.folder, ({ agent, op }, signal) => {
    if (agent !== "h1") return execResult();
    if (op === "exec") return runningExec(agent);
    const end = Promise.withResolvers<unknown>();
    ends.set(agent, end);
    signal.addEventListener("abort", () => end.reject(new OperationError("cancelled", "given up")));
    return end.promise;
  }, { now: clock.now });
  const run = world.start(2, { waitMs: 10_000 });
  const waiting = run.wait(10_000);
  await until("h1 is followed", () => ends.size === 1);
  await clock.advance(10_000);
  await waiting;
  assert.deepEqual(statuses(run.record), ["succeeded", "running"]);
  assert.equal(run.record.hosts[1]?.job, jobIdFor("h1"));
  assert.equal(run.record.status, "running");
  const found = await world.runs.find(run.id);
  assert.equal(found, run);
  ends.get("h1")?.resolve(jobResult("h1", { exitCode: 4 }));
  await run.wait(1_000);
  assert.deepEqual([run.record.status, ...statuses(run.record)], ["ended", "succeeded", "failed"]);
  assert.equal(run.record.hosts[1]?.exitCode, 4);
  assert.equal(run.record.hosts[1]?.durationMs, 10_000);
});

Deno.test("start() asks exec to answer before the call's wait is over, and for less output of many hosts", async () => {
  using clock = useFakeClock();
  await using temporary = await temporaryFolder();
  const gate = Promise.withResolvers<void>();
  await using world = makeWorld(temporary.folder, async ({ agent }) => {
    if (agent === "h0") await gate.promise;
    return execResult();
  }, { now: clock.now });
  const run = world.start(2, { flow: flow({ parallel: 1 }), waitMs: 10_000 });
  await until("h0 is asked", () => world.asked.length === 1);
  await clock.advance(20_000);
  gate.resolve();
  await run.wait(1_000);
  const quick = world.start(1, { waitMs: 0, params: { command: "true", max_output_bytes: 2048 } });
  await quick.wait(1_000);
  assert.deepEqual(world.asked.map(paramsOf), [
    { command: "true", wait_ms: 8_500, max_output_bytes: 65_536 },
    { command: "true", wait_ms: 45_000, max_output_bytes: 65_536 },
    { command: "true", wait_ms: 0, max_output_bytes: 2_048 },
  ]);
  assert.deepEqual(run.record.params, { command: "true" });
});

Deno.test("start() keeps to parallel, canary and waves, and skips the rest after a canary that fails", async () => {
  await using temporary = await temporaryFolder();
  let atOnce = 0;
  let most = 0;
  await using world = makeWorld(temporary.folder, async ({ agent }) => {
    most = Math.max(most, ++atOnce);
    await turn();
    atOnce -= 1;
    return execResult({ exitCode: agent === "h1" ? 1 : 0 });
  });
  const good = world.start(20, { flow: flow({ parallel: 3, waveSize: 5 }) });
  await good.wait(60_000);
  assert.deepEqual([good.record.status, most], ["ended", 3]);
  const bad = world.start(5, { flow: flow({ canary: 2 }) });
  await bad.wait(60_000);
  assert.equal(bad.record.status, "stopped");
  assert.match(bad.record.reason ?? "", /canary/);
  assert.deepEqual(statuses(bad.record), ["succeeded", "failed", "skipped", "skipped", "skipped"]);
  assert.match(bad.record.hosts[4]?.note ?? "", /canary/);
  assert.equal(bad.record.hosts[4]?.startedAt, undefined);
});

Deno.test("start() stops after too many failures", async () => {
  await using temporary = await temporaryFolder();
  await using world = makeWorld(temporary.folder, () => failing("peer_gone"));
  const run = world.start(10, { flow: flow({ parallel: 1, maxFailures: 2 }) });
  await run.wait(60_000);
  assert.equal(run.record.status, "stopped");
  assert.deepEqual([statuses(run.record).filter((s) => s === "gone").length, world.asked.length], [3, 3]);
});

Deno.test("start() asks each host what callFor says, and believes check", async () => {
  await using temporary = await temporaryFolder();
  await using world = makeWorld(
    temporary.folder,
    ({ agent }) => ({ sha256: agent === "h2" ? "bad" : "good" }),
  );
  const run = world.start(4, {
    op: "backup_restore",
    callFor: ({ id }, index) => {
      if (id === "h0") return { skip: "nothing to undo" };
      if (id === "h3") throw new OperationError("bad_request", "It cannot be asked");
      return { op: index === 1 ? "remove_file" as never : "backup_restore", params: { index } };
    },
    check: (result, { name }) =>
      (result as { sha256: string }).sha256 === "bad" ? `${name} is bad` : undefined, // As answered above.
    flow: flow({ parallel: 1, canary: 1 }),
  });
  await run.wait(60_000);
  assert.deepEqual(statuses(run.record), ["skipped", "succeeded", "failed", "failed"]);
  assert.deepEqual(world.asked.map(({ op, params }) => [op, params]), [
    ["remove_file", { index: 1 }],
    ["backup_restore", { index: 2 }],
  ]);
  assert.deepEqual(run.record.hosts.map((host) => host.note ?? host.error?.message), [
    "nothing to undo",
    undefined,
    "host-2 is bad",
    "It cannot be asked",
  ]);
});

Deno.test("start() asks a busy host again a few times", async () => {
  using clock = useFakeClock();
  await using temporary = await temporaryFolder();
  await using world = makeWorld(
    temporary.folder,
    ({ agent }) => agent === "h0" && world.asked.length > 4 ? execResult() : failing("busy"),
    { now: clock.now },
  );
  const run = world.start(2);
  for (let i = 0; i < 60 && !isOver(run); i++) await clock.advance(500);
  await until("it is over", () => isOver(run));
  assert.deepEqual(statuses(run.record), ["succeeded", "failed"]);
  assert.equal(run.record.hosts[1]?.error?.code, "busy");
  assert.equal(world.asked.filter(({ agent }) => agent === "h1").length, 7);
});

Deno.test("cancel() skips who was not begun and gives up what was asked; jobs go on, and can be waited for", async () => {
  await using temporary = await temporaryFolder();
  let isCancelled = false;
  await using world = makeWorld(temporary.folder, ({ agent, op }, signal) => {
    if (op === "job_get") {
      return isCancelled
        ? jobResult(agent, { status: "cancelled", exitCode: null, reason: "by me" })
        : hanging(signal);
    }
    return agent === "h0" ? hanging(signal) : runningExec(agent);
  });
  const run = world.start(4, { flow: flow({ parallel: 2 }) });
  await until("h1 is followed", () => world.asked.some(({ op }) => op === "job_get"));
  run.cancel("by ada");
  run.cancel("by bob");
  await until("it is cancelled", () => isOver(run));
  assert.deepEqual([run.record.status, run.record.reason], ["cancelled", "by ada"]);
  assert.deepEqual(statuses(run.record), ["failed", "running", "skipped", "skipped"]);
  assert.match(run.record.hosts[0]?.error?.message ?? "", /given up: by ada/);
  assert.match(run.record.hosts[1]?.note ?? "", /the job goes on: read it with job_get/);
  isCancelled = true;
  await run.wait(60_000);
  assert.deepEqual(statuses(run.record), ["failed", "failed", "skipped", "skipped"]);
  assert.deepEqual([run.record.status, run.record.hosts[1]?.note], ["cancelled", "Cancelled: by me"]);
});

Deno.test("wait() ends when its signal aborts, and the run goes on", async () => {
  await using temporary = await temporaryFolder();
  const answer = Promise.withResolvers<unknown>();
  await using world = makeWorld(temporary.folder, () => answer.promise);
  const run = world.start(1);
  const controller = new AbortController();
  const waiting = run.wait(600_000, controller.signal);
  controller.abort();
  await waiting;
  await run.wait(600_000, controller.signal);
  assert.equal(run.record.status, "running");
  answer.resolve(execResult());
  await run.wait(60_000);
  assert.equal(run.record.status, "ended");
});

Deno.test("onProgress() tells of each host that has ended, and a listener that fails ends nothing", async () => {
  await using temporary = await temporaryFolder();
  await using world = makeWorld(
    temporary.folder,
    ({ agent }) => execResult({ exitCode: Number(agent === "h1") }),
  );
  const run = world.start(4, { flow: flow({ parallel: 1, maxFailures: 0 }) });
  const lines: string[] = [];
  run.onProgress(() => {
    throw new Error("a listener's fault");
  });
  const stop = run.onProgress(({ done, total, last }) =>
    lines.push(`${done}/${total} ${last?.agent.name} ${last?.status}`)
  );
  await run.wait(60_000);
  stop();
  assert.deepEqual(lines, ["1/4 host-0 succeeded", "2/4 host-1 failed", "4/4 undefined undefined"]);
});

Deno.test("a run is read back by another process after the first has ended well", async () => {
  await using temporary = await temporaryFolder();
  const params = { command: "x", secret: "s" };
  await using first = makeWorld(
    temporary.folder,
    ({ agent }) => execResult({ exitCode: agent === "h1" ? 2 : 0 }),
  );
  const run = first.start(300, {
    params,
    flow: flow({ maxFailures: 7 }),
    leftOut: [{ agent: { id: "me", name: "me" }, reason: "self" }],
  });
  await run.wait(60_000);
  await using second = makeWorld(temporary.folder, () => failing("internal"));
  const found = await second.runs.find(run.id);
  const expected = {
    ...run.record,
    hosts: run.record.hosts.map(({ result: _, ...host }) => host),
  };
  assert.deepEqual(found?.record, expected);
  assert.deepEqual(second.runs.recent().map(({ id, hosts }) => [id, hosts.length]), [[run.id, 300]]);
  assert.equal(await second.runs.find("r_abcdefghijabcdefghij"), undefined);
});

Deno.test("a run whose program ended is followed by another one, as far as there are jobs", async () => {
  await using temporary = await temporaryFolder();
  let runId: string;
  {
    await using first = makeWorld(temporary.folder, ({ agent, op }, signal) => {
      if (op === "job_get") return hanging(signal);
      return agent === "h0" ? execResult() : runningExec(agent);
    });
    const run = first.start(3, { waitMs: 0 });
    runId = run.id;
    await until("both are followed", () => first.asked.filter(({ op }) => op === "job_get").length === 2);
  }
  await using second = makeWorld(
    temporary.folder,
    ({ agent }) => jobResult(agent, { exitCode: agent === "h1" ? 0 : 9 }),
  );
  const [one, other] = await Promise.all([second.runs.find(runId), second.runs.find(runId)]);
  assert.equal(one, other);
  assert.deepEqual(one && [one.record.status, ...statuses(one.record)], [
    "running",
    "succeeded",
    "running",
    "running",
  ]);
  await one?.wait(60_000);
  assert.deepEqual(one && [one.record.status, ...statuses(one.record)], [
    "ended",
    "succeeded",
    "succeeded",
    "failed",
  ]);
  assert.equal(second.asked.length, 2);
  // What the second found out is written down too.
  await using third = makeWorld(temporary.folder, () => failing("internal"));
  assert.deepEqual(statuses((await third.runs.find(runId))?.record ?? { hosts: [] } as never), [
    "succeeded",
    "succeeded",
    "failed",
  ]);
});

Deno.test("ending the runs skips who was not begun, and says so", async () => {
  await using temporary = await temporaryFolder();
  let run: Run;
  {
    await using world = makeWorld(temporary.folder, (_, signal) => hanging(signal));
    run = world.start(3, { flow: flow({ parallel: 1 }) });
    await until("h0 is asked", () => world.asked.length === 1);
  }
  assert.deepEqual([run.record.status, ...statuses(run.record)], [
    "cancelled",
    "failed",
    "skipped",
    "skipped",
  ]);
  await using second = makeWorld(temporary.folder, () => failing("internal"));
  const found = await second.runs.find(run.id);
  assert.deepEqual(found && statuses(found.record), ["failed", "skipped", "skipped"]);
  await second.runs[Symbol.asyncDispose]();
  assert.throws(() => second.start(1), { code: "cancelled" });
});

Deno.test("a run of another process can be watched and cancelled", async () => {
  using clock = useFakeClock();
  await using temporary = await temporaryFolder();
  await using first = makeWorld(
    temporary.folder,
    ({ agent }, signal) => agent === "h0" ? execResult() : hanging(signal),
    {
      now: clock.now,
    },
  );
  await using second = makeWorld(temporary.folder, () => failing("internal"), { now: clock.now });
  const run = first.start(2);
  // The lock of the owner is a matter of the real system, so turns pass until it is there.
  await until("it is written down", () => {
    void clock.advance(300);
    return second.runs.recent().length === 1;
  });
  const seen = await second.runs.find(run.id);
  assert.ok(seen && seen !== run);
  assert.equal(seen.record.status, "running");
  const lines: string[] = [];
  seen.onProgress(({ done, last }) => lines.push(`${done} ${last?.agent.id}`));
  seen.cancel("by another process");
  let isDone = false;
  const waiting = seen.wait(600_000).then(() => isDone = true);
  await until("it is seen to end", () => {
    void clock.advance(500);
    return isDone;
  });
  await waiting;
  assert.deepEqual([run.record.status, run.record.reason], ["cancelled", "by another process"]);
  assert.equal(seen.record.status, "cancelled");
  assert.equal(lines.at(-1), "2 h1");
  assert.equal(second.asked.length, 0);
});

Deno.test("a run goes on if it cannot be kept, and says so", async () => {
  await using temporary = await temporaryFolder();
  await Deno.writeTextFile(`${temporary.folder}/runs.db`, "this is no database, as anybody can see");
  await using world = makeWorld(temporary.folder, () => execResult());
  const run = world.start(2);
  await run.wait(60_000);
  assert.deepEqual(statuses(run.record), ["succeeded", "succeeded"]);
  assert.match(run.record.notKept ?? "", /not a database/);
  assert.deepEqual(world.runs.recent().map(({ id }) => id), [run.id]);
  assert.equal(await world.runs.find(run.id), run);
  await assert.rejects(world.runs.find("r_abcdefghijabcdefghij"), { code: "cannot_run" });
});

Deno.test("parameters that are too large for a retry are not kept, and are sent", async () => {
  await using temporary = await temporaryFolder();
  await using world = makeWorld(temporary.folder, () => execResult());
  const params = { command: "x".repeat(70_000) };
  const run = world.start(1, { params });
  await run.wait(60_000);
  assert.equal(run.record.params, undefined);
  assert.equal(paramsOf(world.asked[0] as Asked)["command"], params.command); // It was asked once.
  await using second = makeWorld(temporary.folder, () => failing("internal"));
  const found = await second.runs.find(run.id);
  assert.deepEqual(found && [found.record.status, found.record.params], ["ended", undefined]);
});

Deno.test("what a write did is read back, so that it can be undone", async () => {
  await using temporary = await temporaryFolder();
  const written = {
    path: "/a",
    created: false,
    changed: true,
    bytes: 1,
    sha256: "b",
    previousSha256: "a",
    backupId: 7,
  };
  await using world = makeWorld(temporary.folder, () => written, { maxHeldCharacters: 1 });
  const run = world.start(2, { op: "write_file", tool: "fleet_write" });
  await run.wait(60_000);
  await using second = makeWorld(temporary.folder, () => failing("internal"));
  const found = await second.runs.find(run.id);
  assert.deepEqual(found?.record.hosts.map(({ result }) => result), [written, written]);
});

Deno.test("memory is bounded: old results go first, then what is between the ends, then results", async () => {
  await using temporary = await temporaryFolder();
  let length = 10_000;
  let round = 0;
  await using world = makeWorld(
    temporary.folder,
    ({ agent }) =>
      execResult({ stdout: said(`${round}${agent}`.padEnd(length, "x")), outputKept: agent === "h1" }),
    { maxHeldCharacters: 100_000 },
  );
  const begin = async (count: number) => {
    round += 1;
    const run = world.start(count);
    await run.wait(60_000);
    return run;
  };
  const lengths = ({ record }: Run) =>
    record.hosts.map(({ result }) => (result as ResultOf<"exec"> | undefined)?.stdout.head.length); // What it answered.
  const first = await begin(3);
  const second = await begin(4);
  assert.deepEqual([lengths(first), lengths(second)], [Array(3).fill(10_000), Array(4).fill(10_000)]);
  const third = await begin(5);
  assert.deepEqual(lengths(first), Array(3).fill(undefined));
  assert.deepEqual(first.record.hosts.map(({ note }) => note), [
    "its output is not held any more",
    "its output is not held any more: read it with job_get",
    "its output is not held any more",
  ]);
  assert.deepEqual([lengths(second), lengths(third)], [Array(4).fill(10_000), Array(5).fill(10_000)]);
  length = 30_000;
  const big = await begin(40);
  assert.deepEqual([lengths(second), lengths(third)], [Array(4).fill(undefined), Array(5).fill(undefined)]);
  const held = lengths(big);
  assert.ok(held.every((characters) => characters === 2_048 || characters === undefined), `${held}`);
  assert.ok(held.filter((characters) => characters !== undefined).length > 15);
  assert.ok(big.record.hosts.every(({ note }) => note?.includes("held")));
});

Deno.test("the same output of many hosts is held once", async () => {
  await using temporary = await temporaryFolder();
  await using world = makeWorld(temporary.folder, () => execResult({ stdout: said("x".repeat(60_000)) }), {
    maxHeldCharacters: 200_000,
  });
  const run = world.start(200);
  await run.wait(60_000);
  assert.ok(run.record.hosts.every(({ result, note }) => result !== undefined && note === undefined));
});

Deno.test("recent() lists the newest first, 50 of them, and onChange() tells when a run begins and ends", async () => {
  await using temporary = await temporaryFolder();
  let time = 1_000;
  await using world = makeWorld(temporary.folder, () => execResult(), { now: () => time++ });
  let changes = 0;
  const stop = world.runs.onChange(() => changes++);
  const ids: string[] = [];
  for (let i = 0; i < RECENT_RUNS + 5; i++) {
    const run = world.start(1);
    ids.unshift(run.id);
    await run.wait(60_000);
  }
  stop();
  assert.equal(changes, 2 * (RECENT_RUNS + 5));
  assert.deepEqual(world.runs.recent().map(({ id }) => id), ids.slice(0, RECENT_RUNS));
});

Deno.test("a run of no hosts ends at once", async () => {
  await using temporary = await temporaryFolder();
  await using world = makeWorld(temporary.folder, () => execResult());
  const run = world.start(0);
  await run.wait(60_000);
  assert.equal(run.record.status, "ended");
});

Deno.test("5000 hosts that answer at once cost little", async () => {
  await using temporary = await temporaryFolder();
  await using world = makeWorld(temporary.folder, () => execResult({ stdout: said("ok") }));
  await world.start(10).wait(60_000);
  for (const count of [1_000, 5_000]) {
    const hosts = someHosts(count);
    const began = performance.now();
    const run = world.start(0, { hosts });
    await run.wait(60_000);
    const ms = performance.now() - began;
    assert.ok(run.record.hosts.every(({ status }) => status === "succeeded"));
    note(`${count} hosts: ${ms.toFixed(1)} ms`);
    assert.ok(ms < 5_000, `${ms} ms`);
  }
});
