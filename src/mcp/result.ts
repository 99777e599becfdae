/**
 * Results as short texts, for models and people whose client shows no structured content.
 */
import type { AgentRef } from "../fleet/fleet.ts";
import type { OperationError } from "../errors.ts";
import type { OperationName, ResultOf } from "../protocol/operation.ts";
import type { Output } from "../protocol/operations/exec.ts";

/** Characters of each end of an output that a text shows; the structured content has more. */
const SHOWN_END_CHARACTERS = 4_000;

/** Renders the result of each operation. */
export const RESULT_TEXTS: {
  readonly [K in OperationName]: (result: ResultOf<K>, agent: AgentRef) => string;
} = {
  exec: describeExec,
  get_info: describeInfo,
};

/** Renders an error with its remedy. */
export function describeError({ code, message, remedy }: OperationError): string {
  return remedy === undefined ? `${message} [${code}]` : `${message}. ${remedy} [${code}]`;
}

/** Tells whether a command did what it was asked to, by the custom of its exit code. */
export function hasSucceeded({ exitCode }: ResultOf<"exec">): boolean {
  return exitCode === 0;
}

function describeExec(result: ResultOf<"exec">, agent: AgentRef): string {
  const seconds = (result.durationMs / 1000).toFixed(result.durationMs < 10_000 ? 2 : 0);
  const how = result.timedOut
    ? `Failed: ended after its time of ${seconds} s`
    : result.signal !== null
    ? `Failed: ended by ${result.signal} after ${seconds} s`
    : hasSucceeded(result)
    ? `Succeeded in ${seconds} s`
    : `Failed with exit code ${result.exitCode} after ${seconds} s`;
  return [
    `${how} on ${agent.name}`,
    ...describeOutput("stdout", result.stdout),
    ...describeOutput("stderr", result.stderr),
  ]
    .join("\n");
}

function describeOutput(name: string, output: Output): string[] {
  if (output.bytes === 0) return [];
  const notes = [`${output.bytes} bytes`];
  if (output.invalidUtf8) notes.push("bytes that are not UTF-8 are shown as \uFFFD");
  const whole = output.truncated ? undefined : output.head + output.tail;
  if (whole !== undefined && whole.length <= 2 * SHOWN_END_CHARACTERS) {
    return [`--- ${name} (${notes.join(", ")})`, whole];
  }
  // Half of a character would make the JSON unreadable for strict clients.
  const head = output.head.slice(0, SHOWN_END_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "");
  const tail = (output.tail === "" ? output.head : output.tail).slice(-SHOWN_END_CHARACTERS)
    .replace(/^[\uDC00-\uDFFF]/, "");
  notes.push("the middle is left out here");
  return [`--- ${name} (${notes.join(", ")})`, head, "[...]", tail];
}

function describeInfo(info: ResultOf<"get_info">): string {
  const { platform } = info;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const system = [platform.distro, `${platform.os} ${platform.kernel}`, platform.arch].filter(Boolean).join(
    ", ",
  );
  return [
    `${info.name} (${info.id}), mode ${info.mode}${info.accepts ? "" : ", runs nothing for others"}`,
    `${system}; shell ${platform.shell}`,
    `${info.processors} processors, ${gib(info.memory.availableBytes)} of ${
      gib(info.memory.totalBytes)
    } memory free`,
    `user ${info.user}, home ${info.home}, remote-agent ${info.version} since ${info.startedAt}`,
    `${info.running} requests running, ${info.queued} waiting`,
  ].join("\n");
}
