/**
 * Where a node keeps its configuration and its state on each operating system.
 */
import { posix, win32 } from "node:path";
import { ConfigError } from "../errors.ts";

const FOLDER = "remote-agents";

/** A node's files and folders, as absolute paths. None of them need exist. */
export interface NodePaths {
  readonly configFolder: string;
  /** `config.toml` in the configuration folder. */
  readonly configFile: string;
  /** Keys, databases and everything else that a node writes by itself. */
  readonly stateFolder: string;
  /** Files elsewhere that hold the token. @default none */
  readonly tokenFiles?: readonly string[] | undefined;
}

type Variables = { readonly [name: string]: string | undefined };

/**
 * Finds a node's folders. REMOTE_AGENTS_HOME puts everything into one folder; else they are where the platform
 * wants them (XDG Base Directory Specification 0.8, Apple's Application Support, Windows' known folders).
 *
 * @param os - `Deno.build.os`
 * @throws {ConfigError} If REMOTE_AGENTS_HOME is not absolute, or the user's home folder is unknown.
 *
 * @example
 * ```ts
 * nodePaths("linux", { HOME: "/home/ada" }).configFile; // "/home/ada/.config/remote-agents/config.toml"
 * ```
 */
export function nodePaths(os: string, env: Variables): NodePaths {
  const path = os === "windows" ? win32 : posix;
  const home = env["REMOTE_AGENTS_HOME"];
  if (home !== undefined && home !== "") {
    if (!path.isAbsolute(home)) {
      throw new ConfigError(`Cannot use REMOTE_AGENTS_HOME: "${home}" is not an absolute path`);
    }
    return pathsIn(path, { config: home, state: path.join(home, "state") });
  }
  if (os === "windows") {
    const config = absolute(path, env["APPDATA"]) ??
      path.join(userHome(path, env, "USERPROFILE"), "AppData\\Roaming");
    const state = absolute(path, env["LOCALAPPDATA"]) ??
      path.join(userHome(path, env, "USERPROFILE"), "AppData\\Local");
    return pathsIn(path, { config: path.join(config, FOLDER), state: path.join(state, FOLDER, "state") });
  }
  if (os === "darwin") {
    const config = path.join(userHome(path, env, "HOME"), "Library/Application Support", FOLDER);
    return pathsIn(path, { config, state: path.join(config, "state") });
  }
  const config = absolute(path, env["XDG_CONFIG_HOME"]) ?? path.join(userHome(path, env, "HOME"), ".config");
  const state = absolute(path, env["XDG_STATE_HOME"]) ??
    path.join(userHome(path, env, "HOME"), ".local/state");
  return pathsIn(path, { config: path.join(config, FOLDER), state: path.join(state, FOLDER) });
}

function pathsIn(path: typeof posix, { config, state }: { config: string; state: string }): NodePaths {
  return { configFolder: config, configFile: path.join(config, "config.toml"), stateFolder: state };
}

/** A variable's folder; relative ones are ignored, as the XDG specification demands. */
function absolute(path: typeof posix, folder: string | undefined): string | undefined {
  return folder !== undefined && path.isAbsolute(folder) ? folder : undefined;
}

function userHome(path: typeof posix, env: Variables, name: string): string {
  const home = absolute(path, env[name]);
  if (home !== undefined) return home;
  throw new ConfigError(
    `Cannot find the configuration folder: ${name} is not an absolute path; set REMOTE_AGENTS_HOME to a folder`,
  );
}
