/**
 * Programs that start another one, for the deny-list: how to find what they start.
 */

/** How the words of a wrapper are read. */
export interface WrapperShape {
  /** Short options whose value is the next word. */
  readonly valued?: string;
  /** Long options whose value is the next word. */
  readonly long?: readonly string[];
  /** Operands before the command. */
  readonly operands?: number;
  /** Option whose value is a whole command line. */
  readonly script?: string;
}

const WRAPPERS: Readonly<Record<string, WrapperShape>> = {
  sudo: {
    valued: "ughpCTRDrtU",
    long: ["--user", "--group", "--host", "--prompt", "--chdir", "--chroot", "--role", "--type"],
  },
  doas: { valued: "uC" },
  env: { valued: "uC", long: ["--unset", "--chdir"], script: "-S" },
  nice: { valued: "n", long: ["--adjustment"] },
  ionice: { valued: "cnp", long: ["--class", "--classdata"] },
  nohup: {},
  time: { valued: "fo", long: ["--format", "--output"] },
  timeout: { valued: "ks", long: ["--kill-after", "--signal"], operands: 1 },
  gtimeout: { valued: "ks", operands: 1 },
  setsid: {},
  stdbuf: { valued: "ioe", long: ["--input", "--output", "--error"] },
  xargs: {
    valued: "nLPsIdEaJR",
    long: [
      "--max-args",
      "--max-procs",
      "--max-lines",
      "--replace",
      "--delimiter",
      "--arg-file",
      "--max-chars",
      "--process-slot-var",
    ],
  },
  parallel: { valued: "jnNSaIPL" },
  command: {},
  builtin: {},
  exec: { valued: "a" },
  busybox: {},
  toybox: {},
  chrt: { valued: "TPD", operands: 1 },
  taskset: { operands: 1 },
  numactl: { valued: "NmCpil" },
  strace: { valued: "oespuEaPbI" },
  ltrace: { valued: "oespunal" },
  unshare: { valued: "SGwR" },
  nsenter: { valued: "tSGw", long: ["--target", "--setuid", "--setgid"] },
  "systemd-run": {
    valued: "puEHMt",
    long: ["--property", "--unit", "--uid", "--gid", "--setenv", "--on-active", "--working-directory"],
  },
  "systemd-inhibit": {},
  runuser: { valued: "ug", script: "-c" },
  su: { valued: "gGsw", script: "-c" },
  pkexec: { long: ["--user"] },
  setpriv: { long: ["--reuid", "--regid", "--groups"] },
  flock: { valued: "wE", operands: 1, script: "-c" },
  script: { valued: "oIOBETm", script: "-c" },
  watch: { valued: "n", long: ["--interval"] },
  caffeinate: { valued: "tw" },
  fakeroot: {},
  firejail: {},
  unbuffer: {},
  rlwrap: {},
  "dbus-run-session": {},
  arch: {},
  coproc: {},
};

/** What a wrapper starts: words, or whole command lines for a shell. */
export interface Started {
  readonly words: readonly string[];
  readonly scripts: readonly string[];
}

/** Finds what a program starts; undefined if it is no wrapper. */
export function startedBy(name: string, args: readonly string[]): Started | undefined {
  const shape = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  if (shape === undefined) return undefined;
  const scripts: string[] = [];
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") {
      at++;
      break;
    }
    if (!arg.startsWith("-") || arg === "-") break;
    if (shape.script !== undefined && isScriptOption(arg, shape.script)) {
      const attached = arg.startsWith("--")
        ? /=(.*)$/s.exec(arg)?.[1]
        : arg.slice(arg.indexOf(shape.script.charAt(1)) + 1);
      scripts.push(attached === undefined || attached === "" ? args[++at] ?? "" : attached);
    } else if (shape.long?.includes(arg) === true) at++;
    else if (/^-[^-]/.test(arg) && isValued(arg, shape.valued ?? "")) at++;
  }
  // Anyone's variables, and for env a command line that -S is followed by.
  while (/^\w+=/.test(args[at] ?? "")) at++;
  at += shape.operands ?? 0;
  // su takes its command after the user's name, flock after the file's.
  const later = shape.script === "-c"
    ? args.findIndex((arg, index) => index >= at - 1 && isScriptOption(arg, "-c"))
    : -1;
  if (later !== -1) scripts.push(args[later + 1] ?? "");
  return { words: args.slice(at), scripts };
}

function isScriptOption(arg: string, option: string): boolean {
  if (arg.startsWith("--")) return option === "-S" ? /^--split/.test(arg) : /^--command/.test(arg);
  return option === "-S" ? /^-[iv0]*S/.test(arg) : /^-[a-z]*c/.test(arg);
}

/** Whether the value of a cluster's last option is the next word. */
function isValued(cluster: string, valued: string): boolean {
  for (let at = 1; at < cluster.length; at++) {
    if (valued.includes(cluster.charAt(at))) return at === cluster.length - 1;
  }
  return false;
}

const SHELLS = /^(?:r?bash|sh|dash|ash|zsh|r?ksh|mksh|fish)$/;

/** Whether a program is a shell. */
export function isShell(name: string): boolean {
  return SHELLS.test(name);
}

/** What a shell is told to run: a command line, or undefined if it reads one from its input or from a file. */
export function shellScript(
  args: readonly string[],
): { readonly script?: string; readonly readsInput: boolean } {
  let isCommand = false;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (/^[-+][^-]/.test(arg)) {
      if (arg.startsWith("-") && arg.includes("c")) isCommand = true;
      if (/[oO]$/.test(arg)) at++;
    } else if (/^--(?:rcfile|init-file|init-command)$/.test(arg)) at++;
    else if (!arg.startsWith("--") && arg !== "-") {
      return isCommand ? { script: arg, readsInput: false } : { readsInput: arg === "/dev/stdin" };
    }
  }
  return { readsInput: true };
}
