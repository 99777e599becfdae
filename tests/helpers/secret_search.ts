/**
 * Searches everything that processes left and hold for secrets, in all forms in which a text commonly travels: files with their names,
 * databases, captured output, and the arguments and environments of running processes.
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { temporaryFolder } from "./temporary_folder.ts";

/** What is searched, and for what. */
export interface SecretSearch {
  /** What each secret is called in findings, and its value: at least 8 bytes, or it would be found anywhere. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Searched with all that is below them; what is behind a symbolic link is not. */
  readonly folders?: readonly string[];
  /** Captured texts by name, such as a process's stderr. */
  readonly texts?: Readonly<Record<string, string | Uint8Array>>;
  /** Processes whose arguments and environments are searched (Linux). */
  readonly pids?: readonly number[];
}

/** Where a secret was found. */
export interface SecretFinding {
  /** What it is called. */
  readonly secret: string;
  /** In which form, such as `base64`. */
  readonly form: string;
  /** A file, the name of a text, or a process. */
  readonly where: string;
}

/** What a search found, and what it looked at: a search that saw nothing proves nothing. */
export interface SecretReport {
  readonly findings: readonly SecretFinding[];
  readonly files: number;
  readonly bytes: number;
  /** What could not be read, with the reason. A test should expect none. */
  readonly unread: readonly string[];
}

const MIN_SECRET_BYTES = 8;
const CHUNK_BYTES = 4 * 1024 * 1024;
const SQLITE_HEADER = "SQLite format 3\0";

/** A form of a secret, as it would stand in a file. */
interface Pattern {
  readonly secret: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Searches; see {@link SecretReport}. */
export async function searchSecrets(search: SecretSearch): Promise<SecretReport> {
  const searcher = new Searcher(
    Object.entries(search.secrets).flatMap(([name, value]) => patternsOf(name, value)),
  );
  for (const [name, text] of Object.entries(search.texts ?? {})) searcher.look(name, Buffer.from(text));
  for (const folder of search.folders ?? []) await searcher.visit(folder);
  for (const pid of search.pids ?? []) await searcher.lookAtProcess(pid);
  return searcher.report;
}

/** All forms in which a secret is looked for, each once. */
export function secretForms(secret: string): ReadonlyMap<string, Uint8Array> {
  return new Map(patternsOf("", secret).map(({ form, bytes }) => [form, new Uint8Array(bytes)]));
}

function patternsOf(name: string, value: string): Pattern[] {
  const bytes = Buffer.from(value);
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new RangeError(
      `Cannot search for "${name}": it has ${bytes.length} bytes, the least is ${MIN_SECRET_BYTES}`,
    );
  }
  const json = JSON.stringify(value).slice(1, -1);
  const unicode = Array.from(
    { length: value.length },
    (_, i) => value.charCodeAt(i).toString(16).padStart(4, "0"),
  );
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const url = encodeURIComponent(value.toWellFormed());
  const forms: [string, string | Buffer][] = [
    ["plain", bytes],
    ["JSON", json],
    ["JSON in JSON", JSON.stringify(json).slice(1, -1)],
    ["JSON, every character escaped", unicode.map((unit) => `\\u${unit}`).join("")],
    ["URL", url],
    ["URL, lower case", url.replaceAll(/%../g, (escape) => escape.toLowerCase())],
    ["URL form", url.replaceAll("%20", "+")],
    ["URL, every byte escaped", percent],
    ["URL, every byte escaped in upper case", percent.toUpperCase()],
    ["hex", bytes.toString("hex")],
    ["hex, upper case", bytes.toString("hex").toUpperCase()],
    ["UTF-16LE", Buffer.from(value, "utf16le")],
    ["UTF-16BE", Buffer.from(value, "utf16le").swap16()],
    ["Latin-1", Buffer.from(value, "latin1")],
  ];
  for (const before of [0, 1, 2]) {
    const text = base64Part(bytes, before);
    forms.push([`base64, ${before} bytes before it`, text]);
    forms.push([`base64url, ${before} bytes before it`, text.replaceAll("+", "-").replaceAll("/", "_")]);
  }
  const seen = new Set<string>();
  return forms.map(([form, part]) => ({ secret: name, form, bytes: Buffer.from(part) })).filter(
    ({ bytes }) => {
      const key = bytes.toString("hex");
      return !seen.has(key) && seen.add(key);
    },
  );
}

/** The characters of base64 that depend on the secret alone, if so many bytes stand before it in its group of three. */
function base64Part(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return text.slice(Math.ceil(before * 8 / 6), Math.floor((before + bytes.length) * 8 / 6));
}

class Searcher {
  readonly #patterns: readonly Pattern[];
  readonly #findings = new Map<string, SecretFinding>();
  readonly #unread: string[] = [];
  readonly #overlap: number;
  #files = 0;
  #bytes = 0;

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    this.#overlap = Math.max(0, ...patterns.map(({ bytes }) => bytes.length - 1));
  }

  get report(): SecretReport {
    return {
      findings: [...this.#findings.values()],
      files: this.#files,
      bytes: this.#bytes,
      unread: this.#unread,
    };
  }

  look(where: string, bytes: Buffer): void {
    this.#bytes += bytes.length;
    for (const { secret, form, bytes: pattern } of this.#patterns) {
      if (bytes.includes(pattern)) {
        this.#findings.set(`${secret}\0${form}\0${where}`, { secret, form, where });
      }
    }
  }

  async visit(folder: string): Promise<void> {
    await this.#attempt(folder, async () => {
      for await (const { name, isDirectory, isFile, isSymlink } of Deno.readDir(folder)) {
        const path = join(folder, name);
        this.look(`name of ${path}`, Buffer.from(name));
        if (isSymlink) this.look(`link ${path}`, Buffer.from(await Deno.readLink(path)));
        else if (isDirectory) await this.visit(path);
        else if (isFile) await this.#attempt(path, () => this.#lookAtFile(path));
      }
    });
  }

  async lookAtProcess(pid: number): Promise<void> {
    for (const what of ["cmdline", "environ"]) {
      const where = `${what} of process ${pid}`;
      await this.#attempt(
        where,
        async () => this.look(where, Buffer.from(await Deno.readFile(`/proc/${pid}/${what}`))),
      );
    }
  }

  async #lookAtFile(path: string): Promise<void> {
    this.#files++;
    using file = await Deno.open(path);
    let kept = Buffer.alloc(0);
    let isDatabase = false;
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let isFirst = true;; isFirst = false) {
      const count = await file.read(chunk);
      if (count === null) break;
      const bytes = Buffer.concat([kept, chunk.subarray(0, count)]);
      if (isFirst) isDatabase = bytes.subarray(0, SQLITE_HEADER.length).toString("latin1") === SQLITE_HEADER;
      this.look(path, bytes);
      kept = Buffer.from(bytes.subarray(Math.max(0, bytes.length - this.#overlap)));
    }
    if (isDatabase) await this.#lookAtDatabase(path);
  }

  /** A long value is spread over pages of a database, so that its file alone does not show it in one piece. */
  async #lookAtDatabase(path: string): Promise<void> {
    await using temporary = await temporaryFolder();
    const copy = join(temporary.folder, "copy.db");
    await Deno.copyFile(path, copy);
    await Deno.copyFile(`${path}-wal`, `${copy}-wal`).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    const database = new DatabaseSync(copy);
    try {
      const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
      for (const { name } of tables) {
        const rows = database.prepare(`SELECT * FROM "${String(name).replaceAll('"', '""')}"`).iterate();
        for (const row of rows) {
          for (const value of Object.values(row)) {
            if (typeof value === "string" || value instanceof Uint8Array) {
              this.look(`table ${name} of ${path}`, Buffer.from(value));
            }
          }
        }
      }
    } finally {
      database.close();
    }
  }

  async #attempt(where: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#unread.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
