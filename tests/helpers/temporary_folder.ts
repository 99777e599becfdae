/**
 * A folder that is gone afterwards.
 */

/** Disposing of it removes it with everything in it. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Absolute path. */
  readonly folder: string;
}

/** Makes an empty folder among the system's temporary files. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const folder = await Deno.makeTempDir({ prefix: "remote-agents-" });
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}
