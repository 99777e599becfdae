/**
 * The mode of this process: its settings, together with what was set on the host since. A change reaches every process of the host:
 * each asks the store at every request, and looks twice a second for what others have to be told.
 */
import { OperationError } from "../errors.ts";
import type { ModeStore } from "../host/mode_store.ts";
import type { Mode } from "../protocol/mode.ts";
import {
  type ModeChange,
  type ModeSettings,
  type ModeStatus,
  modeStatus,
  requestMode,
} from "../safety/ladder.ts";
import { modeRemedy } from "../safety/owner_remedy.ts";

const LOOK_MS = 500;

/** What {@link createModes} needs. */
export interface ModesOptions {
  readonly settings: ModeSettings;
  readonly store: ModeStore;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Called when the mode has changed, whoever changed it. */
  readonly onChange?: (status: ModeStatus) => void;
}

/** What a request asks for. */
export interface ModeRequest {
  readonly mode: Mode;
  /** Milliseconds after which the host falls back; undefined: it lasts. */
  readonly forMs: number | undefined;
  /** Who asks, for people. */
  readonly by: string;
}

/** The mode of this process. Disposing of it ends the looking. */
export interface Modes extends Disposable {
  readonly status: ModeStatus;
  /**
   * Sets the mode for a caller.
   *
   * @throws {OperationError} `refused` if it is above the ceiling, or the host is disabled.
   */
  request(request: ModeRequest): Promise<ModeStatus>;
}

/** Starts to keep the mode. */
export function createModes({ settings, store, now = Date.now, onChange }: ModesOptions): Modes {
  const status = () => modeStatus(settings, store.read(), now());
  let told = status().mode;
  const look = () => {
    const current = status();
    if (current.mode === told) return;
    told = current.mode;
    onChange?.(current);
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    get status() {
      return status();
    },
    async request({ mode, forMs, by }) {
      const at = now();
      const change: ModeChange = {
        mode,
        at,
        by: by.slice(0, 256),
        ...(forMs === undefined ? {} : { until: at + Math.round(forMs) }),
      };
      const outcome = requestMode(settings, store.read(), change);
      if (!outcome.ok) throw refusal(mode, outcome);
      await store.writeRequest(change);
      look();
      return status();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function refusal(
  mode: Mode,
  { rule, ceiling }: { readonly rule: string; readonly ceiling: Mode },
): OperationError {
  const reason = rule === "mode-disabled"
    ? "the host is disabled, and takes no requests"
    : `requests may raise it up to "${ceiling}" only`;
  return new OperationError("refused", `Cannot set the mode to "${mode}": ${reason}`, {
    rule,
    remedy: modeRemedy(mode),
  });
}
