/**
 * What a sandbox is: a way to start a command so that the kernel holds it to limits, whatever it tries.
 */
import type { Grant } from "../../safety/grants.ts";

/** What a command is held to. */
export type Confinement =
  /** Nothing on the machine can be changed, and nothing outside be reached but by what is granted. */
  | { readonly kind: "strict"; readonly grants: readonly Grant[]; readonly hidden: readonly string[] }
  /** The command may change the machine, but for these absolute paths. */
  | { readonly kind: "guarded"; readonly readOnly: readonly string[]; readonly hidden: readonly string[] };

/** A sandbox of this machine that was tried and found to hold. */
export interface Sandbox {
  readonly name: "bubblewrap" | "sandbox-exec";
  /**
   * Returns what to start instead, so that `argv` runs within `confinement`.
   *
   * @param argv - program and arguments
   * @param confinement - all its paths exist
   */
  confine(argv: readonly string[], confinement: Confinement): [string, ...string[]];
}
