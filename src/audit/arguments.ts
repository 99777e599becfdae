/**
 * What the audit log keeps of a request's arguments: enough to see what was asked, without secrets, without contents, and never much.
 */
import { sha256Hex } from "./chain.ts";
import { isSecretName, isSecretOption, redactPatterns } from "./secret_patterns.ts";

/** A value as JSON has it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Takes the secrets that a process knows out of a text. */
export type Redact = (text: string) => string;

/** Characters of a command or of its arguments together that are kept. */
export const MAX_COMMAND_CHARACTERS = 4096;
/** Characters of any other text that are kept. */
export const MAX_TEXT_CHARACTERS = 1024;
/** Characters of all texts of one request together. */
const MAX_CHARACTERS = 8192;
/** Characters that are searched for secrets, of all texts of one request: a search takes up to a microsecond for each. */
const MAX_SEARCHED_CHARACTERS = 65_536;
const MAX_VALUES = 512;
const MAX_ITEMS = 64;
const MAX_DEPTH = 6;
const MAX_NAME_CHARACTERS = 128;
/** Of a long text only so much is searched for secrets; its end is then left out, as a secret may be cut in two there. */
const WINDOW_CHARACTERS = 16_384;
const WINDOW_END_CHARACTERS = 2_048;
/** The hash of a shorter input could be found by trying: it may be no more than a password. */
const MIN_HASHED_INPUT_BYTES = 64;

const REDACTED = "[redacted]";
/** Contents of files, of which only length and hash are kept. */
const CONTENT_NAMES: ReadonlySet<string> = new Set(["content", "content_base64", "old_text", "new_text"]);
const COMMAND_NAMES: ReadonlySet<string> = new Set(["command", "argv"]);

const encoder = new TextEncoder();

/** What is left to spend on one request. */
interface Budget {
  characters: number;
  searched: number;
  values: number;
}

/**
 * Describes arguments for the log. They may be anything, as a refused request may be malformed.
 *
 * Contents and standard input become `{bytes, sha256}`, of `env` only the names stay, and texts are shortened with a note of how much
 * is missing.
 *
 * @param params - as they came
 * @param redact - takes out the secrets that the process knows; what only looks like one is taken out as well
 */
export function describeArguments(params: unknown, redact: Redact): Json {
  return describe(params, {
    redact,
    budget: { characters: MAX_CHARACTERS, searched: MAX_SEARCHED_CHARACTERS, values: MAX_VALUES },
    depth: 0,
  });
}

/** Takes secrets out of a text and shortens it; says how much is missing. */
export function shortText(text: string, maxCharacters: number, redact: Redact): string {
  const isWhole = text.length <= WINDOW_CHARACTERS;
  const searched = redactPatterns(redact(isWhole ? text : text.slice(0, WINDOW_CHARACTERS)));
  const clean = isWhole ? searched : searched.slice(0, Math.max(0, searched.length - WINDOW_END_CHARACTERS));
  if (isWhole && clean.length <= maxCharacters) return clean;
  const kept = clean.slice(0, maxCharacters);
  return `${kept}[cut: ${text.length} characters in all]`;
}

interface Place {
  readonly redact: Redact;
  readonly budget: Budget;
  readonly depth: number;
}

function describe(value: unknown, place: Place, maxCharacters = MAX_TEXT_CHARACTERS): Json {
  const { budget } = place;
  if (--budget.values < 0) return "[left out]";
  if (typeof value === "string") return describeText(value, place, maxCharacters);
  if (value === null || typeof value === "boolean" || typeof value === "number") {
    return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  }
  if (typeof value !== "object") return `[${typeof value}]`;
  if (place.depth >= MAX_DEPTH) return "[nested too deep]";
  const inside = { ...place, depth: place.depth + 1 };
  return Array.isArray(value) ? describeItems(value, inside, maxCharacters) : describeFields(value, inside);
}

function describeText(text: string, { redact, budget }: Place, maxCharacters: number): string {
  budget.searched -= Math.min(text.length, WINDOW_CHARACTERS);
  if (budget.searched < 0) return `[left out: ${text.length} characters]`;
  const short = shortText(text, Math.max(0, Math.min(maxCharacters, budget.characters)), redact);
  budget.characters -= short.length;
  return short;
}

/** The words of a command share one limit, and a word after `--password` goes. */
function describeItems(items: readonly unknown[], place: Place, maxCharacters: number): Json {
  const kept: Json[] = [];
  let left = maxCharacters;
  for (const item of items.slice(0, MAX_ITEMS)) {
    const before = items[kept.length - 1];
    const isSecret = typeof before === "string" && before.length <= MAX_NAME_CHARACTERS &&
      isSecretOption(before);
    const shown = isSecret ? REDACTED : describe(item, place, left);
    if (typeof shown === "string") left = Math.max(0, left - shown.length);
    kept.push(shown);
  }
  if (items.length > MAX_ITEMS) kept.push(`[and ${items.length - MAX_ITEMS} more]`);
  return kept;
}

function describeFields(fields: object, place: Place): Json {
  const entries = Object.entries(fields);
  const kept = entries.slice(0, MAX_ITEMS).map(([name, value]): [string, Json] => [
    shortText(name, MAX_NAME_CHARACTERS, place.redact),
    describeField(name, value, place),
  ]);
  if (entries.length > MAX_ITEMS) kept.push(["[more]", entries.length - MAX_ITEMS]);
  place.budget.characters -= kept.reduce((sum, [name]) => sum + name.length, 0);
  return Object.fromEntries(kept);
}

function describeField(name: string, value: unknown, place: Place): Json {
  if (name === "env") return describeEnvironment(value, place);
  if (name === "stdin") return typeof value === "string" ? describeInput(value) : REDACTED;
  if (CONTENT_NAMES.has(name)) {
    return typeof value === "string" ? describeContent(contentOf(name, value)) : REDACTED;
  }
  // A switch or a number under such a name is no secret.
  if ((isSecretName(name) || name === "ticket") && (typeof value === "string" || typeof value === "object")) {
    return REDACTED;
  }
  return describe(value, place, COMMAND_NAMES.has(name) ? MAX_COMMAND_CHARACTERS : MAX_TEXT_CHARACTERS);
}

function describeEnvironment(value: unknown, place: Place): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return REDACTED;
  return { names: describeItems(Object.keys(value), place, MAX_TEXT_CHARACTERS) };
}

function describeInput(text: string): Json {
  const bytes = encoder.encode(text);
  return bytes.length < MIN_HASHED_INPUT_BYTES ? { bytes: bytes.length } : describeContent(bytes);
}

/** The bytes that a file is to have, so that their hash is the file's. */
function contentOf(name: string, text: string): Uint8Array {
  if (!name.endsWith("_base64")) return encoder.encode(text);
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    // A refused request: whatever was sent.
    return encoder.encode(text);
  }
}

function describeContent(bytes: Uint8Array): Json {
  return { bytes: bytes.length, sha256: sha256Hex(bytes) };
}
