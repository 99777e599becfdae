/**
 * Programs that only macOS has.
 */
import type { ProgramRule } from "./program.ts";

/** macOS. */
export const MACOS: readonly ProgramRule[] = [
  {
    names: ["sw_vers", "vm_stat"],
    os: ["macos"],
    words: ["-productVersion", "-productName", "-buildVersion"],
    long: ["--productVersion", "--productName", "--buildVersion"],
    operands: "none",
    match: ["sw_vers", "sw_vers -productVersion", "vm_stat"],
    not_match: ["sw_vers > f"],
  },
  {
    names: ["launchctl", "diskutil"],
    os: ["macos"],
    grants: ["unix-sockets"],
    subcommands: {
      list: { operands: /^[\w./-]+$/ },
      print: { operands: /^[\w./-]+$/ },
      info: { operands: /^[\w./-]+$/ },
    },
    match: ["launchctl list", "diskutil list", "diskutil info disk0"],
    not_match: ["launchctl load x", "launchctl bootout x", "diskutil eraseDisk x", "launchctl list $X"],
  },
  {
    names: ["defaults"],
    os: ["macos"],
    subcommands: { read: { operands: /^[\w.]+$/ } },
    match: ["defaults read com.apple.dock"],
    not_match: ["defaults write a b c", "defaults delete a", "defaults read /tmp/x"],
  },
  {
    names: ["pmset"],
    os: ["macos"],
    words: ["-g"],
    operands: /^(?:batt|ps|therm|sched|log)$/,
    match: ["pmset -g", "pmset -g batt"],
    not_match: ["pmset sleepnow", "pmset -a sleep 0"],
  },
];
