/**
 * Puts back what a run of `fleet_write` overwrote: which hosts, and what is asked of each. Files that have changed since are left
 * alone, since somebody else's work is in them.
 */
import { OperationError } from "../errors.ts";
import { TOOL_OPERATIONS } from "../protocol/operation.ts";
import type { HostCall, RunRequest } from "./fan_out.ts";
import type { HostOutcome, RunRecord } from "./run.ts";

/** What is asked of one host. */
export type UndoStep = HostCall | { readonly skip: string };

/** What an undo begins with, less its flow. */
export type UndoPlan = Pick<RunRequest, "hosts" | "callFor">;

/**
 * Decides what is asked of each host that a run reached.
 *
 * @param options.force - also where the file has changed since
 * @throws {OperationError} If the run wrote nothing, or still runs.
 */
export function planUndo(record: RunRecord, { force }: { readonly force: boolean }): UndoPlan {
  if (record.op !== "write_file") {
    throw new OperationError(
      "bad_request",
      `Cannot undo run ${record.id}: ${record.tool} overwrites no files`,
      {
        remedy: "Only runs of fleet_write can be undone",
      },
    );
  }
  if (record.status === "running") {
    throw new OperationError("bad_request", `Cannot undo run ${record.id}: it is still running`, {
      remedy: "End it with fleet_cancel first, or wait for its end with fleet_get",
    });
  }
  // The others have nothing to undo, and would only make the answer longer.
  const reached = record.hosts.filter(mayHaveWritten);
  if (reached.length === 0) {
    throw new OperationError("bad_request", `Cannot undo run ${record.id}: it wrote on no host`);
  }
  const steps = new Map(reached.map((host) => [host.agent.id, stepFor(host, force)]));
  return {
    hosts: reached.map(({ agent }) => agent),
    callFor: ({ id }) => steps.get(id) ?? { skip: "the run did not reach it" },
  };
}

/** Whether a host has written, or may have: of one that was begun and answered with an error of its own, it is known that it has not. */
function mayHaveWritten({ status, startedAt, result, error }: HostOutcome): boolean {
  if (result !== undefined) return true;
  if (startedAt === undefined || status === "refused") return false;
  return status !== "failed" || error === undefined || error.code === "internal" ||
    error.code === "cancelled";
}

/** Decides what is asked of one host. */
export function stepFor({ result, error }: HostOutcome, force: boolean): UndoStep {
  const written = TOOL_OPERATIONS.write_file.result.safeParse(result);
  if (!written.success) {
    return {
      skip: `it is not known whether the run wrote there${
        error === undefined ? "" : ` (${error.message})`
      }: see backup_list`,
    };
  }
  const { path, created, changed, backupId, sha256 } = written.data;
  if (!changed) return { skip: "the run changed nothing there" };
  const expected = force ? {} : { expected_sha256: sha256 };
  if (created) return { op: "remove_file", params: { path, ...expected } };
  if (backupId === null) return { skip: "no backup was kept there" };
  return { op: "backup_restore", params: { id: backupId, ...expected } };
}
