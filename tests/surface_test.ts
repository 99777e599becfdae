/**
 * The names that others depend on: scripts, configurations, models and peers of other versions. A red test here means
 * "decide": a name that is gone or renamed breaks somebody; a new one is a promise.
 */
import assert from "node:assert/strict";
import { flagsOf, helpTexts, relayHelpText } from "../docs/_help_texts.ts";
import { createProgram } from "../src/cli/program.ts";
import { HOME_VARIABLE, TOKEN_FILE_VARIABLE } from "../src/config/environment.ts";
import { SETTING_KEYS, settingOf } from "../src/config/settings.ts";
import { allTools } from "../src/mcp/tools.ts";
import { ANOMALIES } from "../src/peer/anomalies.ts";
import { Role } from "../src/protocol/card.ts";
import { CloseCode, PeerMessage, RelayErrorCode, RelayMessage } from "../src/protocol/control.ts";
import { ERROR_CODES } from "../src/protocol/error_code.ts";
import { Channel, Header } from "../src/protocol/message.ts";
import { Mode } from "../src/protocol/mode.ts";
import { OPERATIONS } from "../src/protocol/operation.ts";
import { LABEL, PROTOCOL_VERSION } from "../src/protocol/version.ts";

/** Tools that work on many machines. */
const FLEET_TOOLS = [
  "fleet_exec",
  "fleet_read",
  "fleet_write",
  "fleet_git",
  "fleet_search",
  "fleet_info",
  "fleet_get",
  "fleet_cancel",
  "undo_run",
  "mapreduce",
];

/** What is pinned, as it is in the code and as it is promised. */
const PINNED: readonly (readonly [string, () => unknown, unknown])[] = [
  ["the tools, in the order of lists", () => allTools().map(({ name }) => name), [
    "list_agents",
    "exec",
    "job_get",
    "job_list",
    "job_cancel",
    "read_file",
    "write_file",
    "edit_file",
    "remove_file",
    "list_dir",
    "file_stat",
    "file_search",
    "backup_list",
    "backup_restore",
    "git_status",
    "git_diff",
    "git_log",
    "git_pull",
    "git_commit",
    "git_push",
    "get_info",
    "set_mode",
    ...FLEET_TOOLS,
  ]],
  ["the operations and what each does to a host", () => mapOf(OPERATIONS, ({ access }) => access), {
    exec: "execute",
    job_get: "read",
    job_list: "read",
    job_cancel: "manage",
    read_file: "read",
    write_file: "write",
    edit_file: "write",
    remove_file: "write",
    list_dir: "read",
    file_stat: "read",
    file_search: "read",
    backup_list: "read",
    backup_restore: "write",
    git_status: "read",
    git_diff: "read",
    git_log: "read",
    git_pull: "write",
    git_commit: "write",
    git_push: "write",
    get_info: "read",
    set_mode: "manage",
    part_run: "execute",
    part_fetch: "manage",
    part_read: "read",
    part_drop: "manage",
    part_save: "write",
  }],
  ["the parameters of exec", () => Object.keys(OPERATIONS.exec.params.shape), [
    "command",
    "argv",
    "cwd",
    "env",
    "timeout_ms",
    "wait_ms",
    "max_output_bytes",
    "stdin",
  ]],
  ["the modes", () => Mode.options, ["disabled", "plan", "edit", "bypass"]],
  ["the roles", () => Role.options, ["service", "session"]],
  [
    "the settings with flag and variable",
    () => SETTING_KEYS.map((key) => [key, settingOf(key).flag, settingOf(key).env]),
    [
      ["relay", "--relay <url>", "REMOTE_AGENTS_RELAY"],
      ["room", "--room <name>", "REMOTE_AGENTS_ROOM"],
      ["token", "--token <secret>", "REMOTE_AGENTS_TOKEN"],
      ["encryption_key", "--encryption-key <secret>", "REMOTE_AGENTS_ENCRYPTION_KEY"],
      ["name", "--name <name>", "REMOTE_AGENTS_NAME"],
      ["tags", "--tags <a,b>", "REMOTE_AGENTS_TAGS"],
      ["no_agent", "--no-agent", "REMOTE_AGENTS_NO_AGENT"],
      ["mode", "--mode <mode>", "REMOTE_AGENTS_MODE"],
      ["max_mode", "--max-mode <mode>", "REMOTE_AGENTS_MAX_MODE"],
      ["sandbox", "--sandbox <when>", "REMOTE_AGENTS_SANDBOX"],
      ["allow_peers", "--allow-peers <ids>", "REMOTE_AGENTS_ALLOW_PEERS"],
      ["allow_paths", "--allow-paths <a,b>", "REMOTE_AGENTS_ALLOW_PATHS"],
      ["deny_paths", "--deny-paths <a,b>", "REMOTE_AGENTS_DENY_PATHS"],
      ["policy_rules", "--policy-rules <json>", "REMOTE_AGENTS_POLICY_RULES"],
      ["max_running", "--max-running <n>", "REMOTE_AGENTS_MAX_RUNNING"],
      ["max_queued", "--max-queued <n>", "REMOTE_AGENTS_MAX_QUEUED"],
      ["exec_timeout_ms", "--exec-timeout-ms <ms>", "REMOTE_AGENTS_EXEC_TIMEOUT_MS"],
      ["log_level", "--log-level <level>", "REMOTE_AGENTS_LOG_LEVEL"],
    ],
  ],
  ["the other variables", () => [TOKEN_FILE_VARIABLE, HOME_VARIABLE], [
    "REMOTE_AGENTS_TOKEN_FILE",
    "REMOTE_AGENTS_HOME",
  ]],
  ["other keys of config.toml", () => SETTING_KEYS.flatMap((key) => settingOf(key).aliases), ["relay_url"]],
  ["the safest mode that does anything as default", () => settingOf("mode").default(NOWHERE), "plan"],
  [
    "no relay, room or token by default",
    () => (["relay", "room", "token"] as const).map((key) => settingOf(key).default(NOWHERE)),
    [undefined, undefined, undefined],
  ],
  ["the error codes", () => Object.keys(ERROR_CODES), [
    "bad_request",
    "unknown_operation",
    "refused",
    "not_accepting",
    "busy",
    "cannot_run",
    "timed_out",
    "cancelled",
    "too_large",
    "peer_gone",
    "link_lost",
    "not_connected",
    "unknown_agent",
    "ambiguous_agent",
    "internal",
  ]],
  ["the relay's error codes", () => RelayErrorCode.options, [
    "bad_message",
    "join_refused",
    "room_not_allowed",
    "room_full",
    "join_timeout",
    "replaced",
    "too_large",
    "too_slow",
    "rate_limited",
    "restarting",
    "unsupported_version",
  ]],
  ["the close codes", () => CloseCode, {
    restarting: 1012,
    badMessage: 4400,
    joinRefused: 4401,
    roomNotAllowed: 4403,
    joinTimeout: 4408,
    replaced: 4409,
    tooLarge: 4413,
    tooMuch: 4429,
  }],
  ["the anomalies", () => Object.keys(ANOMALIES), [
    "bad_frame",
    "bad_control",
    "bad_record",
    "replayed_record",
    "misdirected_record",
    "unknown_session",
    "bad_handshake",
    "replayed_handshake",
    "dropped_handshake",
    "unknown_hint",
    "bad_card",
    "stale_card",
    "bad_message",
    "repeated_request",
  ]],
  ["the version and label of the protocol", () => [PROTOCOL_VERSION, LABEL], [1, "remote-agents/1"]],
  ["the relay's messages", () => RelayMessage.options.map(({ shape }) => shape.type.value), [
    "challenge",
    "welcome",
    "error",
    "roster",
    "joined",
    "left",
    "undeliverable",
  ]],
  ["a peer's messages to its relay", () => PeerMessage.options.map(({ shape }) => shape.type.value), [
    "join",
    "card",
    "watch",
    "list",
    "follow",
  ]],
  ["the messages between peers", () => [...headerTypes()], [
    "request",
    "response",
    "data",
    "credit",
    "progress",
    "cancel",
    "ping",
    "pong",
  ]],
  ["the streams of a request", () => Channel.options, ["params", "result", "stdout", "stderr"]],
  [
    "the commands with their other names",
    () => program().commands.map((command) => [command.name(), ...command.aliases()]),
    [
      ["run"],
      ["mcp", "hybrid"],
      ["init"],
      ["config"],
      ["token"],
      ["room-id"],
      ["agents"],
      ["exec"],
      ["mapreduce"],
      ["call"],
      ["mode"],
      ["policy"],
      ["audit"],
      [
        "status",
      ],
    ],
  ],
  ["flags that are not settings", () => otherFlags(), {
    "remote-agent": ["--version", "--verbose", "--help"],
    "remote-agent run": ["--token-file <file>", "--help"],
    "remote-agent mcp": ["--token-file <file>", "--help"],
    "remote-agent init": ["--token-file <file>", "--force", "--help"],
    "remote-agent config": ["--token-file <file>", "--json", "--help"],
    "remote-agent token": ["--help"],
    "remote-agent room-id": ["--token-file <file>", "--help"],
    "remote-agent agents": ["--token-file <file>", "--json", "--help"],
    "remote-agent exec": [
      "--cwd <folder>",
      "--timeout <time>",
      "--parallel <n>",
      "--canary <n>",
      "--wave-size <n>",
      "--max-failures <n>",
      "--retry-failed <run>",
      "--include-self",
      "--mask-numbers",
      "--dry-run",
      "--json",
      "--token-file <file>",
      "--help",
    ],
    "remote-agent mapreduce": [
      "--file <path>",
      "--glob <pattern>",
      "--data <json>",
      "--map <command>",
      "--combine <command>",
      "--reduce <command>",
      "--key",
      "--reducers <n>",
      "--format <format>",
      "--split-by <what>",
      "--record-bytes <n>",
      "--partitions <n>",
      "--cwd <folder>",
      "--timeout <time>",
      "--max-retries <n>",
      "--slots <n>",
      "--output <file>",
      "--resume <run>",
      "--include-self",
      "--dry-run",
      "--json",
      "--token-file <file>",
      "--help",
    ],
    "remote-agent call": ["--token-file <file>", "--json", "--help"],
    "remote-agent mode": ["--for <time>", "--reset", "--json", "--help"],
    "remote-agent policy": ["--json", "--help"],
    "remote-agent audit": [
      "--follow",
      "--json",
      "--since <time>",
      "--operation <name>",
      "--agent <name>",
      "--limit <n>",
      "--help",
    ],
    "remote-agent status": ["--json", "--help"],
  }],
];
for (const [what, actual, expected] of PINNED) {
  Deno.test(`pinned: ${what}`, () => assert.deepEqual(actual(), expected));
}

Deno.test("pinned: the relay's flags", async () => {
  assert.deepEqual(flagsOf(await relayHelpText()), [
    "--version",
    "--bind <host:port>",
    "--allow-room <room-id>",
    "--idle-timeout-secs <n>",
    "--max-connections <n>",
    "--max-room-size <n>",
    "--public-host <name>",
    "--max-frames-per-sec <n>",
    "--max-bytes-per-sec <n>",
    "--tls-cert <file>",
    "--tls-key <file>",
    "--verbose",
    "--help",
  ]);
});

Deno.test("every tool that is not an operation is named on purpose", () => {
  const own = allTools().map(({ name }) => name).filter((name) => !Object.hasOwn(OPERATIONS, name));
  assert.deepEqual(own, [
    "list_agents",
    ...FLEET_TOOLS,
  ]);
});

const NOWHERE = { command: "run", hostName: "nowhere" } as const;

function program() {
  const nothing = () => Promise.resolve();
  return createProgram({ withSettings: nothing, plain: nothing });
}

function otherFlags(): Record<string, string[]> {
  const settings = new Set(SETTING_KEYS.map((key) => settingOf(key).flag));
  return Object.fromEntries(
    helpTexts().map((help) => [help.command, flagsOf(help).filter((flag) => !settings.has(flag))]),
  );
}

/** The types of messages, also of those that come in two shapes. */
function headerTypes(): Set<string> {
  const types = new Set<string>();
  for (const option of Header.options) {
    const shapes = "options" in option ? [...option.options] : [option];
    for (const { shape } of shapes) types.add(shape.t.value);
  }
  return types;
}

function mapOf<T, R>(record: Readonly<Record<string, T>>, of: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, of(value)]));
}
