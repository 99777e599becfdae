/**
 * The commands of PowerShell that are known on Windows: single ones, from a small list, in plain words without any syntax.
 */
import { type Judgement, known, unknown } from "./program.ts";

/** Each command with the parameters that are known; all of them take the plain words after them. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "get-childitem": [
    "-path",
    "-force",
    "-recurse",
    "-depth",
    "-file",
    "-directory",
    "-name",
    "-filter",
    "-hidden",
  ],
  "get-content": ["-path", "-tail", "-totalcount", "-raw"],
  "get-item": ["-path", "-force"],
  "get-location": [],
  "get-date": [],
  "get-process": ["-name", "-id"],
  "get-service": ["-name"],
  "get-filehash": ["-path", "-algorithm"],
  "get-computerinfo": [],
  "get-volume": [],
  "get-disk": [],
  "get-netipaddress": [],
  "get-host": [],
  "test-path": ["-path", "-pathtype"],
  "resolve-path": ["-path"],
  "hostname": [],
  "whoami": ["/all", "/groups", "/user"],
  "systeminfo": [],
  "tasklist": ["/v", "/svc"],
  "ipconfig": ["/all"],
};
/** Of these every word must be listed, since a plain one would be taken for something else, such as a new name. */
const WITHOUT_OPERANDS = new Set([
  "hostname",
  "whoami",
  "systeminfo",
  "tasklist",
  "ipconfig",
  "get-date",
  "get-host",
]);

/** Judges a command line of Windows. */
export function judgeWindows(command: string | readonly string[]): Judgement {
  const words = typeof command === "string" ? command.split(" ").filter((word) => word !== "") : command;
  if (typeof command === "string" && command.length > 1024) {
    return unknown("length", "The command is too long to be read");
  }
  const [first, ...rest] = words;
  if (first === undefined) return unknown("empty", "There is no command");
  // Object.hasOwn, as the name comes from a caller.
  const name = first.toLowerCase();
  const parameters = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (parameters === undefined) {
    return unknown("unknown-program", `"${first}" is not on the list of commands that only read`);
  }
  for (const word of rest) {
    const isParameter = parameters.includes(word.toLowerCase());
    const isPlain = /^[A-Za-z0-9_.\\:][A-Za-z0-9_.\\:/-]*$/.test(word) && !/^\\\\/.test(word) &&
      !WITHOUT_OPERANDS.has(name);
    if (!isParameter && !isPlain) {
      return unknown("operand", `"${word}" is not a plain word or not a known parameter`);
    }
  }
  return known();
}
