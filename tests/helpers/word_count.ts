/**
 * Word counts, and what is around them: text, commands, the right answer made by other programs, and what a run may not leave behind.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as z from "zod";
import { MapReduceResult } from "../../src/mcp/texts/mapreduce.ts";
import { generateText } from "../bench/programs/generate_text.ts";
import { type McpSession, textOf } from "./mcp_client.ts";

/** One line a word. */
const WORDS = "tr -cs a-z '\\n'";
/** `word<TAB>1` for every word of the input: as many lines as words. */
export const EMIT_WORDS = `${WORDS} | sed 's/$/\\t1/'`;
/** `word<TAB>n` for every different word of the input. */
export const COUNT_WORDS = `${WORDS} | awk '{n[$0]++}END{for(w in n)print w"\\t"n[w]}'`;
/** Adds up the numbers of lines `word<TAB>n` that are sorted by their words. */
export const ADD_UP = `awk -F'\\t' '$1!=k{if(NR>1)print k"\\t"n;k=$1;n=0}{n+=$2}END{if(NR)print k"\\t"n}'`;

/** Writes text to a file. */
export async function writeText(path: string, bytes: number, seed = 1): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  for (const chunk of generateText(bytes, seed)) await writer.write(chunk);
  writer.releaseLock();
}

/** How `sort | uniq -c` counts the words of files, written as the product writes them. */
export const ORACLE = `${WORDS} | LC_ALL=C sort | uniq -c | awk '{print $2"\\t"$1}'`;

/** Counts the words of a file with other programs, on one processor. */
export async function countWords(path: string): Promise<string> {
  return await shell(`{ ${ORACLE}; } < ${quote(path)}`);
}

/** Runs a command line to its end and returns what it wrote. */
export async function shell(command: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** A word for the shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** How the tool answered. */
export interface MapReduceAnswer {
  readonly structured: z.infer<typeof MapReduceResult>;
  readonly text: string;
  readonly isError: boolean;
}

/** Calls the tool, and waits for the run's end unless `wait_ms` says otherwise. */
export async function callMapReduce(
  mcp: McpSession,
  args: Readonly<Record<string, unknown>>,
): Promise<MapReduceAnswer> {
  const answer = await mcp.call("mapreduce", { wait_ms: 50_000, ...args });
  const text = textOf(answer);
  assert.ok(answer.structuredContent !== undefined, `mapreduce answers with a run: ${text}`);
  return {
    structured: MapReduceResult.parse(answer.structuredContent),
    text,
    isError: answer.isError === true,
  };
}

/** Reads the whole result of a run from its resource, piece by piece. */
export async function readResult({ client }: McpSession, run: string | null): Promise<string> {
  let result = "";
  let uri: string | undefined = `run://${run}`;
  while (uri !== undefined) {
    const { contents } = await client.readResource({ uri });
    const [remark = "", piece = ""] = contents.map((one) => "text" in one ? one.text : "");
    result += piece;
    uri = /Read on at (run:\S+)$/.exec(remark)?.[1];
  }
  return result;
}

/** Files in a folder by which commands tell that they ran, and of what process. */
export interface Marks {
  /** Begins a command: writes the mark of the attempt that runs it. */
  readonly set: string;
  /** A condition for the shell: the name of a file exists, which `touch` makes. */
  has(name: string): string;
  touch(name: string): Promise<void>;
  /** The marks of a stage so far, sorted. */
  list(stage: string): Promise<Mark[]>;
  clear(): Promise<void>;
}

/** One attempt that has begun. */
export interface Mark {
  readonly partition: number;
  readonly attempt: number;
  readonly host: string;
  readonly pid: number;
}

/** Makes the marks in a folder, which is made too. */
export async function createMarks(folder: string): Promise<Marks> {
  await Deno.mkdir(folder);
  const path = quote(folder);
  const name = "$REMOTE_AGENTS_STAGE.$REMOTE_AGENTS_PARTITION.$REMOTE_AGENTS_ATTEMPT.$REMOTE_AGENTS_HOST";
  return {
    // Renamed, so that nobody reads one that is not whole.
    set: `echo $$ > ${path}/.$$; mv ${path}/.$$ ${path}/"${name}"`,
    has: (file) => `[ -e ${quote(join(folder, file))} ]`,
    touch: (file) => Deno.writeTextFile(join(folder, file), ""),
    async list(stage) {
      const marks: Mark[] = [];
      for await (const entry of Deno.readDir(folder)) {
        const [of, partition, attempt, host] = entry.name.split(".");
        if (of !== stage || host === undefined) continue;
        const pid = Number(await Deno.readTextFile(join(folder, entry.name)));
        marks.push({ partition: Number(partition), attempt: Number(attempt), host, pid });
      }
      return marks.sort((a, b) => a.partition - b.partition || a.attempt - b.attempt);
    },
    async clear() {
      for await (const entry of Deno.readDir(folder)) await Deno.remove(join(folder, entry.name));
    },
  };
}

/** The parts that lie in the state of a node. */
export async function partsIn(home: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string) => {
    try {
      for await (const { name, isDirectory } of Deno.readDir(folder)) {
        if (isDirectory) await walk(join(folder, name));
        else found.push(join(folder, name));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // Removed meanwhile, or never made.
    }
  };
  const parts = join(home, "state", "parts");
  await walk(parts);
  return found.filter((path) => !path.startsWith(join(parts, "owners")));
}

/** The living processes that were started for any run of mapreduce, or for one. */
export async function processesOfRuns(run?: string | null): Promise<number[]> {
  const wanted = `\0REMOTE_AGENTS_RUN=${run ?? ""}`;
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (`\0${await Deno.readTextFile(`/proc/${name}/environ`)}`.includes(wanted)) found.push(Number(name));
    } catch {
      // It has ended, or belongs to the system.
    }
  }
  return found;
}
