/**
 * Recognises the recursive removal of the root folder, of a top-level folder or of a home.
 */
import { ANY, HOME, ONE, OPEN } from "./fields.ts";
import type { Invocation } from "./invocations.ts";

/** What is known of the machine. */
export interface Machine {
  /** Home folders, as absolute paths. */
  readonly homes: readonly string[];
}

const REMOVERS = new Set(["rm", "grm", "srm", "wipe"]);
/** Tests of find that leave most files out. */
const FILTERS =
  /^-(?:i?name|i?path|i?wholename|i?regex|size|empty|mtime|atime|ctime|mmin|amin|cmin|newer\w*|anewer|cnewer|user|group|uid|gid|nouser|nogroup|perm|links|inum|samefile|i?lname|fstype)$/;

/** Explains what an invocation would remove; undefined if it leaves the great folders alone. */
export function removalProblem(invocation: Invocation, machine: Machine): string | undefined {
  if (REMOVERS.has(invocation.name)) return removerProblem(invocation, machine);
  if (invocation.name === "find") return findProblem(invocation, machine);
  if (invocation.name === "rsync" && invocation.args.some((arg) => /^--del/.test(arg))) {
    const place = greatFolder(invocation.args.at(-1) ?? "", invocation.folder, machine);
    return place === undefined ? undefined : `It would delete from ${place} what another folder lacks`;
  }
  return undefined;
}

function removerProblem(invocation: Invocation, machine: Machine): string | undefined {
  const operands: string[] = [];
  let isRecursive = false;
  let isAfterDashes = false;
  for (const arg of invocation.args) {
    if (isAfterDashes || !arg.startsWith("-") || arg === "-") operands.push(arg);
    else if (arg === "--") isAfterDashes = true;
    else if (arg.startsWith("--no-p")) return "It would remove the root folder against rm's own protection";
    else if (arg.startsWith("--r") ? "--recursive".startsWith(arg) : /^-[^-]*[rR]/.test(arg)) {
      isRecursive = true;
    }
  }
  if (!isRecursive) return undefined;
  const fed = (invocation.fed ?? []).flatMap((each) =>
    each.name === "find" && isFiltered(each.args) ? [] : each.args
  );
  for (const target of [...operands, ...fed.flatMap((text) => text.split(/\s+/))]) {
    const place = greatFolder(target, invocation.folder, machine);
    if (place !== undefined) return `It would remove ${place}`;
  }
  return undefined;
}

function findProblem({ args, folder }: Invocation, machine: Machine): string | undefined {
  const execution = args.findIndex((arg) => /^-(?:exec|execdir|ok|okdir)$/.test(arg));
  const removes = args.includes("-delete") ||
    (execution !== -1 &&
      args.slice(execution).some((word) => /^(?:.*\/)?(?:rm|srm|shred|unlink)$/.test(word)));
  if (!removes || isFiltered(args)) return undefined;
  const firstTest = args.findIndex((arg) => /^-[a-z]{2}/.test(arg));
  for (const root of args.slice(0, firstTest === -1 ? args.length : firstTest)) {
    const place = root.startsWith("-") ? undefined : greatFolder(root, folder, machine);
    if (place !== undefined) return `It would remove everything that find finds in ${place}`;
  }
  return undefined;
}

/** Whether find has a test that means something: `-name '*'` does not. */
function isFiltered(args: readonly string[]): boolean {
  return args.some((arg, index) => FILTERS.test(arg) && !/^[*?./\uE000\uE001]*$/.test(args[index + 1] ?? ""));
}

/**
 * Tells which great folder a path stands for, seen from a folder.
 *
 * @returns Such as `the root folder`; undefined for every other path and for one that is not known.
 */
export function greatFolder(
  target: string,
  folder: string | undefined,
  machine: Machine,
): string | undefined {
  if (target === "" || target.includes(OPEN)) return undefined;
  const home = machine.homes[0] ?? "/home/user";
  const filled = target.startsWith(HOME) ? home + target.slice(1) : target;
  let path = filled;
  if (!path.startsWith("/")) {
    if (folder === undefined || folder.includes(OPEN)) return undefined;
    path = `${folder.startsWith(HOME) ? home + folder.slice(1) : folder}/${path}`;
  }
  const parts = partsOf(path);
  const last = parts.at(-1) ?? "";
  if (parts.length === 0) return "the root folder";
  if (parts.length === 1) {
    return isEverything(last) ? "everything in the root folder" : `the top-level folder ${shown(parts)}`;
  }
  const parent = parts.slice(0, -1);
  if (isEverything(last)) {
    if (parts.length === 2 && parts[0] !== "tmp") return `everything in ${shown(parent)}`;
    if (isHome(parent, machine)) return `everything in the home ${shown(parent)}`;
  }
  return isHome(parts, machine) ? `the home ${shown(parts)}` : undefined;
}

function isHome(parts: readonly string[], { homes }: Machine): boolean {
  if (parts.length === 2 && (parts[0] === "home" || parts[0] === "Users")) return true;
  // A folder that homes lie in counts as much as a home.
  return homes.some((home) => {
    const own = partsOf(home);
    return own.length > 0 && parts.length <= own.length && parts.every((part, index) => part === own[index]);
  });
}

function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** Whether a pattern leaves nothing out that matters: `*`, `.*`, `?*`. */
function isEverything(part: string): boolean {
  return part.includes(ANY) && part.replaceAll(ANY, "").replaceAll(ONE, "").replace(/^\./, "") === "";
}

function shown(parts: readonly string[]): string {
  return `/${parts.join("/").replaceAll(ANY, "*").replaceAll(ONE, "?")}`;
}
