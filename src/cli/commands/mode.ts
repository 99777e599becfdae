/**
 * `remote-agent mode`: the console's word on what may be done on this machine. Unlike a request, it may raise the mode, and it can
 * always leave `disabled`.
 */
import { ConfigError } from "../../errors.ts";
import { createModeStore } from "../../host/mode_store.ts";
import { detectAccount } from "../../host/platform.ts";
import { Mode } from "../../protocol/mode.ts";
import {
  MAX_MODE_MS,
  type ModeChange,
  type ModeStatus,
  modeStatus,
  setModeAtConsole,
} from "../../safety/ladder.ts";
import type { CommandContext, ModeOptions } from "../command.ts";
import { readDuration } from "../duration.ts";
import { printJson, printLine } from "../output.ts";

/** Shows the mode, or sets it. */
export async function execute({ settings, paths }: CommandContext, options: ModeOptions): Promise<number> {
  const { mode: text, reset, json } = options;
  if (text === undefined && options.for !== undefined) {
    throw new ConfigError(
      "Cannot set a mode for a time: name the mode, such as remote-agent mode edit --for 30m",
    );
  }
  if (text !== undefined && reset) {
    throw new ConfigError("Cannot choose between a mode and --reset: give one of them");
  }
  const own = { mode: settings.mode, maxMode: settings.max_mode ?? settings.mode };
  if (text !== undefined || reset) await Deno.mkdir(paths.stateFolder, { recursive: true, mode: 0o700 });
  const store = createModeStore(paths.stateFolder);
  if (text !== undefined) {
    await store.writeConsole(setModeAtConsole(store.read().console, changeTo(readMode(text), options.for)));
  } else if (reset) {
    await store.writeConsole({});
  }
  const now = Date.now();
  const status = modeStatus(own, store.read(), now);
  if (json) printJson(jsonOf(status));
  else printLine(describe(status, now));
  return 0;
}

function readMode(text: string): Mode {
  const parsed = Mode.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`Cannot set the mode: "${text}" is not one of ${Mode.options.join(", ")}`);
}

function changeTo(mode: Mode, time: string | undefined): ModeChange {
  const at = Date.now();
  const by = `${detectAccount().user} at the console`;
  if (time === undefined) return { mode, at, by };
  return { mode, at, by, until: at + readDuration(time, { flag: "--for", mostMs: MAX_MODE_MS }) };
}

function jsonOf({ until, ...status }: ModeStatus): unknown {
  return { ...status, ...(until === undefined ? {} : { until: new Date(until).toISOString() }) };
}

/** What processes that were started with other flags do is theirs to say: `remote-agent status` asks them. */
function describe({ mode, ceiling, source, until, fallback }: ModeStatus, now: number): string {
  const by =
    { start: "as the settings say", console: "set at the console", request: "set by a request" }[source];
  const time = until === undefined ? "" : `, for ${describeTime(until - now)} more, then ${fallback}`;
  return `The mode is ${mode} (${by}${time}); requests may raise it up to ${ceiling}`;
}

function describeTime(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
