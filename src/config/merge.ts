/**
 * Decides between the sources of settings: flag, then environment, then config.toml, then the default.
 */
import type { Source, Sourced } from "./read_value.ts";
import { SETTING_KEYS, type SettingKey, settingOf, type Settings, type Situation } from "./settings.ts";

/** Where the value of each setting comes from. */
export type Origins = { readonly [K in SettingKey]: string };

/** The settings in effect, with their origins. */
export interface ResolvedSettings {
  readonly settings: Settings;
  readonly origins: Origins;
}

/**
 * Takes each setting from the first source that gives it, else its default.
 *
 * @param sources - checked values, the strongest source first
 */
export function mergeSettings(sources: readonly Source[], situation: Situation): ResolvedSettings {
  const chosen = SETTING_KEYS.map((key): [SettingKey, Sourced] => {
    const given = sources.find((source) => source[key] !== undefined)?.[key];
    return [key, given ?? { value: settingOf(key).default(situation), origin: "default" }];
  });
  return {
    // Each value was checked by its key's schema in read_value.ts, or is that key's default.
    settings: Object.fromEntries(chosen.map(([key, { value }]) => [key, value])) as unknown as Settings,
    // One entry for every key.
    origins: Object.fromEntries(chosen.map(([key, { origin }]) => [key, origin])) as unknown as Origins,
  };
}
