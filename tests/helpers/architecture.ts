/**
 * Checks source files against the rules of the architecture. The rules are data and the functions are pure, so that
 * `architecture_test.ts` can show on small bad samples that each rule fails when it is broken.
 */
import { posix } from "node:path";
import { type ScannedSource, scanSource } from "./source_scan.ts";

/** What one folder, or one file at the top of `src`, may use. */
export interface Unit {
  /** Other units that it may import, each with the reason. */
  readonly uses: Readonly<Record<string, string>>;
  /** npm packages and `node:` modules that it may import, each with the reason. */
  readonly packages?: Readonly<Record<string, string>>;
  /** True if it does no input or output and runs unchanged in a browser and a Worker. */
  readonly isPure?: boolean;
}

/** The rules: units by their path. A file belongs to the unit with the longest path that it is in. */
export type Units = Readonly<Record<string, Unit>>;

/** A source file; `path` is relative to the project, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Names that pure code must not use: they reach the system, the network or the clock. */
const IMPURE =
  /(?<![.\w$])(Deno|process|Buffer|WebSocket|WebSocketStream|WebTransport|fetch|EventSource|XMLHttpRequest|Worker|setTimeout|setInterval|setImmediate|performance|Date|localStorage|sessionStorage|navigator|location)(?![\w$]|\??:)/g;

/** Returns the unit that a path belongs to. */
export function unitOf(path: string, units: Units): string | undefined {
  return Object.keys(units)
    .filter((unit) => path === unit || path.startsWith(`${unit}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Finds imports that the table does not allow. */
export function importProblems({ path, text }: SourceFile, units: Units): string[] {
  const name = unitOf(path, units);
  if (name === undefined) {
    return [`${path} is in no folder of the table: add its folder with what it may import`];
  }
  const unit = units[name];
  const { imports, computedImports } = scanSource(text);
  const problems = computedImports > 0 ? [`${path} imports by a computed name, which cannot be checked`] : [];
  for (const specifier of imports) {
    if (/^(jsr|npm|https?|data|file):/.test(specifier)) {
      problems.push(`${path} imports "${specifier}": name packages in deno.json, and only from npm`);
    } else if (specifier.startsWith(".")) {
      const target = posix.join(posix.dirname(path), specifier);
      const other = unitOf(target, units);
      if (other === name || (other !== undefined && unit?.uses[other] !== undefined)) continue;
      problems.push(`${path} imports ${target}: "${name}" may not use "${other ?? target}"`);
    } else if (unit?.packages?.[specifier] === undefined) {
      problems.push(`${path} imports "${specifier}": "${name}" may not use it`);
    }
  }
  return problems;
}

/** Finds permissions of the table that no file makes use of. */
export function unusedProblems(files: readonly SourceFile[], units: Units): string[] {
  const used = new Set<string>();
  for (const { path, text } of files) {
    const name = unitOf(path, units);
    for (const specifier of scanSource(text).imports) {
      const target = posix.join(posix.dirname(path), specifier);
      used.add(`${name} -> ${specifier.startsWith(".") ? unitOf(target, units) : specifier}`);
    }
  }
  return Object.entries(units).flatMap(([name, { uses, packages }]) =>
    [...Object.keys(uses), ...Object.keys(packages ?? {})].filter((other) => !used.has(`${name} -> ${other}`))
      .map((other) => `"${name}" may use "${other}" and does not: take it out of the table`)
  );
}

/** Finds names of the system, the network or the clock in code that must be pure. */
export function purityProblems({ path, text }: SourceFile): string[] {
  const { code, imports } = scanSource(text);
  const names = new Set([...code.matchAll(IMPURE)].map(([, name]) => name));
  return [
    ...[...names].map((name) => `${path} uses ${name}: it must be pure`),
    ...imports.filter((specifier) => specifier.startsWith("node:"))
      .map((specifier) => `${path} imports "${specifier}": it must be pure`),
  ];
}

/** Finds a name, such as `console`, in files other than those that may use it. */
export function namedUseProblems(
  { path, text }: SourceFile,
  { pattern, allowed }: { readonly pattern: RegExp; readonly allowed: Readonly<Record<string, string>> },
): string[] {
  const found = pattern.exec(scanSource(text).code);
  return found === null || allowed[path] !== undefined
    ? []
    : [`${path} uses ${found[0]}, which few files may`];
}

/** Finds what no text of the project may hold: notes of unfinished work, paths of somebody's machine. */
export function textProblems({ path, text }: SourceFile): string[] {
  const problems: string[] = [];
  const note = /\b(TODO|FIXME|XXX|HACK)\b/.exec(text);
  if (note !== null) problems.push(`${path} has a note "${note[0]}": do it, or open an issue`);
  const local =
    /(?<![\w./~-])\/(?:work|root|home\/runner|Users(?!\/(?:[Aa]da|eve|x)\b)|workspace|mnt|tmp\/bin)\/[\w.-]+/
      .exec(text);
  if (local !== null) problems.push(`${path} names a path of one machine, "${local[0]}"`);
  return problems;
}

/** Tells of a file over `maxLines` lines. */
export function lengthProblems(
  { path, text }: SourceFile,
  { maxLines, exceptions }: {
    readonly maxLines: number;
    readonly exceptions: Readonly<Record<string, string>>;
  },
): string[] {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines <= maxLines || exceptions[path] !== undefined) return [];
  return [`${path} has ${lines} lines, the limit is ${maxLines}: it holds more than one idea`];
}

/** Returns where the test of a source file is: `tests/src/peer/streams_test.ts` for `src/peer/streams.ts`. */
export function testPathOf(path: string): string {
  return `tests/${path.replace(/\.ts$/, "_test.ts")}`;
}

/**
 * Follows imports from files that match `from`, and finds chains that end in a file that matches `to`.
 *
 * @returns each chain as paths joined by arrows, one for each start
 */
export function reachProblems(
  files: readonly SourceFile[],
  { from, to }: { readonly from: RegExp; readonly to: RegExp },
): string[] {
  const scanned = new Map<string, ScannedSource>(files.map(({ path, text }) => [path, scanSource(text)]));
  const chainFrom = (start: string): string | undefined => {
    const seen = new Set([start]);
    const queue: (readonly string[])[] = [[start]];
    for (let chain = queue.shift(); chain !== undefined; chain = queue.shift()) {
      const path = chain.at(-1) ?? "";
      if (to.test(path)) return chain.join(" -> ");
      for (const specifier of scanned.get(path)?.imports ?? []) {
        const target = posix.join(posix.dirname(path), specifier);
        if (!specifier.startsWith(".") || seen.has(target)) continue;
        seen.add(target);
        queue.push([...chain, target]);
      }
    }
    return undefined;
  };
  return files.filter(({ path }) => from.test(path)).map(({ path }) => chainFrom(path))
    .filter((chain) => chain !== undefined);
}

/** Finds specifiers of npm packages that do not name one exact version. */
export function pinProblems(imports: Readonly<Record<string, string>>): string[] {
  const exact = /^npm:(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:-[\w.]+)?(?:\/[\w./-]+)?$/;
  return Object.entries(imports).filter(([, target]) => !exact.test(target))
    .map(([name, target]) => `"${name}" is "${target}": give one exact version from npm`);
}
