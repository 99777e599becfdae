/**
 * Names of users and groups by their numbers, from the machine's own lists (passwd(5), group(5)).
 */

/** Bytes of a list that are read; larger ones are of directories that name services ask for. */
const MAX_LIST_BYTES = 1024 * 1024;

/** Names of a file's owner; absent where the lists have none. */
export interface OwnerNames {
  readonly owner?: string;
  readonly group?: string;
}

/** Looks both names up. Takes well under a millisecond. */
export async function ownerNames(
  { uid, gid }: Pick<Deno.FileInfo, "uid" | "gid">,
  readList: (path: string) => Promise<string> = readSmall,
): Promise<OwnerNames> {
  const [owner, group] = await Promise.all([
    uid === null ? undefined : readList("/etc/passwd").then((text) => nameIn(text, uid)),
    gid === null ? undefined : readList("/etc/group").then((text) => nameIn(text, gid)),
  ]);
  return { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
}

/** Finds the name of a number; both lists have it in the third field. */
export function nameIn(list: string, id: number): string | undefined {
  for (const line of list.split("\n")) {
    const [name, , number] = line.split(":");
    if (name !== undefined && name !== "" && number === String(id)) return name;
  }
  return undefined;
}

async function readSmall(path: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(path);
    return isFile && size <= MAX_LIST_BYTES ? await Deno.readTextFile(path) : "";
  } catch {
    // Windows has no such list, and a container may have none: the numbers are told anyway.
    return "";
  }
}
