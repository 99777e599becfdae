import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import type { DistributedStatus } from "../../../../src/fleet/mapreduce/distributed_run.ts";
import type { MapReduceRequest } from "../../../../src/fleet/mapreduce/request.ts";
import type { MapReduceHandle } from "../../../../src/fleet/mapreduce/service.ts";
import { mapReduce } from "../../../../src/mcp/tools/mapreduce.ts";
import type { ToolAnswer, ToolProgress } from "../../../../src/mcp/tool.ts";
import { utf8 } from "../../../../src/protocol/bytes.ts";
import { requestOf, runId } from "../../fleet/mapreduce/_distributed.ts";
import { fakeFleet } from "../_fake_fleet.ts";

const ID = runId("m");

/** A service with one run, of which a test says how it stands. */
function openWorld(changes: Partial<DistributedStatus> = {}) {
  const log: string[] = [];
  const progress: ToolProgress[] = [];
  const listeners = new Set<() => void>();
  const started: MapReduceRequest[] = [];
  const state = { whileWaiting: () => {} };
  let status: DistributedStatus = {
    id: ID,
    request: requestOf(),
    status: "done",
    step: "ended",
    startedAt: 0,
    endedAt: 1_500,
    hosts: [{ id: "h1", name: "web-1" }],
    failed: [],
    resultBytes: 4,
    notCleaned: 0,
    ...changes,
  };
  const run: MapReduceHandle = {
    id: ID,
    get status() {
      return status;
    },
    wait(ms) {
      log.push(`wait ${ms}`);
      state.whileWaiting();
      return Promise.resolve();
    },
    onProgress(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    cancel: () => void log.push("cancel"),
    readResult: (from, most) => Promise.resolve(utf8("a\nb\n").subarray(from, from + most)),
  };
  const fleet = fakeFleet({
    mapReduces: {
      hostsFor: ({ target }) => Promise.resolve([{ id: "h1", name: `host of ${target}` }]),
      start(request) {
        started.push(request);
        return Promise.resolve(run);
      },
      resume(id) {
        log.push(`resume ${id}`);
        return Promise.resolve(run);
      },
    },
  });
  const call = async (
    args: Record<string, unknown>,
    signal = new AbortController().signal,
  ): Promise<ToolAnswer> => {
    const answer = await mapReduce.handle(mapReduce.input.parse(args), {
      fleet,
      signal,
      onProgress: (one) => void progress.push(one),
    });
    mapReduce.output.parse(answer.structured);
    return answer;
  };
  return {
    call,
    log,
    progress,
    listeners,
    started,
    whileWaiting: (work: () => void) => void (state.whileWaiting = work),
    become(changes: Partial<DistributedStatus>) {
      status = { ...status, ...changes };
      for (const listener of listeners) listener();
    },
  };
}

const DATA = { data: ["a", 1], map_fn: "wc -l" };

Deno.test("mapreduce begins a run, waits for it, and shows its result", async () => {
  const world = openWorld();
  const { text, hasFailed, structured } = await world.call(DATA);
  assert.deepEqual(world.log, ["wait 45000"]);
  assert.equal(text, `Done in 1.50 s (run ${ID})\n1 host: web-1\nResult: 4 bytes\n| a\n| b`);
  assert.deepEqual([hasFailed, structured["run"]], [false, ID]);
  assert.equal(world.listeners.size, 0);
});

const none = {
  combine: undefined,
  cwd: undefined,
  maxRetries: undefined,
  output: undefined,
  partitions: undefined,
  reduce: undefined,
  reducers: undefined,
  slots: undefined,
  timeoutMs: undefined,
};
const requests: readonly (readonly [object, object])[] = [
  [DATA, {
    ...none,
    target: "all",
    includeSelf: false,
    input: { type: "data", items: ["a", 1] },
    map: "wc -l",
    isKeyed: false,
    format: "lines",
  }],
  [
    {
      target: "web",
      include_self: true,
      file: "/big",
      split_by: "bytes",
      record_bytes: 8,
      map_fn: "m",
      combine_fn: "c",
      reduce_fn: "r",
      key: true,
      reducers: 3,
      format: "json",
      partitions: 4,
      cwd: "/w",
      timeout_ms: 5,
      max_retries: 0,
      slots: 6,
      output: "/out",
    },
    {
      target: "web",
      includeSelf: true,
      input: { type: "file", path: "/big", splitBy: "bytes", recordBytes: 8 },
      map: "m",
      combine: "c",
      reduce: "r",
      isKeyed: true,
      reducers: 3,
      format: "json",
      partitions: 4,
      cwd: "/w",
      timeoutMs: 5,
      maxRetries: 0,
      slots: 6,
      output: "/out",
    },
  ],
  [{ file: "x", map_fn: "m" }, {
    ...none,
    target: "all",
    includeSelf: false,
    input: { type: "file", path: "x", splitBy: "lines", recordBytes: undefined },
    map: "m",
    isKeyed: false,
    format: "lines",
  }],
  [{ glob: "/var/log/*.log", map_fn: "m" }, {
    ...none,
    target: "all",
    includeSelf: false,
    input: { type: "glob", pattern: "/var/log/*.log" },
    map: "m",
    isKeyed: false,
    format: "lines",
  }],
];
for (const [args, expected] of requests) {
  Deno.test(`mapreduce asks for a run with ${JSON.stringify(args).slice(0, 60)}`, async () => {
    const world = openWorld();
    await world.call({ ...args });
    assert.deepEqual(world.started, [expected]);
  });
}

const wrong: readonly (readonly [object, RegExp])[] = [
  [{ data: ["a"] }, /"map_fn" is missing$/],
  [{ map_fn: "m" }, /there is no input$/],
  [{ ...DATA, file: "x" }, /there is more than one input$/],
  [{ ...DATA, reducers: 2 }, /"reducers" is given without "key"$/],
  [{ file: "x", map_fn: "m", record_bytes: 2 }, /"record_bytes" is given without split_by "bytes"$/],
];
for (const [args, message] of wrong) {
  for (const dryRun of [false, true]) {
    Deno.test(`mapreduce refuses ${JSON.stringify(args)}${dryRun ? " of a dry run" : ""}`, async () => {
      const world = openWorld();
      await assert.rejects(world.call({ ...args, dry_run: dryRun }), (error) => {
        assert.ok(
          error instanceof OperationError && error.code === "bad_request" && error.remedy !== undefined,
        );
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(world.started, []);
    });
  }
}

for (
  const args of [
    { ...DATA, data: [] },
    { ...DATA, reducers: 257, key: true },
    { ...DATA, partitions: 10_001 },
    { ...DATA, max_retries: 21 },
    { ...DATA, slots: 0 },
    { ...DATA, map_fn: "" },
    { resume: "r_x" },
    { ...DATA, agent_id: "x" },
  ]
) {
  Deno.test(`mapreduce does not take ${JSON.stringify(args)}`, () => {
    assert.equal(mapReduce.input.safeParse(args).success, false);
  });
}

Deno.test("mapreduce with dry_run tells who would take part", async () => {
  const world = openWorld();
  const { text, structured } = await world.call({ ...DATA, target: "web", dry_run: true });
  assert.match(text, /^Dry run, nothing was done\. These would take part: 1 host: host of web$/);
  assert.deepEqual([structured["status"], structured["run"], world.started], ["dry_run", null, []]);
});

Deno.test("mapreduce that waits no longer says how to go on, and resume waits on", async () => {
  const world = openWorld({
    status: "running",
    step: "running",
    progress: { stage: "map", done: 1, total: 3 },
  });
  const { text, hasFailed } = await world.call({ ...DATA, wait_ms: 7 });
  assert.match(text, new RegExp(`^Running \\(running\\), map 1/3 \\(run ${ID}\\)`));
  assert.match(text, new RegExp(`It goes on: wait for it with mapreduce and resume "${ID}"$`));
  assert.equal(hasFailed, false);
  await world.call({ resume: ID, wait_ms: 8 });
  assert.deepEqual([world.log, world.started.length], [["wait 7", `resume ${ID}`, "wait 8"], 1]);
});

Deno.test("mapreduce tells how far it is", async () => {
  const world = openWorld({ status: "running", step: "running" });
  world.whileWaiting(() => {
    world.become({});
    world.become({ progress: { stage: "map", done: 1, total: 3 } });
  });
  await world.call(DATA);
  assert.deepEqual(world.progress, [{ progress: 1, total: 3, message: "running: map 1/3" }]);
});

for (const [status, hasFailed] of [["failed", true], ["cancelled", true], ["done", false]] as const) {
  Deno.test(`mapreduce ${hasFailed ? "counts as failed" : "is no failure"} when the run is ${status}`, async () => {
    assert.equal((await openWorld({ status }).call(DATA)).hasFailed, hasFailed);
  });
}

for (
  const [what, args, expected] of [["began", DATA, ["cancel"]], [
    "only waits for",
    { resume: ID },
    [],
  ]] as const
) {
  Deno.test(`mapreduce that is cancelled ${expected.length === 0 ? "leaves" : "ends"} a run that it ${what}`, async () => {
    const controller = new AbortController();
    const world = openWorld({ status: "running", step: "running" });
    world.whileWaiting(() => controller.abort());
    await assert.rejects(world.call({ ...args }, controller.signal), { code: "cancelled" });
    assert.deepEqual(world.log.filter((line) => line === "cancel"), expected);
    assert.equal(world.listeners.size, 0);
  });
}
