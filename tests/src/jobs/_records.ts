/**
 * Records of jobs for tests.
 */
import type { JobRecord, JobStore } from "../../../src/jobs/store.ts";

/** The id of the n-th job of a test. */
export function idOf(n: number): string {
  const digits = n.toString().padStart(4, "0").replaceAll(
    /\d/g,
    (digit) => "abcdefghij".charAt(Number(digit)),
  );
  return `j_${"a".repeat(16)}${digits}`;
}

/** A running job, unless `changes` say otherwise. */
export function jobRecord(changes: Partial<JobRecord> = {}): JobRecord {
  return {
    id: idOf(1),
    ownerId: "owner",
    ownerPid: 1,
    callerId: "bcdefghij0123456789a",
    callerName: "caller",
    command: "make",
    cwd: "/",
    mode: "edit",
    isolation: "none",
    status: "running",
    reason: null,
    startedAt: 1_000,
    endedAt: null,
    durationMs: null,
    pid: null,
    pidStamp: null,
    exitCode: null,
    signal: null,
    timedOut: false,
    stdoutBytes: 0,
    stderrBytes: 0,
    stdoutKept: 0,
    stderrKept: 0,
    hasFiles: false,
    ...changes,
  };
}

/** Puts a job into an index, whatever became of it. */
export function putJob(store: JobStore, changes: Partial<JobRecord> = {}): void {
  const record = jobRecord(changes);
  store.insert({ ...record, status: "running" });
  store.update([record]);
}
