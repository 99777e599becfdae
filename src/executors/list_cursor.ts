/**
 * The order of a listing and the cursor into it. A cursor names the last entry of its page, not a number, so that pages neither
 * repeat nor miss an entry of a folder that stays as it is, and are right about the others in one that changes.
 */
import { OperationError } from "../errors.ts";
import { ListCursor } from "../protocol/operations/list_dir.ts";

/** What decides the order. */
export interface OrderOptions {
  readonly sort?: "name" | "size" | "mtime" | undefined;
  readonly descending?: boolean | undefined;
}

/** What is ordered: by key, then by path. */
export interface Ordered {
  readonly path: string;
  /** 0 if paths alone decide. */
  readonly key: number;
}

/** The order of a listing. */
export function orderOf({ descending = false }: OrderOptions): (a: Ordered, b: Ordered) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => sign * (a.key - b.key || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Writes the cursor of the page that begins at `end`. */
export function writeCursor(rows: readonly Ordered[], end: number, options: OrderOptions): string {
  const last = rows[end - 1];
  if (last === undefined) throw new RangeError(`Cannot write a cursor: there is no entry before ${end}`);
  const compare = orderOf(options);
  // Names that differ only in bytes that are not UTF-8 look the same.
  let same = 1;
  for (let at = end - 2; at >= 0; at--) {
    const row = rows[at];
    if (row === undefined || compare(row, last) !== 0) break;
    same++;
  }
  const cursor: ListCursor = [options.sort ?? "name", options.descending ?? false, last.key, last.path, same];
  return new TextEncoder().encode(JSON.stringify(cursor)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}

/** @throws {OperationError} `bad_request` if it is no cursor, or one of another order. */
export function parseCursor(text: string, { sort = "name", descending = false }: OrderOptions): ListCursor {
  const refuse = (reason: string, cause?: unknown) =>
    new OperationError("bad_request", `Cannot read the cursor: ${reason}`, {
      cause,
      remedy: "Pass next of the page before, with all other parameters unchanged",
    });
  let cursor: ListCursor;
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    cursor = ListCursor.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw refuse("it is none that list_dir gave", cause);
  }
  if (cursor[0] !== sort || cursor[1] !== descending) throw refuse("it is of a listing in another order");
  return cursor;
}

/** Where the page after a cursor begins. */
export function after(rows: readonly Ordered[], cursor: ListCursor, options: OrderOptions): number {
  const compare = orderOf(options);
  const [, , key, path, same] = cursor;
  const first = rows.findIndex((row) => compare(row, { key, path }) >= 0);
  if (first === -1) return rows.length;
  let start = first;
  for (let left = same; left > 0; left--) {
    const row = rows[start];
    if (row === undefined || compare(row, { key, path }) !== 0) break;
    start++;
  }
  return start;
}
