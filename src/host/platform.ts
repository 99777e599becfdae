/**
 * What kind of machine this is, and which shell commands run under. Looked at once, at start; on Linux and macOS
 * only a few small files are read, and nothing is started anywhere.
 */
import { homedir, userInfo } from "node:os";
import type { Platform } from "../protocol/card.ts";

/** What {@link detectPlatform} looks at; a test passes its own. */
export interface Machine {
  readonly os: typeof Deno.build.os;
  readonly arch: string;
  readonly kernel: string;
  readonly env: Readonly<Record<string, string>>;
  /** Returns a text file, or undefined if it cannot be read. */
  readText(path: string): string | undefined;
  isFile(path: string): boolean;
}

/** Who commands run as, and where unless told otherwise. */
export interface Account {
  readonly user: string;
  /** Absolute path. */
  readonly home: string;
}

/** Describes the machine. Takes about a millisecond. */
export function detectPlatform(machine: Machine = thisMachine()): Platform {
  const { os, arch, kernel } = machine;
  const distro = lineOf(distroOf(machine) ?? "");
  return {
    os,
    family: familyOf(os),
    arch,
    ...(distro === "" ? {} : { distro }),
    kernel: lineOf(kernel),
    shell: findShell(machine),
  };
}

/** A text as cards carry it: one short line without control characters. */
function lineOf(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ").slice(0, 128).toWellFormed();
}

/** Names the user of this process and the home folder. */
export function detectAccount(): Account {
  const home = homedir();
  try {
    return { user: userInfo().username, home };
  } catch {
    // A container may run under a number that has no entry in the password file.
    return {
      user: Deno.env.get("USER") ?? Deno.env.get("USERNAME") ?? String(Deno.uid() ?? "unknown"),
      home,
    };
  }
}

/** Returns the family that targets name, from the runtime's name of the system. */
export function familyOf(os: string): Platform["family"] {
  switch (os) {
    case "linux":
    case "android":
      return "linux";
    case "darwin":
      return "macos";
    case "windows":
      return "windows";
    case "freebsd":
    case "netbsd":
    case "openbsd":
      return "bsd";
    default:
      return "other";
  }
}

/** Reads the name of a Linux distribution from the text of `os-release` (os-release(5)). */
export function parseOsRelease(text: string): string | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z_]+)=(.*)$/.exec(line.trim());
    if (match !== null) values.set(match[1] ?? "", unquote(match[2] ?? ""));
  }
  const name = values.get("PRETTY_NAME") ?? [values.get("NAME"), values.get("VERSION")].join(" ").trim();
  return name === "" ? undefined : name;
}

/** Reads name and version from the text of macOS's `SystemVersion.plist`, which is what `sw_vers` prints. */
export function parseSystemVersion(text: string): string | undefined {
  const value = (key: string) => new RegExp(`<key>${key}</key>\\s*<string>([^<]*)</string>`).exec(text)?.[1];
  const version = value("ProductVersion");
  return version === undefined ? undefined : `${value("ProductName") ?? "macOS"} ${version}`;
}

/** Names a Windows from its kernel version, such as `10.0.22631`: 11 is told from 10 by the build alone. */
export function windowsName(kernel: string): string {
  const [major, , build] = kernel.split(".").map(Number);
  return major === 10 && (build ?? 0) >= 22_000 ? `Windows 11 (${kernel})` : `Windows ${kernel}`;
}

/**
 * Finds the shell for command lines: bash where there is one, since that is what people and models write, else `sh`;
 * on Windows PowerShell, the newer first.
 *
 * @returns an absolute path
 */
export function findShell(machine: Pick<Machine, "os" | "env" | "isFile">): string {
  const { os, env, isFile } = machine;
  if (os === "windows") {
    const folders = pathFolders(env, ";");
    const root = env["SystemRoot"] ?? env["SYSTEMROOT"] ?? "C:\\Windows";
    return folders.map((folder) => `${folder}\\pwsh.exe`).find(isFile) ??
      `${root}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`;
  }
  const folders = ["/bin", "/usr/bin", "/usr/local/bin", ...pathFolders(env, ":")];
  const find = (name: string) => folders.map((folder) => `${folder}/${name}`).find(isFile);
  return find("bash") ?? find("sh") ?? "/bin/sh";
}

function pathFolders(env: Readonly<Record<string, string>>, separator: ":" | ";"): string[] {
  const path = env["PATH"] ?? env["Path"] ?? "";
  const isAbsolute = (folder: string) => folder.startsWith("/") || /^[A-Za-z]:[\\/]/.test(folder);
  return path.split(separator).map((folder) => folder.replace(/(?<=.)[\\/]+$/, "")).filter(isAbsolute);
}

function distroOf({ os, kernel, readText }: Machine): string | undefined {
  if (os === "windows") return windowsName(kernel);
  if (os === "darwin") {
    const text = readText("/System/Library/CoreServices/SystemVersion.plist");
    return text === undefined ? undefined : parseSystemVersion(text);
  }
  const text = readText("/etc/os-release") ?? readText("/usr/lib/os-release");
  return text === undefined ? undefined : parseOsRelease(text);
}

/** Takes the quotes and escapes of a shell word away. */
function unquote(word: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(word);
  return (quoted?.[2] ?? word).replace(/\\([$"'`\\])/g, "$1");
}

function thisMachine(): Machine {
  return {
    os: Deno.build.os,
    arch: Deno.build.arch,
    kernel: Deno.osRelease(),
    env: Deno.env.toObject(),
    readText: (path) => {
      try {
        return Deno.readTextFileSync(path);
      } catch {
        // Absent on this system, or not for us: the field stays empty.
        return undefined;
      }
    },
    isFile: (path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        // Not there, or in a folder that we may not look into.
        return false;
      }
    },
  };
}
