/**
 * Tells by globs which entries of a folder are meant.
 */
import { parseGlob } from "./glob.ts";
import { Matcher } from "./matcher.ts";

/** Tells whether an entry is meant, by its path relative to the folder, with slashes. */
export type NameTest = (path: string) => boolean;

/**
 * Makes a test that passes what any of `globs` matches. A glob without a slash is held against the name, at any depth;
 * another one against the whole path; a slash at its beginning means the folder itself.
 *
 * @throws {SyntaxError} If a glob cannot be read; the message names it.
 */
export function nameTest(globs: readonly string[]): NameTest {
  const tests = globs.map(one);
  return (path) => tests.some((test) => test(path));
}

function one(glob: string): NameTest {
  const plain = glob.replace(/^\.?\//, "").replace(/(?<=[^\\])\/$/, "");
  let matcher: Matcher;
  try {
    matcher = new Matcher(parseGlob(plain));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(`Cannot read the glob "${glob}": ${cause.message}`, { cause });
  }
  return /^\.?\/|\/./.test(glob)
    ? (path) => matcher.test(path)
    : (path) => matcher.test(path.slice(path.lastIndexOf("/") + 1));
}
