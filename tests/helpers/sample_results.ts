/**
 * Results of operations as hosts give them, for tests of who takes them.
 */
import type { ResultOf } from "../../src/protocol/operation.ts";
import type { Output } from "../../src/protocol/operations/exec.ts";
import { SAMPLE_PLATFORM } from "./sample_card.ts";

/** What a command wrote that wrote nothing. */
export const NO_OUTPUT: Output = { head: "", tail: "", bytes: 0, truncated: false, invalidUtf8: false };

/** A command that succeeded without output, but for `changes`. */
export function execResult(changes: Partial<ResultOf<"exec">> = {}): ResultOf<"exec"> {
  return {
    job: "j_abcdefghij2345672345",
    status: "ended",
    exitCode: 0,
    signal: null,
    timedOut: false,
    durationMs: 5,
    stdout: NO_OUTPUT,
    stderr: NO_OUTPUT,
    isolation: "none",
    outputKept: false,
    droppedBytes: 0,
    ...changes,
  };
}

/** A host in edit mode, but for `changes`. */
export function infoResult(changes: Partial<ResultOf<"get_info">> = {}): ResultOf<"get_info"> {
  return {
    id: "othr".padEnd(20, "2"),
    name: "there",
    tags: [],
    role: "service",
    platform: SAMPLE_PLATFORM,
    hostname: "there.example",
    user: "root",
    home: "/root",
    mode: "edit",
    maxMode: "edit",
    modeUntil: null,
    sandbox: { name: "bubblewrap", reason: null },
    accepts: true,
    version: "1",
    pid: 1,
    processors: 2,
    memory: { totalBytes: 2, availableBytes: 1 },
    disk: null,
    load: [0, 0, 0],
    uptimeSeconds: 7_200,
    startedAt: "2026-01-01T00:00:00.000Z",
    running: 0,
    queued: 0,
    jobs: 0,
    audit: "ok",
    ...changes,
  };
}
