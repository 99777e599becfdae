/**
 * The log: one line a record on stderr, because stdout belongs to MCP. Secrets never get into it, and a reader that
 * does not empty the pipe cannot stop the node: past a bound, lines are dropped and counted.
 */
import {
  configureSync,
  getLogger,
  type Logger,
  type LogLevel,
  type LogRecord,
  resetSync,
} from "@logtape/logtape";
import { redactSecrets } from "./config/redact.ts";

export type { Logger };

const ROOT = "remote-agents";
/** Lines that wait for stderr at most. */
const MAX_WAITING_LINES = 2000;
const MAX_LINE_CHARACTERS = 8192;
const FLUSH_TIMEOUT_MS = 500;

/** How the log is set up. */
export interface LogOptions {
  /** The least that is logged. */
  readonly level: LogLevel;
  /** What is replaced wherever it turns up. */
  readonly secrets: readonly string[];
  /** Writes some of the bytes and tells how many. @default Deno.stderr.write */
  readonly write?: (bytes: Uint8Array) => Promise<number>;
}

/** A log in use. Disposing of it waits a moment for its last lines. */
export interface Log extends AsyncDisposable {
  /** Waits until every line is written, at most half a second. */
  flush(): Promise<void>;
}

/**
 * The logger of one module.
 *
 * @example
 * ```ts
 * loggerOf("peer").info("Joined the room", { address });
 * // 2026-01-31T12:00:00.000Z info peer Joined the room address="3f…"
 * ```
 */
export function loggerOf(module: string): Logger {
  return getLogger([ROOT, module]);
}

/** Sends the log of this process to stderr; what is logged before is lost. */
export function configureLog(options: LogOptions): Log {
  const { level, secrets, write = (bytes) => Deno.stderr.write(bytes) } = options;
  const lines = new LineWriter(write);
  configureSync({
    reset: true,
    sinks: { stderr: (record) => lines.push(formatRecord(record, secrets)) },
    loggers: [
      { category: ROOT, sinks: ["stderr"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
    ],
  });
  return {
    flush: () => lines.flush(),
    async [Symbol.asyncDispose]() {
      await lines.flush();
      resetSync();
    },
  };
}

/** Renders a record as one line without its end: time, level, module, message, fields. */
export function formatRecord(record: LogRecord, secrets: readonly string[]): string {
  const time = new Date(record.timestamp).toISOString();
  const module = record.category.filter((part) => part !== ROOT).join(".");
  // Words of the message stand at even places, values between them at odd ones.
  const message = record.message.map((part, i) => i % 2 === 0 ? String(part) : show(part)).join("");
  // A field that the message names is in it already.
  const isShown = (key: string) =>
    typeof record.rawMessage === "string" && record.rawMessage.includes(`{${key}}`);
  const fields = Object.entries(record.properties)
    .map(([key, value]) => isShown(key) ? "" : ` ${key}=${show(value)}`).join("");
  const head = [time, record.level, module].filter((part) => part !== "").join(" ");
  const line = escapeControls(redactSecrets(`${head} ${message}${fields}`, secrets));
  return line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line;
}

function show(value: unknown): string {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? "" : `, because ${show(value.cause)}`;
    return `${value.name}: ${value.message}${cause}`;
  }
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A cycle or a bigint has no JSON.
    return String(value);
  }
}

/** Keeps a record on its line, and foreign text from steering the terminal. */
function escapeControls(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what this is about
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Writes lines one after the other, as fast as their reader takes them. */
class LineWriter {
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  readonly #encoder = new TextEncoder();
  #waiting: string[] = [];
  #dropped = 0;
  #pump: Promise<void> | undefined;

  constructor(write: (bytes: Uint8Array) => Promise<number>) {
    this.#write = write;
  }

  push(line: string): void {
    if (this.#waiting.length >= MAX_WAITING_LINES) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#pump ??= this.#run();
  }

  async flush(): Promise<void> {
    if (this.#pump === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, FLUSH_TIMEOUT_MS));
    await Promise.race([this.#pump, late]);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const lines = this.#waiting;
        this.#waiting = [];
        if (this.#dropped > 0) {
          lines.push(`${new Date().toISOString()} warning log ${this.#dropped} lines dropped`);
        }
        this.#dropped = 0;
        await this.#writeAll(this.#encoder.encode(lines.join("\n") + "\n"));
      }
    } catch {
      // Nobody reads stderr any more, and there is no other place to say so.
      this.#waiting = [];
    } finally {
      this.#pump = undefined;
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#write(bytes.subarray(at));
  }
}
