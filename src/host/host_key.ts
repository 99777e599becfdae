/**
 * The machine's lasting secret: the seed of its host key, in a file that only its user can read.
 */
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import type { Bytes } from "../protocol/bytes.ts";

const FILE_NAME = "host_key";
const SEED_BYTES = 32;

/**
 * Reads the seed, or makes it on first use. Several processes may do this at the same time; they agree on one seed.
 *
 * @param stateFolder - absolute path; it is made with mode 0700 if it is missing
 * @param createSeed - makes 32 random bytes
 * @throws {ConfigError} If the file is damaged or cannot be read or written; it is never replaced.
 */
export async function loadHostSeed(stateFolder: string, createSeed: () => Bytes): Promise<Bytes> {
  const file = join(stateFolder, FILE_NAME);
  try {
    const known = await readSeed(file);
    if (known !== undefined) return known;
    await Deno.mkdir(stateFolder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${crypto.randomUUID()}`;
    try {
      await Deno.writeFile(draft, createSeed(), { mode: 0o600, createNew: true });
      // A link fails if another process was first, and never shows a file that is half written.
      await Deno.link(draft, file).catch((error: unknown) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      });
    } finally {
      await Deno.remove(draft).catch(() => {}); // Nothing was written if there is nothing to remove.
    }
    const made = await readSeed(file);
    if (made === undefined) throw new ConfigError(`Cannot keep the host key: "${file}" vanished`);
    return made;
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read or make the host key "${file}": ${reason}`, { cause });
  }
}

async function readSeed(file: string): Promise<Bytes | undefined> {
  let seed: Bytes;
  try {
    seed = await Deno.readFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (seed.length !== SEED_BYTES) {
    throw new ConfigError(
      `Cannot use the host key "${file}": it is ${seed.length} bytes, not ${SEED_BYTES}; ` +
        "restore it, or remove it to let this machine become a new agent",
    );
  }
  return seed;
}
