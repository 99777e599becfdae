/**
 * The project's own files, for tests that look at the source rather than run it.
 */
import { fileURLToPath } from "node:url";

/** The project's root folder. */
export const PROJECT_ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Reads a file of the project; `path` is relative to its root. */
export async function readProjectText(path: string): Promise<string> {
  return await Deno.readTextFile(`${PROJECT_ROOT}${path}`);
}

/**
 * Reads every file below `folders` whose path matches, sorted by path. A folder that is not there has none.
 *
 * @returns the files, their paths relative to the project's root
 */
export async function projectFiles(
  folders: readonly string[],
  pattern: RegExp,
): Promise<{ readonly path: string; readonly text: string }[]> {
  const paths: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    try {
      for await (const { name, isDirectory, isFile } of Deno.readDir(`${PROJECT_ROOT}${folder}`)) {
        const path = `${folder}/${name}`;
        if (isDirectory && name !== "node_modules") await visit(path);
        else if (isFile && pattern.test(path)) paths.push(path);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  for (const folder of folders) await visit(folder);
  return await Promise.all(paths.sort().map(async (path) => ({ path, text: await readProjectText(path) })));
}
