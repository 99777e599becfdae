/**
 * What a sandbox is: a way to start a command so that the kernel holds it to limits, whatever it tries. Permits choose the
 * limits; docs/SANDBOX.md tells what each of them holds.
 */
import type { Grant } from "../../safety/grants.ts";

/** What a command is held to. */
export type Confinement = StrictConfinement | GuardedConfinement;

/** Nothing on the machine can be changed, and nothing outside be reached but by what is granted. */
export interface StrictConfinement extends CommonConfinement {
  readonly kind: "strict";
  readonly grants: readonly Grant[];
  /**
   * What a command sees in `/tmp` and `/var/tmp`. `private`: an empty folder of its own that it may write to; if its working
   * folder lies there, that one is there too, read-only. `readable`: what really is there, read-only; for what is known to
   * only read, as named pipes there take writes from whoever may open them. Either way `TMPDIR` is private and writable.
   *
   * @default "private"
   */
  readonly temporary?: "private" | "readable" | undefined;
}

/** The command may change the machine, but for some paths. */
export interface GuardedConfinement extends CommonConfinement {
  readonly kind: "guarded";
  /** Absolute paths that it cannot write to, rename or replace. One that does not exist is left out: make folders first. */
  readonly readOnly: readonly string[];
  /**
   * Absolute paths of all that can be written to, beside devices; one that does not exist is left out. `TMPDIR` is `/dev/shm` then.
   *
   * @default everything
   */
  readonly writable?: readonly string[] | undefined;
}

interface CommonConfinement {
  /** Absolute paths of files and folders that cannot be read. One that does not exist is left out. */
  readonly hidden: readonly string[];
}

/** A sandbox of this machine that was tried and found to hold. */
export interface Sandbox {
  readonly name: "bubblewrap" | "sandbox-exec";
  /**
   * Returns what to start instead, so that `argv` runs within `confinement`. It is to be started in the command's working
   * folder; one that is hidden or private to the machine makes it end with code 1 and a line on stderr.
   *
   * @param argv - program and arguments
   */
  confine(argv: readonly string[], confinement: Confinement): [string, ...string[]];
}
