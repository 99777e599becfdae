/**
 * Finds the line at which each top-level key of a TOML document begins, so that messages can name it.
 */
import { parse } from "smol-toml";

/**
 * Maps each top-level key to the line, counted from 1, of the statement or table header that first names it.
 *
 * A statement ends where the lines since the last one parse by themselves: text that is cut inside a value never does.
 *
 * @param text - a document that parses
 */
export function topLevelLines(text: string): ReadonlyMap<string, number> {
  const lines = text.split(/\r?\n/);
  const found = new Map<string, number>();
  let start = 0;
  let isInTable = false;
  for (let end = 1; end <= lines.length; end++) {
    const statement = lines.slice(start, end).join("\n");
    const keys = keysOf(statement);
    if (keys === undefined) continue;
    const isHeader = statement.trimStart().startsWith("[");
    for (const key of isHeader || !isInTable ? keys : []) {
      if (!found.has(key)) found.set(key, start + 1);
    }
    isInTable ||= isHeader;
    start = end;
  }
  return found;
}

function keysOf(statement: string): string[] | undefined {
  try {
    return Object.keys(parse(statement));
  } catch {
    // The statement goes on in the next line.
    return undefined;
  }
}
