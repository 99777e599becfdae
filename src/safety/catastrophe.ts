/**
 * The hard deny-list: what a host does in no mode, not even in bypass. Programs handed to interpreters other than shells, and commands
 * sent to other hosts, are not looked into.
 */
import { blockDeviceProblem } from "./catastrophe/block_devices.ts";
import { forkBombProblem, interpreterBombProblem } from "./catastrophe/fork_bomb.ts";
import { findActivity } from "./catastrophe/invocations.ts";
import { ownServiceProblem } from "./catastrophe/own_service.ts";
import { type Machine, removalProblem } from "./catastrophe/removal.ts";
import { windowsProblem } from "./catastrophe/windows.ts";
import type { Os } from "./programs/program.ts";
import type { CommandInput } from "./shell_policy.ts";

/** What must be known of the host. */
export interface CatastropheOptions extends Machine {
  readonly os: Os;
  /** The working folder, as an absolute path. */
  readonly cwd?: string;
  /** Process ids of the agent itself. */
  readonly ownPids?: readonly number[];
}

/** Why a command must never run. */
export interface Catastrophe {
  readonly rule: "remove-great-folder" | "block-device" | "fork-bomb" | "own-service";
  readonly reason: string;
}

/**
 * Looks for what must never run.
 *
 * @example
 * ```ts
 * findCatastrophe({ command: "sudo rm  -fr /" }, { os: "linux", homes: [] })?.rule; // "remove-great-folder"
 * findCatastrophe({ command: "rm -rf /tmp/build" }, { os: "linux", homes: [] }); // undefined
 * ```
 */
export function findCatastrophe(input: CommandInput, options: CatastropheOptions): Catastrophe | undefined {
  if (options.os === "windows") return windowsProblem("argv" in input ? input.argv.join(" ") : input.command);
  const { invocations, scripts } = findActivity(input, options.cwd);
  for (const script of scripts) {
    const reason = forkBombProblem(script);
    if (reason !== undefined) return { rule: "fork-bomb", reason };
  }
  for (const invocation of invocations) {
    const removal = removalProblem(invocation, options);
    if (removal !== undefined) return { rule: "remove-great-folder", reason: removal };
    const device = blockDeviceProblem(invocation);
    if (device !== undefined) return { rule: "block-device", reason: device };
    const bomb = interpreterBombProblem(invocation);
    if (bomb !== undefined) return { rule: "fork-bomb", reason: bomb };
    const service = ownServiceProblem(invocation, options.ownPids);
    if (service !== undefined) return { rule: "own-service", reason: service };
  }
  return undefined;
}
