/**
 * Brings the settings together: reads flags, environment, token file and config.toml, and merges them.
 */
import { ConfigError } from "../errors.ts";
import { MAX_CONFIG_BYTES, readConfigFile } from "./config_file.ts";
import { type Environment, readEnvironment, TOKEN_FILE_VARIABLE } from "./environment.ts";
import { ownerOnlyWarning } from "./file_privacy.ts";
import { mergeSettings, type ResolvedSettings } from "./merge.ts";
import { readText, type Source } from "./read_value.ts";
import type { Secrets } from "./redact.ts";
import { type CommandName, flagOf, SETTING_KEYS, type SettingKey, settingOf } from "./settings.ts";
import { type ByteSource, readTokenFile } from "./token_file.ts";

/** The settings' flags as they were typed; a bare switch is `true`. */
export interface Flags {
  readonly values: { readonly [K in SettingKey]?: string };
  /** The value of `--token-file`. */
  readonly tokenFile: string | undefined;
}

/** Settings with their origins, and what the user should be told about them. */
export interface LoadedSettings extends ResolvedSettings {
  readonly warnings: readonly string[];
  /** Real absolute paths of the files that were named to hold the token: as secret as config.toml. */
  readonly tokenFiles: readonly string[];
}

/** Where settings come from. */
export interface LoadOptions {
  readonly command: CommandName;
  readonly flags: Flags;
  readonly env: Environment;
  /** The path of config.toml, or undefined to read none. */
  readonly configFile: string | undefined;
  readonly hostName: string;
  /** Standard input, or undefined where it has another use than to carry a token. */
  readonly stdin: ByteSource | undefined;
  /** Learns every secret as soon as it is seen, also those that another source overrides. */
  readonly secrets: Secrets;
}

interface FileSettings {
  readonly source: Source;
  readonly warnings: readonly string[];
}

/**
 * Reads all sources and merges them. A wrong value is an error even where a stronger source overrides it.
 *
 * @throws {ConfigError} If any source is wrong; the message names the flag, variable, or file and line.
 */
export async function loadSettings(options: LoadOptions): Promise<LoadedSettings> {
  const { command, flags, env, configFile, hostName, secrets } = options;
  for (const key of SETTING_KEYS.filter((key) => settingOf(key).secret)) {
    secrets.add(flags.values[key] ?? "");
    secrets.add(env[settingOf(key).env] ?? "");
  }
  const flagSource = readFlags(flags);
  const fromEnv = readEnvironment(env);
  if (fromEnv.source.token !== undefined && fromEnv.tokenFile !== undefined) {
    throw new ConfigError(
      `Cannot choose between REMOTE_AGENTS_TOKEN and ${TOKEN_FILE_VARIABLE}: unset one of them`,
    );
  }
  const flagToken = await fromTokenFile(flags.tokenFile, "flag --token-file", options);
  // A token that is given by a flag makes the variable's file uninteresting: it may be gone, or be standard input.
  const isTokenGiven = flagSource.token !== undefined || flags.tokenFile !== undefined;
  const envToken = await fromTokenFile(
    isTokenGiven ? undefined : fromEnv.tokenFile,
    TOKEN_FILE_VARIABLE,
    options,
  );
  const file = configFile === undefined ? NO_FILE : await fromConfigFile(configFile, secrets);
  const sources = [
    { ...flagSource, ...flagToken.source },
    { ...fromEnv.source, ...envToken.source },
    file.source,
  ];
  return {
    ...mergeSettings(sources, { command, hostName }),
    warnings: [...fromEnv.warnings, ...flagToken.warnings, ...envToken.warnings, ...file.warnings],
    tokenFiles: [flags.tokenFile, fromEnv.tokenFile].flatMap(regularFile),
  };
}

/** A pipe or the terminal, such as /dev/stdin, holds the token no more. */
function regularFile(path: string | undefined): string[] {
  try {
    return path !== undefined && path !== "-" && Deno.statSync(path).isFile ? [Deno.realPathSync(path)] : [];
  } catch {
    return []; // The variable's file, which need not be there when a flag gives the token.
  }
}

const NO_FILE: FileSettings = { source: {}, warnings: [] };

function readFlags({ values, tokenFile }: Flags): Source {
  if (values.token !== undefined && tokenFile !== undefined) {
    throw new ConfigError("Cannot choose between --token and --token-file: give one of them");
  }
  const given = SETTING_KEYS.flatMap((key) => {
    const text = values[key];
    return text === undefined ? [] : [[key, readText(key, text, `flag ${flagOf(key)}`)] as const];
  });
  return Object.fromEntries(given);
}

async function fromTokenFile(
  path: string | undefined,
  what: string,
  { stdin, secrets }: LoadOptions,
): Promise<FileSettings> {
  if (path === undefined) return NO_FILE;
  const origin = path === "-" ? `${what} (standard input)` : `${what} (${path})`;
  const { text, warnings } = await readTokenFile(path, { origin, stdin });
  secrets.add(text);
  return { source: { token: readText("token", text, origin) }, warnings };
}

async function fromConfigFile(path: string, secrets: Secrets): Promise<FileSettings> {
  const content = await readBounded(path);
  if (content === undefined) return NO_FILE;
  const source = readConfigFile(content.text, path);
  const found = SETTING_KEYS.flatMap((key) => settingOf(key).secret ? [source[key]?.value] : [])
    .filter((value) => typeof value === "string");
  for (const secret of found) secrets.add(secret);
  const warning = found.length === 0 ? undefined : ownerOnlyWarning(path, content.mode);
  return { source, warnings: warning === undefined ? [] : [warning] };
}

async function readBounded(path: string): Promise<{ text: string; mode: number | null } | undefined> {
  let mode: number | null;
  let bytes: Uint8Array;
  try {
    const info = await Deno.stat(path);
    if (info.size > MAX_CONFIG_BYTES) {
      throw new ConfigError(
        `Cannot read ${path}: it has ${info.size} bytes, the limit is ${MAX_CONFIG_BYTES}`,
      );
    }
    mode = info.mode;
    bytes = await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    if (cause instanceof ConfigError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read ${path}: ${reason}`, { cause });
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), mode };
  } catch (cause) {
    throw new ConfigError(`Cannot read ${path}: it is not UTF-8`, { cause });
  }
}
