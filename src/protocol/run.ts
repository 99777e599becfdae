/**
 * What is told about a run: one call for many hosts. Used by the fleet, its tools and the operations on parts.
 */
import * as z from "zod";

/** Names a run. It is 100 random bits, so nobody guesses one. */
export const RunId = z.string().regex(/^r_[a-z2-7]{20}$/).describe(
  "The run's id, as the answer of a fleet tool tells it",
);
export type RunId = z.infer<typeof RunId>;

/** Where one host of a run is; only `waiting` and `running` change. */
export const HostStatus = z.enum([
  "waiting",
  "running",
  "succeeded",
  "failed",
  "refused",
  "timed_out",
  "gone",
  "skipped",
]).describe(
  "waiting: not begun yet. running: it goes on, as a job if one is named. succeeded. failed: an exit code other than 0, " +
    "a signal, or an error. refused: by the host's mode or policy. timed_out. gone: the host left, or the connection to it " +
    "broke. skipped: not begun, and will not be",
);
export type HostStatus = z.infer<typeof HostStatus>;

/** Where a run is; only `running` changes. */
export const RunStatus = z.enum(["running", "ended", "stopped", "cancelled", "lost"]).describe(
  "running. ended: every host that was to be reached was. stopped: too many hosts failed, so the rest was not begun. " +
    "cancelled. lost: the program that carried it out ended in the middle",
);
export type RunStatus = z.infer<typeof RunStatus>;
