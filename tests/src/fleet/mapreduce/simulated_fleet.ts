/**
 * A fleet in memory for tests of distributed runs: hosts that carry out the `part_` operations with JavaScript functions in the
 * place of commands, take their time, fail and leave as they are told. Written from the operations' definitions alone.
 */
import { OperationError } from "../../../../src/errors.ts";
import type { MapInput, Ports } from "../../../../src/fleet/mapreduce/ports.ts";
import type { Bytes } from "../../../../src/protocol/bytes.ts";
import { partDrop } from "../../../../src/protocol/operations/part_drop.ts";
import { partFetch } from "../../../../src/protocol/operations/part_fetch.ts";
import { partRead } from "../../../../src/protocol/operations/part_read.ts";
import { partRun } from "../../../../src/protocol/operations/part_run.ts";

/** What stands for a shell command: text in, text out. It may throw to fail. */
export type Command = (input: string) => string;

/** How a fleet behaves. */
export interface Behaviour {
  readonly commands: Readonly<Record<string, Command>>;
  /** Milliseconds that something takes. */
  duration(what: { readonly op: string; readonly host: string; readonly params: unknown }): number;
  /** Exit code of a command; 0 lets it do its work. */
  exitCode?(what: { stage: string; partition: number; attempt: number; host: string }): number;
  /** An error in the place of an answer. */
  error?(what: { readonly op: string; readonly host: string }): OperationError | undefined;
}

interface Host {
  readonly id: string;
  readonly address: string;
  readonly parts: Map<string, string>;
  readonly files: ReadonlyMap<string, string>;
  readonly gone: AbortController;
  active: number;
}

/** The fleet. */
export interface SimulatedFleet {
  readonly ports: Ports;
  readonly most: { active: number };
  /** Requests that have not ended. */
  readonly open: number;
  readonly log: { readonly op: string; readonly host: string; readonly params: unknown }[];
  join(id: string): void;
  leave(id: string): void;
  /** Names of parts that lie somewhere. */
  parts(): string[];
  /** Removes one part, as if its disk had lost it. */
  lose(host: string, part: string): void;
}

/** Makes a fleet. Text is held with one character a byte. */
export function createSimulatedFleet(
  ids: readonly string[],
  behaviour: Behaviour,
  files: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): SimulatedFleet {
  const hosts = new Map<string, Host>();
  const listeners = new Set<() => void>();
  const spool = new Map<string, string>();
  const most = { active: 0 };
  const log: SimulatedFleet["log"] = [];
  let open = 0;
  let joins = 0;

  const join = (id: string) => {
    hosts.set(id, {
      id,
      address: `${id}-${++joins}`,
      parts: new Map(),
      files: new Map(Object.entries(files[id] ?? {})),
      gone: new AbortController(),
      active: 0,
    });
    for (const listener of listeners) listener();
  };
  const leave = (id: string) => {
    const host = hosts.get(id);
    hosts.delete(id);
    host?.gone.abort();
    for (const listener of [...listeners]) listener();
  };
  for (const id of ids) join(id);

  const wait = (ms: number, signals: readonly AbortSignal[]) =>
    new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener("abort", end);
        const aborted = signals.findIndex((signal) => signal.aborted);
        if (aborted < 0) resolve();
        else {reject(
            new OperationError(aborted === 0 ? "cancelled" : "peer_gone", "Cannot go on: it was ended"),
          );}
      };
      const timer = setTimeout(end, ms);
      for (const signal of signals) signal.addEventListener("abort", end);
      if (signals.some((signal) => signal.aborted)) end();
    });

  const partsAt = (address: string): ReadonlyMap<string, string> => {
    if (address === "coordinator") return spool;
    for (const host of hosts.values()) if (host.address === address) return host.parts;
    throw new OperationError("peer_gone", "Cannot reach it");
  };

  const run = (host: Host, raw: unknown) => {
    const params = partRun.params.parse(raw);
    const { stage, partition, attempt, command, input, output } = params;
    const code = behaviour.exitCode?.({ stage, partition, attempt, host: host.id }) ?? 0;
    const result = {
      exitCode: code,
      signal: null,
      timedOut: false,
      durationMs: 1,
      parts: [] as { name: string; bytes: number; records: number }[],
      stderr: {
        head: code === 0 ? "" : `bad ${partition}`,
        tail: "",
        bytes: 0,
        truncated: false,
        invalidUtf8: false,
      },
      isolation: "none" as const,
    };
    if (code !== 0) return result;
    const texts = (input.files ?? input.parts ?? []).map((name) => {
      const text = (input.files === undefined ? host.parts : host.files).get(name);
      if (text === undefined) {
        throw new OperationError("cannot_run", `Cannot read "${name}": it is not there`);
      }
      return text;
    });
    const write = behaviour.commands[command];
    if (write === undefined) throw new OperationError("cannot_run", `Cannot run "${command}"`);
    const written = write(form(texts, input));
    const pieces = output.as === "keyed" ? divide(written, output.reducers) : [written];
    pieces.forEach((text, i) => {
      const name = `${output.name}.${i}`;
      host.parts.set(name, text);
      result.parts.push({ name, bytes: text.length, records: linesOf(text).length });
    });
    return result;
  };

  const fetch = (host: Host, raw: unknown) => {
    const { from, parts } = partFetch.params.parse(raw);
    const source = partsAt(from);
    let bytes = 0;
    for (const part of parts) {
      const text = source.get(part.name);
      if (text === undefined || text.length !== part.bytes) {
        throw new OperationError("cannot_run", `Cannot take "${part.name}": it is not there`);
      }
      host.parts.set(part.name, text);
      bytes += text.length;
    }
    return { bytes };
  };

  const carryOut = async (
    host: Host,
    { op, params }: { op: string; params: unknown },
    { signal, onOutput }: Parameters<Ports["request"]>[2],
  ): Promise<unknown> => {
    const take = (): Promise<void> =>
      wait(behaviour.duration({ op, host: host.id, params }), [signal, host.gone.signal]);
    const error = behaviour.error?.({ op, host: host.id });
    if (op === "part_run") {
      host.active++;
      most.active = Math.max(most.active, host.active);
      try {
        await take();
        const answer = run(host, params);
        // The work is done, and nobody hears of it.
        if (error !== undefined) throw error;
        return answer;
      } finally {
        host.active--;
      }
    }
    await take();
    if (op === "part_read") {
      const { part, offset } = partRead.params.parse(params);
      const text = host.parts.get(part);
      if (text === undefined) throw new OperationError("refused", `Cannot read "${part}": it is not there`);
      for (let at = offset; at < text.length; at += 7) {
        await onOutput?.("stdout", toBytes(text.slice(at, at + 7)));
        if (error !== undefined && at > offset) throw error;
      }
      if (error !== undefined) throw error;
      host.gone.signal.throwIfAborted();
      return { bytes: text.length };
    }
    if (error !== undefined) throw error;
    if (op === "part_fetch") return fetch(host, params);
    partDrop.params.parse(params);
    host.parts.clear();
    return { bytes: 0 };
  };

  return {
    most,
    log,
    get open() {
      return open;
    },
    join,
    leave,
    parts: () => [...spool.keys(), ...[...hosts.values()].flatMap(({ parts }) => [...parts.keys()])],
    lose: (host, part) => void hosts.get(host)?.parts.delete(part),
    ports: {
      async request(id, call, options) {
        log.push({ op: call.op, host: id, params: call.params });
        const host = hosts.get(id);
        if (host === undefined) throw new OperationError("unknown_agent", `Cannot find "${id}"`);
        open++;
        try {
          return await carryOut(host, call, options);
        } finally {
          open--;
        }
      },
      addressOf: (id) => hosts.get(id)?.address,
      hosts: () => [...hosts.values()].map(({ id }) => ({ id, name: id })),
      onHostsChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      self: {
        address: "coordinator",
        spool: {
          addRange(name, { path, start, end }) {
            const text = files["coordinator"]?.[path];
            if (text === undefined) throw new OperationError("cannot_run", `Cannot read "${path}"`);
            spool.set(name, text.slice(start, end));
          },
          addBytes: (name, bytes) => void spool.set(name, toText(bytes)),
          remove: () => spool.clear(),
        },
      },
      now: () => 0,
    },
  };
}

/** A map input that holds text. */
export function textInput(text: string): MapInput {
  return { type: "bytes", bytes: toBytes(text) };
}

/** Reads bytes with one character each. */
export function toText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function toBytes(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Lines without their ends. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** What stands before the first TAB. */
export function keyOf(line: string): string {
  const [key = ""] = line.split("\t", 1);
  return key;
}

/** Sorts lines by key; those of one key stay in order. */
export function sortByKey(lines: readonly string[]): string[] {
  return lines.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0);
}

function divide(text: string, reducers: number): string[] {
  const pieces: string[][] = Array.from({ length: reducers }, () => []);
  for (const line of linesOf(text)) {
    let hash = 7;
    for (const character of keyOf(line)) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
    pieces[hash % reducers]?.push(line);
  }
  return pieces.map((lines) => sortByKey(lines).map((line) => `${line}\n`).join(""));
}

function form(
  texts: readonly string[],
  { merge, items, as }: (typeof partRun)["params"]["_output"]["input"],
): string {
  const value = (line: string): unknown => items === "json" ? JSON.parse(line) : line;
  if (as === "values") return JSON.stringify(texts.map((text) => JSON.parse(text)));
  const whole = merge === "concat"
    ? texts.join("")
    : sortByKey(texts.flatMap(linesOf)).map((line) => `${line}\n`).join("");
  if (as === "lines") return whole;
  if (as === "array") return JSON.stringify(linesOf(whole).map(value));
  const groups = new Map<string, unknown[]>();
  for (const line of linesOf(whole)) {
    const key = keyOf(line);
    const values = groups.get(key) ?? [];
    groups.set(key, [...values, value(line.slice(key.length + 1))]);
  }
  return [...groups].map(([key, values]) => `${JSON.stringify({ key, values })}\n`).join("");
}
