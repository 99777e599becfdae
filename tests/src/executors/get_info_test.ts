import assert from "node:assert/strict";
import { createGetInfo } from "../../../src/executors/get_info.ts";
import { detectPlatform } from "../../../src/host/platform.ts";
import { OPERATIONS } from "../../../src/protocol/operation.ts";

Deno.test("get_info tells the host's description and what holds at the moment of the call", async () => {
  const host = {
    id: "abcdefghij0123456789",
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
  let running = 0;
  const getInfo = createGetInfo({
    host,
    startedAt: new Date(0),
    now: () => ({ mode: "edit", running, queued: 7 }),
    memory: () => ({ total: 2048, available: 1024 }),
  });
  running = 3;
  const result = OPERATIONS.get_info.result.parse(
    await getInfo({}, { signal: new AbortController().signal }),
  );
  assert.ok(result.processors >= 1);
  assert.deepEqual(result, {
    ...host,
    mode: "edit",
    running: 3,
    queued: 7,
    pid: Deno.pid,
    processors: result.processors,
    memory: { totalBytes: 2048, availableBytes: 1024 },
    startedAt: "1970-01-01T00:00:00.000Z",
  });
});

Deno.test("get_info asks the system for its memory unless told otherwise", async () => {
  const platform = detectPlatform();
  const getInfo = createGetInfo({
    host: {
      id: "a",
      name: "a",
      tags: [],
      role: "session",
      platform,
      hostname: "a",
      user: "a",
      home: "/",
      accepts: true,
      version: "1",
    },
    startedAt: new Date(),
    now: () => ({ mode: "plan", running: 0, queued: 0 }),
  });
  const { memory } = await getInfo({}, { signal: new AbortController().signal });
  assert.ok(memory.totalBytes > memory.availableBytes && memory.availableBytes > 0);
});
