/**
 * Texts about a host itself: `get_info` and `set_mode`.
 */
import type { AgentRef } from "../../fleet/fleet.ts";
import type { ResultOf } from "../../protocol/operation.ts";

/** Renders what a host is. */
export function describeInfo(info: ResultOf<"get_info">): string {
  const { platform, sandbox, disk } = info;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const system = [platform.distro, `${platform.os} ${platform.kernel}`, platform.arch].filter(Boolean).join(
    ", ",
  );
  const until = info.modeUntil === null ? "" : ` until ${info.modeUntil}`;
  const lines = [
    `${info.name} (${info.id}), mode ${info.mode}${until}, at most ${info.maxMode} by request` +
    `${info.accepts ? "" : ", runs nothing for others"}`,
    sandbox.name === null ? `no sandbox: ${sandbox.reason ?? "unknown"}` : `sandbox ${sandbox.name}`,
    `${system}; shell ${platform.shell}`,
    `${info.processors} processors, load ${info.load.join(" ")}, ${gib(info.memory.availableBytes)} of ` +
    `${gib(info.memory.totalBytes)} memory free` +
    (disk === null ? "" : `, ${gib(disk.availableBytes)} of ${gib(disk.totalBytes)} free at ${disk.path}`),
    `user ${info.user}, home ${info.home}, remote-agent ${info.version} since ${info.startedAt}, machine up for ` +
    `${Math.floor(info.uptimeSeconds / 3600)} h`,
    `${info.running} requests running, ${info.queued} waiting, ${info.jobs} jobs`,
  ];
  if (info.audit !== "ok") lines.push(`the audit log: ${info.audit}`);
  return lines.join("\n");
}

/** Renders a change of the mode. */
export function describeMode(result: ResultOf<"set_mode">, agent: AgentRef): string {
  const { mode, previous, maxMode, until, fallback } = result;
  const time = until === undefined ? "" : `, until ${until}, then ${fallback}`;
  return `The mode of ${agent.name} is ${mode} (before: ${previous})${time}; requests may raise it up to ${maxMode}`;
}
