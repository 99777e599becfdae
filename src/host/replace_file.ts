/**
 * Replaces small files of the state folder: whoever reads one sees the old content or the new, never half.
 */

/**
 * Writes a file that only its owner can read, in place of the one that may be there.
 *
 * @param path - absolute, in a folder that exists
 */
export async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeFile(draft, content, { mode: 0o600, createNew: true });
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => {}); // It may not have come into being.
    throw error;
  }
}
