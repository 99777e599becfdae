/**
 * This machine, as operations work on it: opens everything that carries them out, from the settings. Built once in each process, by
 * `node.ts`.
 */
import { join } from "node:path";
import { auditFolder } from "./audit/files.ts";
import { type Audit, openAudit } from "./audit/log.ts";
import { openBackups } from "./backups/store.ts";
import type { Secrets } from "./config/redact.ts";
import type { Settings } from "./config/settings.ts";
import { ConfigError, OperationError } from "./errors.ts";
import type { HostDescription, HostState } from "./executors/get_info.ts";
import { configuredPrograms } from "./executors/git/configured_programs.ts";
import { createExecutors, type Executors } from "./executors/mod.ts";
import { createModes, type Modes } from "./executors/modes.ts";
import type { PeerPort } from "./executors/part_fetch.ts";
import { createPathGuard, type HostPathGuard } from "./executors/path_guard.ts";
import { createPermits } from "./executors/permits.ts";
import type { GuardRules } from "./executors/real_rules.ts";
import type { AuditPort } from "./executors/recorded.ts";
import { createTable } from "./executors/table.ts";
import { createWalls } from "./executors/walls.ts";
import { createModeStore } from "./host/mode_store.ts";
import type { NodePaths } from "./host/paths.ts";
import { KILL_GRACE_MS } from "./host/process_tree.ts";
import type { Detection } from "./host/sandbox/detect.ts";
import { findSandbox } from "./host/sandbox/find_sandbox.ts";
import { openJobs } from "./jobs/runner.ts";
import { type Logger, loggerOf } from "./log.ts";
import { openSpool, type Spool } from "./parts/spool.ts";
import type { Problems } from "./problems.ts";
import { DENIED_PATHS } from "./safety/denied_paths.ts";
import type { ModeStatus } from "./safety/ladder.ts";

/** What a machine is opened from. */
export interface LocalHostOptions {
  readonly settings: Settings;
  readonly paths: NodePaths;
  readonly description: HostDescription;
  readonly startedAt: Date;
  /** Keeps what the process knows to be secret out of the audit log. */
  readonly secrets: Pick<Secrets, "redact">;
  readonly problems: Problems;
  /** The environment that commands start from. @default the agent's own */
  readonly environment?: (() => Readonly<Record<string, string>>) | undefined;
  /** Milliseconds between TERM and KILL while the process ends. @default as always */
  readonly endGraceMs?: number | undefined;
  /** Whether to try the sandbox now, and not when it is first needed. */
  readonly isLasting: boolean;
  /** Called when the mode has changed. */
  readonly onModeChange: (status: ModeStatus) => void;
  /** The way to other hosts of the room. @default none */
  readonly peers?: PeerPort | undefined;
}

/** The machine. Disposing of it ends what runs on it. */
export interface LocalHost extends AsyncDisposable {
  readonly executors: Executors;
  readonly modes: Modes;
  /** Where parts of distributed runs are kept; a coordinator puts its input there. */
  readonly spool: Spool;
  /** How it is doing. */
  readonly state: HostState;
}

/**
 * Opens the machine.
 *
 * @throws {ConfigError} If a sandbox is required and none works, or a path rule cannot be read.
 */
export async function openLocalHost(options: LocalHostOptions): Promise<LocalHost> {
  const { settings, paths, description, startedAt, problems } = options;
  const { stateFolder } = paths;
  const log = loggerOf("host");
  const ownEnvironment = Deno.env.toObject(); // Nothing changes it while the process runs.
  const environment = options.environment ?? (() => ownEnvironment);
  // Both of them: in a folder that is not there yet a command could make a config.toml for the next start.
  for (const folder of [stateFolder, paths.configFolder]) {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  }
  await using opening = new AsyncDisposableStack();
  let isEnding = false;
  const graceMs = () => (isEnding ? options.endGraceMs : undefined) ?? KILL_GRACE_MS;
  const sandbox = opening.use(lazySandbox(settings, stateFolder));
  if (settings.sandbox === "required") await sandbox.find();
  else if (options.isLasting) {
    void sandbox.find().then(({ sandbox, reason }) => logSandbox(log, sandbox?.name, reason));
  }

  const audit = opening.use(openAudit({
    folder: auditFolder(stateFolder),
    agentId: description.id,
    redact: (text) => options.secrets.redact(text),
    onChange: (change) => {
      if (change.works) log.warn("The audit log works again", { lost: change.lost });
      else {
        log.error("Cannot write the audit log: nothing that changes something is carried out", change);
        problems.add(`Cannot write the audit log: ${change.reason}`);
      }
    },
  }));
  const jobs = opening.use(await openJobs({ stateFolder, graceMs }));
  const backups = opening.use(openBackups(stateFolder));
  const spool = opening.use(
    openSpool({ folder: join(stateFolder, "parts"), sweepsAtStart: options.isLasting }),
  );
  const modes = opening.use(createModes({
    settings: { mode: settings.mode, maxMode: settings.max_mode ?? settings.mode },
    store: createModeStore(stateFolder),
    onChange: options.onModeChange,
  }));
  const guarded = guardRules(settings, { paths, home: description.home });
  const state = (): HostState => {
    const { mode, ceiling, until } = modes.status;
    return {
      mode,
      maxMode: ceiling,
      modeUntil: until === undefined ? null : new Date(until).toISOString(),
      sandbox: sandbox.state,
      running: executors.running,
      queued: executors.queued,
      jobs: jobs.running,
      audit: audit.status().failure?.reason ?? "ok",
    };
  };
  const table = createTable({
    host: description,
    startedAt,
    state: async () => {
      await sandbox.find();
      return state();
    },
    jobs,
    backups,
    guard: openGuard(guarded),
    modes,
    spool,
    peers: options.peers ?? NO_PEERS,
    execTimeoutMs: settings.exec_timeout_ms,
    graceMs,
  });
  const executors: Executors = opening.use(createExecutors({
    id: description.id,
    table,
    permits: createPermits({
      platform: description.platform,
      home: description.home,
      sandbox: async () => (await sandbox.find()).sandbox,
      rules: settings.policy_rules,
      walls: createWalls({
        ...guarded,
        onIncomplete: () => log.warn("There are more credentials on this machine than a sandbox can cover"),
      }),
      programsOfGit: (folders) => configuredPrograms(folders, environment()),
      environment,
    }),
    mode: () => modes.status.mode,
    peers: settings.allow_peers,
    audit: portOf(audit),
    maxRunning: settings.max_running,
    maxQueued: settings.max_queued,
    onFault: (error) => {
      log.error("A fault of this program", { error });
      problems.add(error.message);
    },
  }));
  const opened = opening.move();
  return {
    executors,
    modes,
    spool,
    get state() {
      return state();
    },
    async [Symbol.asyncDispose]() {
      isEnding = true;
      // Requests and jobs end at the same time, as each may take until the KILL.
      await Promise.all([executors[Symbol.asyncDispose](), jobs[Symbol.asyncDispose]()]);
      await opened.disposeAsync();
    },
  };
}

/** Of a machine without a room. */
const NO_PEERS: PeerPort = {
  ownAddress: () => undefined,
  requestPeer: () =>
    Promise.reject(new OperationError("not_connected", "Cannot ask the host: this node is not in a room")),
};

/** The sandbox is tried when it is first needed: commands such as `agents` need none. */
function lazySandbox({ sandbox: choice }: Settings, stateFolder: string) {
  let finding: Promise<Detection> | undefined;
  let found: Detection = { sandbox: undefined, reason: "it was not needed yet" };
  return {
    find(): Promise<Detection> {
      finding ??= findSandbox(choice, stateFolder).catch((error: unknown): Detection => {
        if (error instanceof ConfigError) throw error;
        return { sandbox: undefined, reason: error instanceof Error ? error.message : String(error) };
      }).then((detection) => found = detection);
      return finding;
    },
    get state(): HostState["sandbox"] {
      return { name: found.sandbox?.name ?? null, reason: found.reason ?? null };
    },
    /** Waits for a trial that goes on. */
    async [Symbol.asyncDispose]() {
      await finding?.catch(() => {}); // Who asked was told.
    },
  };
}

function logSandbox(log: Logger, name: string | undefined, reason: string | undefined): void {
  if (name !== undefined) log.info("Commands are held by a sandbox", { name });
  else log.warn("No sandbox holds commands: plan mode runs only what is known to read", { reason });
}

/** What the file operations and sandboxes keep closed. */
function guardRules(
  settings: Settings,
  { paths, home }: { readonly paths: NodePaths; readonly home: string },
): GuardRules & { readonly own: readonly string[] } {
  const { os } = Deno.build;
  const system = os === "darwin" ? "macos" : os === "windows" ? "windows" : "linux";
  const tokenFiles = paths.tokenFiles ?? [];
  const program = Deno.build.standalone ? [Deno.execPath()] : [];
  const own = [paths.configFolder, paths.stateFolder, ...tokenFiles, ...unitFiles(home), ...program];
  return {
    rules: {
      allow: settings.allow_paths,
      deny: [...DENIED_PATHS[system], ...settings.deny_paths],
      own: own.map((path) => ({ path })),
      ownSecrets: [paths.configFile, paths.stateFolder, ...tokenFiles].map((path) => ({ path })),
    },
    system: { os: system, homes: [home], isCaseInsensitive: system !== "linux" },
    own,
  };
}

/** @throws {ConfigError} If a glob of the settings cannot be read. */
function openGuard(rules: GuardRules): HostPathGuard {
  try {
    return createPathGuard(rules);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new ConfigError(`Cannot use "allow_paths" or "deny_paths": ${cause.message}`, { cause });
  }
}

/** Where service units of the agent are, or would be, and what adds to them. */
function unitFiles(home: string): string[] {
  const units = [
    join(home, ".config/systemd/user/remote-agent.service"),
    "/etc/systemd/system/remote-agent.service",
  ];
  const plist = join(home, "Library/LaunchAgents/dev.remote-agents.agent.plist");
  return [...units, ...units.map((unit) => `${unit}.d`), plist];
}

function portOf(audit: Audit): AuditPort {
  return {
    async begin(request) {
      const begun = await audit.begin(request);
      return (outcome) => void audit.end(begun, outcome);
    },
    call: (request, outcome) => void audit.call(request, outcome),
  };
}
