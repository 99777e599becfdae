/**
 * What a refusal says about who can lift it. It is read by models: it never tells one to change a mode or a setting by itself.
 */
import type { Mode } from "../protocol/mode.ts";

const NOT_YOU = "Ask the user; do not try to change it or to get around it";

/** Says that a higher mode is needed. */
export function modeRemedy(mode: Mode): string {
  return `Only the host's owner can allow it, at that machine's console with "remote-agent mode ${mode}". ${NOT_YOU}`;
}

/** Says that a setting is in the way. */
export function settingRemedy(key: string): string {
  return `Only the host's owner can allow it, with "${key}" in config.toml on that machine. ${NOT_YOU}`;
}
