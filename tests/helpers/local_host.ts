/**
 * This machine as a node opens it, in a temporary folder, for tests and benchmarks of what is carried out on it.
 */
import { join } from "node:path";
import { mergeSettings } from "../../src/config/merge.ts";
import { redactSecrets } from "../../src/config/redact.ts";
import type { Settings } from "../../src/config/settings.ts";
import type { HostDescription } from "../../src/executors/get_info.ts";
import type { OutsideContext } from "../../src/executors/mod.ts";
import { detectPlatform } from "../../src/host/platform.ts";
import { type LocalHost, type LocalHostOptions, openLocalHost } from "../../src/local_host.ts";
import { createProblems } from "../../src/problems.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** How to open it. */
export interface TestHostOptions
  extends Partial<Pick<LocalHostOptions, "endGraceMs" | "environment" | "peers">> {
  readonly settings?: Partial<Settings>;
  readonly description?: Partial<HostDescription>;
  /** A folder that outlives the host. @default a temporary one */
  readonly folder?: string;
  /** Absolute paths of files that hold the token. */
  readonly tokenFiles?: readonly string[];
}

/** The opened machine. */
export interface TestHost extends LocalHost {
  /** The agent's home in this test, its configuration and state below it. */
  readonly folder: string;
  readonly home: string;
}

/** A caller of another machine. */
export const CALLER = { id: "bcdefghij2345672345b", name: "caller", isLocal: false } as const;

/** What a call of somebody else carries. */
export function outside(changes: Partial<OutsideContext> = {}): OutsideContext {
  return { signal: new AbortController().signal, caller: CALLER, ...changes };
}

/** Opens the machine: in edit mode and without a sandbox, unless the settings say otherwise. */
export async function openTestHost(options: TestHostOptions = {}): Promise<TestHost> {
  await using opening = new AsyncDisposableStack();
  const folder = options.folder ?? opening.use(await temporaryFolder()).folder;
  const home = join(folder, "home");
  await Deno.mkdir(home, { recursive: true });
  const configFolder = join(folder, "agent");
  const local = opening.use(
    await openLocalHost({
      settings: {
        ...mergeSettings([], { command: "run", hostName: "tester" }).settings,
        mode: "edit",
        sandbox: "off",
        ...options.settings,
      },
      paths: {
        configFolder,
        configFile: join(configFolder, "config.toml"),
        stateFolder: join(configFolder, "state"),
        tokenFiles: options.tokenFiles,
      },
      description: {
        id: "abcdefghij2345672345",
        name: "builder",
        tags: [],
        role: "service",
        platform: detectPlatform(),
        hostname: "machine",
        user: "someone",
        home,
        accepts: true,
        version: "1.2.3",
        ...options.description,
      },
      startedAt: new Date(0),
      secrets: { redact: (text) => redactSecrets(text, []) },
      problems: createProblems(),
      isLasting: false,
      onModeChange: () => {},
      ...(options.peers === undefined ? {} : { peers: options.peers }),
      ...(options.endGraceMs === undefined ? {} : { endGraceMs: options.endGraceMs }),
      ...(options.environment === undefined ? {} : { environment: options.environment }),
    }),
  );
  const owned = opening.move();
  return {
    executors: local.executors,
    modes: local.modes,
    spool: local.spool,
    get state() {
      return local.state;
    },
    folder,
    home,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
