/**
 * Writes config.toml: readable by its owner alone, whole or not at all, and never over an existing file without a copy.
 */
import { stringify } from "smol-toml";
import { ConfigError } from "../errors.ts";
import { readConfigFile } from "./config_file.ts";
import { SETTING_KEYS, type SettingKey, settingOf } from "./settings.ts";

const MAX_BACKUPS = 1000;

/**
 * The text of a config.toml that sets `values`, with a comment over each.
 *
 * @throws {ConfigError} If it would not read back.
 */
export function formatConfigFile(values: { readonly [K in SettingKey]?: unknown }): string {
  const parts = [
    '# Settings of Remote Agents on this machine. "remote-agent config" shows what is in effect.\n',
  ];
  // What follows a table in TOML belongs to it.
  const isTables = (key: SettingKey) => settingOf(key).kind === "tables";
  const plainFirst = [...SETTING_KEYS].sort((a, b) => Number(isTables(a)) - Number(isTables(b)));
  for (const key of plainFirst) {
    const value = values[key];
    if (value !== undefined) parts.push(`# ${commentOf(key)}\n${stringify({ [key]: value }).trimEnd()}\n`);
  }
  const text = parts.join("\n");
  const source = readConfigFile(text, "the new config.toml");
  for (const key of SETTING_KEYS) {
    if (JSON.stringify(source[key]?.value) !== JSON.stringify(values[key])) {
      throw new ConfigError(`Cannot write "${key}" to config.toml: it would not read back as it was given`);
    }
  }
  return text;
}

/**
 * Writes the file and, if need be, its folder.
 *
 * @param options.replace - whether an existing file may be replaced; a copy of it then stays beside it
 * @returns the path of that copy, or undefined if there was no file
 * @throws {ConfigError} If the file exists and may not be replaced, or cannot be written.
 */
export async function saveConfigFile(
  path: string,
  text: string,
  options: { readonly folder: string; readonly replace: boolean },
): Promise<string | undefined> {
  try {
    const old = await readIfThere(path);
    if (old !== undefined && !options.replace) {
      throw new ConfigError(
        `Cannot write ${path}: it exists; --force replaces it and keeps a copy beside it`,
      );
    }
    await Deno.mkdir(options.folder, { recursive: true, mode: 0o700 });
    const backup = old === undefined ? undefined : await writeBackup(path, old);
    await writeWhole(path, new TextEncoder().encode(text));
    return backup;
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot write ${path}: ${reason}`, { cause });
  }
}

function commentOf(key: SettingKey): string {
  // What the help says of ps concerns the flag alone.
  const help = settingOf(key).help.split(";", 1)[0] ?? "";
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function writeBackup(path: string, bytes: Uint8Array): Promise<string> {
  for (let n = 1; n <= MAX_BACKUPS; n++) {
    const backup = `${path}.${n}.bak`;
    try {
      await writeNew(backup, bytes);
      return backup;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
  throw new ConfigError(`Cannot write ${path}: there are ${MAX_BACKUPS} copies of it; remove some`);
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await writeNew(draft, bytes);
    await Deno.rename(draft, path);
  } catch (error) {
    // The draft may never have been made; the first error is the one to report.
    await Deno.remove(draft).catch(() => undefined);
    throw error;
  }
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}
