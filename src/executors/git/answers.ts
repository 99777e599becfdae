/**
 * Parts of answers that the operations which change something have in common.
 */
import type { Output } from "../../protocol/operations/exec.ts";
import type { Changes } from "../../protocol/operations/_git_fields.ts";
import { plainLines } from "../../protocol/plain_line.ts";
import { withoutCredentials } from "./explain.ts";

/** Characters of messages in a result. */
const MAX_MESSAGES = 4096;

/** For an operation that changed no file. */
export const NO_CHANGES: { readonly changes: Changes; readonly invalidUtf8: boolean } = {
  changes: { files: [], fileCount: 0, added: 0, removed: 0, truncated: false },
  invalidUtf8: false,
};

/** What git, hooks and remotes said, without credentials and without what would steer a terminal; the end of it if it is long. */
export function messagesOf(outputs: readonly Output[]): string {
  const text = outputs.map((output) => output.head + (output.truncated ? "\n[...]\n" : "") + output.tail)
    .join("");
  // A remote's progress overwrites its line.
  const lines = withoutCredentials(text).split("\n").map((line) => line.trimEnd().replace(/^.*\r/s, ""));
  const clean = plainLines(lines.filter((line) => line !== "").join("\n"));
  return clean.length <= MAX_MESSAGES ? clean : `[...]${clean.slice(-MAX_MESSAGES).toWellFormed()}`;
}
