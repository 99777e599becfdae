/**
 * Records of jobs for tests.
 */
import { type JobRecord, type JobStore, newRecord } from "../../../src/jobs/store.ts";

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
  const known = newRecord({
    id: idOf(1),
    ownerId: "owner",
    ownerPid: 1,
    callerId: "bcdefghij0123456789a",
    callerName: "caller",
    command: "make",
    cwd: "/",
    mode: "edit",
    isolation: "none",
    startedAt: 1_000,
  });
  return { ...known, ...changes };
}

/** Puts a job into an index, whatever became of it. */
export function putJob(store: JobStore, changes: Partial<JobRecord> = {}): void {
  const record = jobRecord(changes);
  store.insert({ ...record, status: "running" });
  store.update([record]);
}
