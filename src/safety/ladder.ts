/**
 * The ladder of modes: which mode is in force, and who may change it. Requests raise it only up to a ceiling; the host's console
 * sets mode and ceiling. Pure; the same rules hold in every process of a host.
 */
import * as z from "zod";
import { Mode } from "../protocol/mode.ts";
import { higherMode, isAbove, lowerMode } from "./mode_order.ts";

/** Longest time for which a mode can be set: a year, in milliseconds. */
export const MAX_MODE_MS = 366 * 24 * 3_600_000;

/** A mode that was set. Times are milliseconds since 1970. */
export const ModeChange = z.strictObject({
  mode: Mode,
  at: z.number().int().nonnegative(),
  /** When it ends; absent: it lasts. */
  until: z.number().int().nonnegative().optional(),
  /** Who set it, for people. */
  by: z.string().max(256),
});
export type ModeChange = z.infer<typeof ModeChange>;

/** What the console set. */
export const ConsoleModes = z.strictObject({
  /** To last. */
  lasting: ModeChange.optional(),
  /** For a time. */
  temporary: ModeChange.optional(),
});
export type ConsoleModes = z.infer<typeof ConsoleModes>;

/** What was set on a host, beside what its processes were started with. */
export interface ModeChanges {
  readonly console: ConsoleModes;
  /** What a request set last; the console's next word ends it. */
  readonly request: ModeChange | undefined;
}

/** What a process was started with. */
export interface ModeSettings {
  readonly mode: Mode;
  /** Up to where requests may raise it. */
  readonly maxMode: Mode;
}

/** The mode in force and why. */
export interface ModeStatus {
  readonly mode: Mode;
  /** Up to where requests may raise it now. */
  readonly ceiling: Mode;
  /** `start`: as the process was started; else who set it. */
  readonly source: "start" | "console" | "request";
  /** When it falls back, milliseconds since 1970; absent if it lasts. */
  readonly until?: number;
  /** What it falls back to; absent if it lasts. */
  readonly fallback?: Mode;
}

/** What came of a request to set the mode. */
export type RequestOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly rule: "mode-ceiling" | "mode-disabled"; readonly ceiling: Mode };

/**
 * Tells which mode is in force.
 *
 * - What the console set is the mode and the ceiling; else the settings are.
 * - What a request set holds up to the ceiling, until its time is over or the console sets another.
 */
export function modeStatus(settings: ModeSettings, changes: ModeChanges, now: number): ModeStatus {
  const { lasting, temporary } = changes.console;
  const spoken = active(temporary, now) ?? lasting;
  const base = spoken?.mode ?? settings.mode;
  const ceiling = spoken?.mode ?? higherMode(settings.mode, settings.maxMode);
  const spokenAt = Math.max(lasting?.at ?? 0, temporary?.at ?? 0);
  const request = (changes.request?.at ?? 0) < spokenAt ? undefined : active(changes.request, now);
  const mode = request === undefined ? base : lowerMode(request.mode, ceiling);
  const ends = [request?.until, spoken?.until].filter((end) => end !== undefined);
  const until = ends.length === 0 ? undefined : Math.min(...ends);
  const source = request !== undefined ? "request" : spoken !== undefined ? "console" : "start";
  if (until === undefined) return { mode, ceiling, source };
  return { mode, ceiling, source, until, fallback: modeStatus(settings, changes, until).mode };
}

/**
 * Decides whether a request may set the mode. Lowering is always allowed, raising up to the ceiling; a disabled host takes no
 * requests.
 *
 * @param change - what is asked for
 */
export function requestMode(
  settings: ModeSettings,
  changes: ModeChanges,
  change: ModeChange,
): RequestOutcome {
  const status = modeStatus(settings, changes, change.at);
  if (status.mode === "disabled") return { ok: false, rule: "mode-disabled", ceiling: status.ceiling };
  if (isAbove(change.mode, status.ceiling)) {
    return { ok: false, rule: "mode-ceiling", ceiling: status.ceiling };
  }
  return { ok: true };
}

/** What the console sets: any mode, for a time or to last. Whatever requests have set ends. */
export function setModeAtConsole({ lasting }: ConsoleModes, change: ModeChange): ConsoleModes {
  if (change.until === undefined) return { lasting: change };
  return { ...(lasting === undefined ? {} : { lasting }), temporary: change };
}

/** A change unless its time is over. */
function active(change: ModeChange | undefined, now: number): ModeChange | undefined {
  return change?.until !== undefined && now >= change.until ? undefined : change;
}
