/**
 * Which variables would reach into the programs that make a sandbox, before it holds. Whoever starts a confined command with
 * variables of its caller keeps these from the start and has them set within.
 */

/** Of the dynamic loader, the C library and shells, on Linux and macOS; `LANG` and the like only choose among what is there. */
const REACHES_LAUNCHER =
  /^(?:LD_.*|DYLD_.*|GLIBC_TUNABLES|MALLOC_.*|GCONV_PATH|LOCPATH|NLSPATH|GETCONF_DIR|BASH_.*|ENV|SHELLOPTS|BASHOPTS|PS4|IFS|CDPATH)$/;

/** An environment in two. */
export interface SplitEnvironment {
  /** What the programs that make the sandbox start with, and the command too. */
  readonly launcher: Record<string, string>;
  /** What goes into `Confinement.environment`. */
  readonly inner: Record<string, string>;
}

/**
 * Splits the environment of a command that runs in a sandbox.
 *
 * @example
 * ```ts
 * const { launcher, inner } = splitEnvironment({ HOME: "/home/ada", LD_PRELOAD: "/tmp/evil.so" });
 * // launcher is { HOME }, inner is { LD_PRELOAD }
 * ```
 */
export function splitEnvironment(environment: Readonly<Record<string, string>>): SplitEnvironment {
  const launcher: Record<string, string> = {};
  const inner: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    (REACHES_LAUNCHER.test(name) ? inner : launcher)[name] = value;
  }
  return { launcher, inner };
}
