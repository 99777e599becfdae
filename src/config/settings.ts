/**
 * The settings: one table that flags, environment, config.toml, help texts and documentation are made from.
 */
import * as z from "zod";
import { MIN_TOKEN_CHARACTERS } from "../crypto/room_secret.ts";
import { AgentName, Tag } from "../protocol/card.ts";
import { Mode } from "../protocol/mode.ts";
import { PeerRule } from "../safety/peer_rules.ts";
import { PolicyRule } from "../safety/rules.ts";
import { agentNameOf } from "./agent_name.ts";
import { relayUrlProblem } from "./relay_url.ts";

/** The subcommands, by the names that are typed. */
export type CommandName =
  | "run"
  | "mcp"
  | "init"
  | "config"
  | "token"
  | "room-id"
  | "agents"
  | "exec"
  | "mapreduce"
  | "call"
  | "mode"
  | "policy"
  | "audit"
  | "status";

/**
 * How a setting is written: `text` as it is; `list` with commas in a flag or variable, as an array in TOML; `switch`
 * as a bare flag, as 1, 0, true or false in a variable, as a boolean in TOML; `count` in decimal digits; `tables` as a
 * JSON list in a flag or variable, or as texts with commas if it does not begin with a bracket, as tables in TOML.
 */
export type SettingKind = "text" | "list" | "switch" | "count" | "tables";

/** What a default may depend on. */
export interface Situation {
  readonly command: CommandName;
  readonly hostName: string;
}

/** One row of the table. The row's key is its key in config.toml as well. */
export interface Setting<S extends z.ZodType = z.ZodType> {
  readonly kind: SettingKind;
  /** The flag and its value's placeholder, as commander takes them. */
  readonly flag: string;
  readonly env: string;
  /** Other keys that config.toml may use for it. */
  readonly aliases: readonly string[];
  /** Checks a value after it was read according to `kind`; its messages follow the value in a sentence. */
  readonly schema: S;
  readonly default: (situation: Situation) => z.output<S>;
  /** Says what the default is where it depends on the situation. */
  readonly defaultNote?: string;
  /** True if the value must never be shown. */
  readonly secret: boolean;
  readonly help: string;
  /** The subcommands that have the flag. */
  readonly commands: readonly CommandName[];
}

const EVERY_NODE = ["run", "mcp", "call", "exec", "mapreduce", "agents", "init", "config"] as const;
const HOSTS = ["run", "mcp", "call", "exec", "mapreduce", "init", "config"] as const;
/** Those that decide about commands, or tell how it would be decided. */
const DECIDING = [...HOSTS, "policy"] as const;
const SERVERS = ["run", "mcp", "init", "config"] as const;
const MAX_COUNT = 1_000_000;

const RelayUrl = z.string().superRefine((text, context) => {
  const message = relayUrlProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const RoomName = z.string().refine((text) => text !== "" && [...text].length <= 128, {
  error: "must be 1 to 128 characters",
});

const Secret = z.string().superRefine((text, context) => {
  const { length } = [...text.normalize("NFC")]; // As the key is derived from it.
  if (length >= MIN_TOKEN_CHARACTERS) return;
  const message = `must have at least ${MIN_TOKEN_CHARACTERS} characters and has ${length}: ` +
    'make one with "remote-agent token"';
  context.addIssue({ code: "custom", message });
});

const Tags = z.array(Tag).max(32, { error: "must be at most 32 tags" });

const PathRules = z.array(
  z.string().min(1, { error: "must not hold an empty path" }).max(4096, {
    error: "must not hold a path of over 4096 characters",
  }).refine((path) => /^!?(?:~(?:[\\/]|$)|\/|[A-Za-z]:[\\/]|\*\*)/.test(path), {
    error: "must be an absolute path, or one that begins with ~ or **",
  }),
).max(256, { error: "must be at most 256 paths" });

const SANDBOX_CHOICES = ["auto", "required", "off"] as const;

const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"] as const;

/** The table. Its order is the order of every list of settings that people see. */
export const SETTINGS = {
  relay: setting({
    kind: "text",
    flag: "--relay <url>",
    env: "REMOTE_AGENTS_RELAY",
    aliases: ["relay_url"],
    schema: RelayUrl.optional(),
    default: () => undefined,
    secret: false,
    help: "the relay to meet at, such as wss://relay.example.com",
    commands: EVERY_NODE,
  }),
  room: setting({
    kind: "text",
    flag: "--room <name>",
    env: "REMOTE_AGENTS_ROOM",
    aliases: [],
    schema: RoomName.optional(),
    default: () => undefined,
    secret: false,
    help: "the room to join: machines with the same room and token see each other",
    commands: [...EVERY_NODE, "room-id"],
  }),
  token: setting({
    kind: "text",
    flag: "--token <secret>",
    env: "REMOTE_AGENTS_TOKEN",
    aliases: [],
    schema: Secret.optional(),
    default: () => undefined,
    secret: true,
    help:
      "the room's secret; others can read it here with ps: better --token-file, the environment or config.toml",
    commands: [...EVERY_NODE, "room-id"],
  }),
  encryption_key: setting({
    kind: "text",
    flag: "--encryption-key <secret>",
    env: "REMOTE_AGENTS_ENCRYPTION_KEY",
    aliases: [],
    schema: Secret.optional(),
    default: () => undefined,
    secret: true,
    help: "a second secret to encrypt with instead of the token; ps shows it here as well",
    commands: EVERY_NODE,
  }),
  name: setting({
    kind: "text",
    flag: "--name <name>",
    env: "REMOTE_AGENTS_NAME",
    aliases: [],
    schema: AgentName,
    default: ({ hostName }) => agentNameOf(hostName),
    defaultNote: "the host's name",
    secret: false,
    help: "what this machine is called in the room",
    commands: EVERY_NODE,
  }),
  tags: setting({
    kind: "list",
    flag: "--tags <a,b>",
    env: "REMOTE_AGENTS_TAGS",
    aliases: [],
    schema: Tags,
    default: () => [],
    defaultNote: "none",
    secret: false,
    help: "words to address groups of machines by, with commas between them",
    commands: SERVERS,
  }),
  no_agent: setting({
    kind: "switch",
    flag: "--no-agent",
    env: "REMOTE_AGENTS_NO_AGENT",
    aliases: [],
    schema: z.boolean(),
    default: () => false,
    secret: false,
    help: "run nothing for other machines; its own tools keep working",
    commands: SERVERS,
  }),
  mode: setting({
    kind: "text",
    flag: "--mode <mode>",
    env: "REMOTE_AGENTS_MODE",
    aliases: [],
    schema: z.enum(Mode.options, { error: `must be ${oneOf(Mode.options)}` }),
    default: (): Mode => "plan",
    secret: false,
    help: "what may be done on this machine: disabled, plan (read only), edit or bypass",
    commands: [...DECIDING, "mode", "status"],
  }),
  max_mode: setting({
    kind: "text",
    flag: "--max-mode <mode>",
    env: "REMOTE_AGENTS_MAX_MODE",
    aliases: [],
    schema: z.enum(Mode.options, { error: `must be ${oneOf(Mode.options)}` }).optional(),
    default: () => undefined,
    defaultNote: "the mode it is started with",
    secret: false,
    help: "up to which mode requests may raise it; above that, only this machine's console",
    commands: [...HOSTS, "mode", "status"],
  }),
  sandbox: setting({
    kind: "text",
    flag: "--sandbox <when>",
    env: "REMOTE_AGENTS_SANDBOX",
    aliases: [],
    schema: z.enum(SANDBOX_CHOICES, { error: `must be ${oneOf(SANDBOX_CHOICES)}` }),
    default: (): (typeof SANDBOX_CHOICES)[number] => "auto",
    secret: false,
    help: "whether the system's sandbox holds commands: auto (where it works), required, or off",
    commands: DECIDING,
  }),
  allow_peers: setting({
    kind: "tables",
    flag: "--allow-peers <ids>",
    env: "REMOTE_AGENTS_ALLOW_PEERS",
    aliases: [],
    schema: z.array(PeerRule, { error: "must be a list of tables" }).max(1024, {
      error: "must be at most 1024 agents",
    }),
    default: () => [],
    defaultNote: "everyone with the token",
    secret: false,
    help: "the agents that may command this machine, as id or id=mode with commas between them",
    commands: SERVERS,
  }),
  allow_paths: setting({
    kind: "list",
    flag: "--allow-paths <a,b>",
    env: "REMOTE_AGENTS_ALLOW_PATHS",
    aliases: [],
    schema: PathRules,
    default: () => [],
    defaultNote: "everything that is not denied",
    secret: false,
    help: "the only folders or globs that may be read and written, but in bypass mode",
    commands: DECIDING,
  }),
  deny_paths: setting({
    kind: "list",
    flag: "--deny-paths <a,b>",
    env: "REMOTE_AGENTS_DENY_PATHS",
    aliases: [],
    schema: PathRules,
    default: () => [],
    defaultNote: "files of passwords, keys and tokens, always",
    secret: false,
    help: "more folders or globs that are neither read nor written, but in bypass mode",
    commands: DECIDING,
  }),
  policy_rules: setting({
    kind: "tables",
    flag: "--policy-rules <json>",
    env: "REMOTE_AGENTS_POLICY_RULES",
    aliases: [],
    schema: z.array(PolicyRule, { error: "must be a list of tables" }).max(256, {
      error: "must be at most 256 rules",
    }),
    default: () => [],
    defaultNote: "none",
    secret: false,
    help: "rules about commands, each with examples, as docs/SECURITY.md shows",
    commands: DECIDING,
  }),
  max_running: setting({
    kind: "count",
    flag: "--max-running <n>",
    env: "REMOTE_AGENTS_MAX_RUNNING",
    aliases: [],
    schema: count(1, MAX_COUNT),
    default: () => 64,
    secret: false,
    help: "how many requests run at once on this machine",
    commands: SERVERS,
  }),
  max_queued: setting({
    kind: "count",
    flag: "--max-queued <n>",
    env: "REMOTE_AGENTS_MAX_QUEUED",
    aliases: [],
    schema: count(0, MAX_COUNT),
    default: () => 1024,
    secret: false,
    help: "how many more wait for their turn before others are refused",
    commands: SERVERS,
  }),
  exec_timeout_ms: setting({
    kind: "count",
    flag: "--exec-timeout-ms <ms>",
    env: "REMOTE_AGENTS_EXEC_TIMEOUT_MS",
    aliases: [],
    schema: count(1, Number.MAX_SAFE_INTEGER),
    default: () => 300_000,
    secret: false,
    help: "how long a command may run that was given no timeout of its own",
    commands: HOSTS,
  }),
  log_level: setting({
    kind: "text",
    flag: "--log-level <level>",
    env: "REMOTE_AGENTS_LOG_LEVEL",
    aliases: [],
    schema: z.enum(LOG_LEVELS, { error: `must be ${oneOf(LOG_LEVELS)}` }),
    default: ({ command }) => command === "run" || command === "mcp" ? "info" : "warning",
    defaultNote: "info for run and mcp, else warning",
    secret: false,
    help: `the least that is logged on stderr: ${LOG_LEVELS.join(", ")}`,
    commands: EVERY_NODE,
  }),
};

/** The key of a setting, which is also its key in config.toml. */
export type SettingKey = keyof typeof SETTINGS;
/** The value of every setting, by its key. */
export type Settings = { readonly [K in SettingKey]: z.output<(typeof SETTINGS)[K]["schema"]> };
/** The levels of the log, lowest first. */
export type LogLevel = Settings["log_level"];

/** The keys in the table's order. */
// Object.keys is typed as string[] because objects may have more keys than their type says; this one has not.
export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** A row of the table, with the types that all rows share. */
export function settingOf(key: SettingKey): Setting {
  return SETTINGS[key];
}

/** The bare flag of a setting: `--relay`. */
export function flagOf(key: SettingKey): string {
  return settingOf(key).flag.split(" ")[0] ?? "";
}

/** Says what a setting's default is, in a few words, or undefined if it has none. */
export function defaultTextOf(key: SettingKey): string | undefined {
  const row = settingOf(key);
  if (row.defaultNote !== undefined) return row.defaultNote;
  const value = row.default({ command: "config", hostName: "" });
  return value === undefined ? undefined : String(value);
}

function setting<S extends z.ZodType>(row: Setting<S>): Setting<S> {
  return row;
}

function count(least: number, most: number) {
  return z.int({ error: `must be a whole number from ${least} to ${most}` })
    .min(least, { error: `must be at least ${least}` }).max(most, { error: `must be at most ${most}` });
}

function oneOf(words: readonly string[]): string {
  return `one of ${words.map((word) => `"${word}"`).join(", ")}`;
}
