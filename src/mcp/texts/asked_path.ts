/**
 * Paths as they were asked for: below the home folder, which has another name on each host, the same file has the same name. Used to
 * compare what hosts said.
 */
import * as z from "zod";

const Asked = z.object({ path: z.string() });
const Located = z.looseObject({ path: z.string().optional(), root: z.string().optional() });

/**
 * Writes the path in a result as the parameters named it, if they named it by way of the home folder and the host found it under that
 * name; any other path stays as it is.
 *
 * @param params - of the operation; undefined if they are not known any more
 */
export function asAsked(result: unknown, params: unknown): unknown {
  const asked = Asked.safeParse(params);
  const located = Located.safeParse(result);
  if (!asked.success || !located.success) return result;
  const { path, root } = located.data;
  return {
    ...located.data,
    ...(path === undefined ? {} : { path: askedPath(path, asked.data.path) }),
    ...(root === undefined ? {} : { root: askedPath(root, asked.data.path) }),
  };
}

/**
 * Shortens a real path to how it was asked for.
 *
 * @example
 * ```ts
 * askedPath("/home/ann/app/conf", "app/conf"); // "~/app/conf"
 * askedPath("/srv/app/conf", "/srv/app/conf"); // "/srv/app/conf"
 * ```
 */
export function askedPath(path: string, asked: string): string {
  // A path from a root says the same everywhere, and "~name" is the home of somebody else.
  if (/^([/\\]|[A-Za-z]:|~[^/])/.test(asked)) return path;
  const below = asked.replace(/^~(\/|$)/, "").replace(/^(\.\/)+/, "").replace(/\/+$/, "");
  return below !== "" && path.replaceAll("\\", "/").endsWith(`/${below}`) ? `~/${below}` : path;
}
