/**
 * The order of the modes, from the one that allows nothing to the one that allows all.
 */
import { Mode } from "../protocol/mode.ts";

/** Whether `mode` allows more than `other`. */
export function isAbove(mode: Mode, other: Mode): boolean {
  return rank(mode) > rank(other);
}

/** The one that allows less. */
export function lowerMode(mode: Mode, other: Mode): Mode {
  return isAbove(mode, other) ? other : mode;
}

/** The one that allows more. */
export function higherMode(mode: Mode, other: Mode): Mode {
  return isAbove(mode, other) ? mode : other;
}

function rank(mode: Mode): number {
  return Mode.options.indexOf(mode);
}
