/**
 * Subcommands inside the test's process, on a machine without a room, with what they print.
 */
import type { CommandContext } from "../../../src/cli/command.ts";
import { mergeSettings } from "../../../src/config/merge.ts";
import { Secrets } from "../../../src/config/redact.ts";
import type { CommandName, Settings } from "../../../src/config/settings.ts";
import { nodePaths } from "../../../src/host/paths.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

/** What a subcommand is given, and the folder that goes with it. */
export interface TestContext extends AsyncDisposable {
  readonly context: CommandContext;
  readonly folder: string;
  /** Interrupts the command, as Ctrl-C does. */
  interrupt(): void;
}

/** Makes a context in edit mode without a sandbox. */
export async function commandContext(
  command: CommandName,
  settings: Partial<Settings> = {},
): Promise<TestContext> {
  const temporary = await temporaryFolder();
  const controller = new AbortController();
  const merged = mergeSettings([], { command, hostName: "tester" });
  return {
    context: {
      ...merged,
      settings: { ...merged.settings, mode: "edit", sandbox: "off", ...settings },
      paths: nodePaths(Deno.build.os, { REMOTE_AGENTS_HOME: temporary.folder }),
      secrets: new Secrets(),
      signal: controller.signal,
    },
    folder: temporary.folder,
    interrupt: () => controller.abort(),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/** What was printed. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs something and gathers what it prints in the meantime. */
export async function printedBy<T>(work: () => Promise<T>): Promise<Printed & { readonly value: T }> {
  const texts = { stdout: "", stderr: "" };
  const decoder = new TextDecoder();
  for (const name of ["stdout", "stderr"] as const) {
    Object.defineProperty(Deno[name], "writeSync", {
      configurable: true,
      value(bytes: Uint8Array) {
        texts[name] += decoder.decode(bytes);
        return bytes.length;
      },
    });
  }
  try {
    const value = await work();
    return { ...texts, value };
  } finally {
    for (const name of ["stdout", "stderr"] as const) Reflect.deleteProperty(Deno[name], "writeSync");
  }
}
