/**
 * Decides from the settings whether a node joins a room, and explains what is missing if it cannot.
 */
import { ConfigError } from "../errors.ts";
import { flagOf, settingOf, type Settings } from "./settings.ts";

/** What it takes to join a room. */
export interface Connection {
  readonly relay: string;
  readonly room: string;
  readonly token: string;
  readonly encryptionKey: string | undefined;
}

const NEEDED = ["relay", "room", "token"] as const;

/**
 * The connection that the settings describe, or undefined if they describe none: then a node works on its own machine.
 *
 * @throws {ConfigError} If one or two of relay, room and token are given: such a node would silently stay alone.
 */
export function connectionOf(settings: Settings): Connection | undefined {
  const { relay, room, token } = settings;
  if (relay !== undefined && room !== undefined && token !== undefined) {
    return { relay, room, token, encryptionKey: settings.encryption_key };
  }
  if (relay === undefined && room === undefined && token === undefined) return undefined;
  throw missing(settings, "; without any of the three, this machine works alone");
}

/**
 * The connection that the settings describe, for commands that are nothing without one.
 *
 * @throws {ConfigError} If relay, room or token is missing; the message says how to give it.
 */
export function requireConnection(settings: Settings): Connection {
  const connection = connectionOf(settings);
  if (connection === undefined) {
    throw missing(settings, '; "remote-agent init" writes all three to config.toml');
  }
  return connection;
}

function missing(settings: Settings, ending: string): ConfigError {
  const absent = NEEDED.filter((key) => settings[key] === undefined);
  const how = absent.map((key) =>
    `${key === "token" ? "--token-file" : flagOf(key)} or ${settingOf(key).env}`
  );
  const names = new Intl.ListFormat("en").format(absent);
  const verb = absent.length === 1 ? "is" : "are";
  return new ConfigError(`Cannot join a room: ${names} ${verb} not set; give ${how.join(", ")}${ending}`);
}
