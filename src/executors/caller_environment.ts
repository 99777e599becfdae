/**
 * Brings a caller's variables to a command without letting them near the sandbox that confines it: a variable such as
 * LD_PRELOAD would be obeyed by the sandbox's own program, outside of it. Used by `exec`.
 */
import type { Argv } from "./executor.ts";

/** Under which names values travel through the sandbox's program. */
const PREFIX = "RA_CALLER_";
/** Shells keep these for themselves, so they are set by env(1). Its argument is seen for a moment; none of them is a secret. */
const KEPT_BY_SHELLS = new Set(["UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO"]);

/** What to start, and with which variables beside the host's. */
export interface Carried {
  readonly argv: Argv;
  readonly additions: Readonly<Record<string, string>>;
}

/**
 * Returns what to start inside of a sandbox so that `argv` gets `variables` there: a shell that renames them. Values
 * are in no argument, where every user of the machine would see them.
 *
 * @param variables - names are of letters, digits and underscores
 */
export function carryVariables(argv: Argv, variables: Readonly<Record<string, string>>): Carried {
  const names = Object.keys(variables);
  if (names.length === 0) return { argv, additions: {} };
  const byShell = names.filter((name) => !KEPT_BY_SHELLS.has(name));
  const byEnv = names.filter((name) => KEPT_BY_SHELLS.has(name));
  const script = [
    ...byEnv.map((name) => `set -- "${name}=$${PREFIX}${name}" "$@"`),
    ...(byEnv.length === 0 ? [] : ['set -- /usr/bin/env "$@"']),
    ...byShell.map((name) => `export ${name}="$${PREFIX}${name}"`),
    `unset ${names.map((name) => PREFIX + name).join(" ")}`,
    'exec "$@"',
  ].join("\n");
  return {
    argv: ["/bin/sh", "-c", script, "sh", ...argv],
    additions: Object.fromEntries(names.map((name) => [PREFIX + name, variables[name] ?? ""])),
  };
}
