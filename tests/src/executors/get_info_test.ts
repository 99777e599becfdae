import assert from "node:assert/strict";
import { askSystem, createGetInfo } from "../../../src/executors/get_info.ts";
import { detectPlatform } from "../../../src/host/platform.ts";
import { OPERATIONS } from "../../../src/protocol/operation.ts";
import { callContext } from "../../helpers/call_context.ts";

const host = {
  id: "abcdefghij2345672345",
  name: "builder",
  tags: ["linux"],
  role: "service" as const,
  platform: detectPlatform(),
  hostname: "machine",
  user: "someone",
  home: "/home/someone",
  accepts: true,
  version: "1.2.3",
};

Deno.test("get_info tells the host's description and what holds at the moment of the call", async () => {
  let running = 0;
  const state = () => ({
    mode: "edit" as const,
    maxMode: "bypass" as const,
    modeUntil: null,
    sandbox: { name: null, reason: "there is none" },
    running,
    queued: 7,
    jobs: 2,
    audit: "ok",
  });
  const system = {
    memory: { totalBytes: 2048, availableBytes: 1024 },
    disk: { path: "/home", totalBytes: 10, availableBytes: 5 },
    load: [1, 2, 3],
    uptimeSeconds: 60,
  };
  const asked: string[] = [];
  const getInfo = createGetInfo({
    host,
    startedAt: new Date(0),
    state,
    system: (home) => {
      asked.push(home);
      return Promise.resolve(system);
    },
  });
  running = 3;
  const result = OPERATIONS.get_info.result.parse(await getInfo({}, callContext()));
  assert.ok(result.processors >= 1);
  assert.deepEqual(asked, [host.home]);
  assert.deepEqual(result, {
    ...host,
    ...state(),
    ...system,
    pid: Deno.pid,
    processors: result.processors,
    startedAt: "1970-01-01T00:00:00.000Z",
  });
});

Deno.test("askSystem() tells memory, disk, load and uptime", async () => {
  const { memory, disk, load, uptimeSeconds } = await askSystem("/");
  assert.ok(memory.totalBytes > memory.availableBytes && memory.availableBytes > 0);
  assert.ok(disk !== null && disk.totalBytes > disk.availableBytes && disk.availableBytes > 0);
  assert.equal(load.length, 3);
  assert.ok(uptimeSeconds > 0);
});

Deno.test("askSystem() knows no disk of a folder that is not there", async () => {
  assert.equal((await askSystem("/no/such/folder")).disk, null);
});
