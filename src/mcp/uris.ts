/**
 * The addresses of resources: written and read in one place. Every part of one is percent-encoded, since names are anybody's.
 */
import { JobId } from "../protocol/job.ts";
import { RunId } from "../protocol/run.ts";

/** Characters of an agent's name or id, as tools take them. */
const MAX_AGENT_CHARACTERS = 128;
const MAX_URI_CHARACTERS = 2_048;

/** One of a job's outputs. */
export type JobStream = "stdout" | "stderr";

/** What a resource's address means. */
export type ResourceUri =
  | { readonly kind: "agents" }
  /** By id, the beginning of an id, or name. */
  | { readonly kind: "agent"; readonly agent: string }
  | {
    readonly kind: "job";
    readonly agent: string;
    readonly job: JobId;
    /** Absent: both outputs. */
    readonly stream?: JobStream;
    /** The first byte of that output. */
    readonly from?: number;
  }
  | {
    readonly kind: "run";
    readonly run: RunId;
    /** The first byte of its text. */
    readonly from?: number;
  };

/** The addresses with variables, by RFC 6570. */
export const URI_TEMPLATES = {
  agent: "agent://{agent}",
  job: "job://{agent}/{job}/output{?stream,from}",
  run: "run://{run}{?from}",
} as const;

/** Writes an address. */
export function formatResourceUri(uri: ResourceUri): string {
  switch (uri.kind) {
    case "agents":
      return "agents://";
    case "agent":
      return `agent://${encode(uri.agent)}`;
    case "job":
      return `job://${encode(uri.agent)}/${uri.job}/output${query({ stream: uri.stream, from: uri.from })}`;
    case "run":
      return `run://${uri.run}${query({ from: uri.from })}`;
  }
}

/**
 * Reads an address.
 *
 * @returns undefined if it is not one of ours; every part of what is returned is of its shape
 */
export function parseResourceUri(text: string): ResourceUri | undefined {
  if (text.length > MAX_URI_CHARACTERS) return undefined;
  const match = /^(?<scheme>[a-z]+):\/\/(?<path>[^?#]*)(?:\?(?<query>[^#]*))?$/.exec(text);
  const { scheme, path = "", query: rest } = match?.groups ?? {};
  const parameters = readQuery(rest);
  if (parameters === undefined) return undefined;
  switch (scheme) {
    case "agents":
      return /^\/?$/.test(path) && isEmpty(parameters) ? { kind: "agents" } : undefined;
    case "agent": {
      const agent = readAgent(path);
      return agent !== undefined && isEmpty(parameters) ? { kind: "agent", agent } : undefined;
    }
    case "job":
      return readJob(path, parameters);
    case "run": {
      const run = RunId.safeParse(path);
      const { from, ...others } = parameters;
      if (!run.success || !isEmpty(others)) return undefined;
      return { kind: "run", run: run.data, ...(from === undefined ? {} : { from }) };
    }
    default:
      return undefined;
  }
}

interface Parameters {
  readonly stream?: JobStream;
  readonly from?: number;
}

function readJob(path: string, { stream, from }: Parameters): ResourceUri | undefined {
  const [encoded = "", id, word, ...others] = path.split("/");
  const agent = readAgent(encoded);
  const job = JobId.safeParse(id);
  if (agent === undefined || !job.success || word !== "output" || others.length > 0) return undefined;
  // A byte of which output, would be the question.
  if (from !== undefined && stream === undefined) return undefined;
  return {
    kind: "job",
    agent,
    job: job.data,
    ...(stream === undefined ? {} : { stream }),
    ...(from === undefined ? {} : { from }),
  };
}

/** Undefined if anything in it is not a parameter of a resource. */
function readQuery(text = ""): Parameters | undefined {
  let [stream, from]: [JobStream | undefined, number | undefined] = [undefined, undefined];
  for (const piece of text.split("&")) {
    if (piece === "") continue;
    if (stream === undefined && (piece === "stream=stdout" || piece === "stream=stderr")) {
      stream = piece === "stream=stdout" ? "stdout" : "stderr";
    } else if (from === undefined && /^from=\d{1,15}$/.test(piece)) {
      from = Number(piece.slice("from=".length));
    } else return undefined;
  }
  return { ...(stream === undefined ? {} : { stream }), ...(from === undefined ? {} : { from }) };
}

function readAgent(encoded: string): string | undefined {
  // Some clients add the slash that an address without a path ends with.
  const agent = decode(encoded.replace(/\/$/, ""));
  return agent === undefined || agent === "" || agent.length > MAX_AGENT_CHARACTERS ? undefined : agent;
}

function encode(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}

function decode(part: string): string | undefined {
  if (part.includes("/")) return undefined;
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function query(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const pieces = Object.entries(parameters).filter(([, value]) => value !== undefined).map(([key, value]) =>
    `${key}=${value}`
  );
  return pieces.length === 0 ? "" : `?${pieces.join("&")}`;
}

function isEmpty(parameters: Parameters): boolean {
  return Object.keys(parameters).length === 0;
}
