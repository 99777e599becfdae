/**
 * Runs over hosts that a test scripts, and a store in a temporary folder.
 */
import { randomBytes } from "node:crypto";
import { OperationError } from "../../../src/errors.ts";
import {
  createRuns,
  type HostCall,
  type HostRequest,
  type RunRequest,
  type Runs,
} from "../../../src/fleet/fan_out.ts";
import type { AgentRef } from "../../../src/fleet/fleet.ts";
import type { Flow, RunRecord } from "../../../src/fleet/run.ts";
import { createRunStore, type RunStore } from "../../../src/fleet/run_store.ts";
import type { ErrorCode } from "../../../src/protocol/error_code.ts";
import type { ResultOf } from "../../../src/protocol/operation.ts";
import { execResult } from "../../helpers/sample_results.ts";

/** So many hosts: h0, h1 ... */
export function someHosts(count: number): AgentRef[] {
  return Array.from({ length: count }, (_, i) => ({ id: `h${i}`, name: `host-${i}` }));
}

/** All at once, but for `changes`. */
export function flow(changes: Partial<Flow> = {}): Flow {
  return { parallel: 10_000, canary: 0, waveSize: 0, maxFailures: Infinity, ...changes };
}

/** A job's id, the same for the same text. */
export function jobIdFor(agentId: string): string {
  return `j_${
    agentId.replaceAll(/[^a-z2-7]/g, (c) => "abcdefghij"[Number(c)] ?? "x").padEnd(20, "z").slice(0, 20)
  }`;
}

/** What a job is that runs. */
export function runningExec(agentId: string): ResultOf<"exec"> {
  return execResult({ job: jobIdFor(agentId), status: "running", exitCode: null, outputKept: true });
}

/** A job as `job_get` tells it, ended with code 0, but for `changes`. */
export function jobResult(agentId: string, changes: Partial<ResultOf<"job_get">> = {}): ResultOf<"job_get"> {
  const page = { text: "", bytes: 0, hasMore: false, droppedBytes: 0, invalidUtf8: false };
  return {
    job: jobIdFor(agentId),
    status: "ended",
    command: "true",
    cwd: "/",
    mode: "edit",
    isolation: "none",
    caller: { id: "me", name: "me" },
    startedAt: "2026-01-01T00:00:00.000Z",
    endedAt: "2026-01-01T00:00:01.000Z",
    durationMs: 1_000,
    exitCode: 0,
    signal: null,
    timedOut: false,
    pid: 1,
    stdoutBytes: 0,
    stderrBytes: 0,
    reason: null,
    stdout: page,
    stderr: page,
    cursor: { stdout: 0, stderr: 0 },
    outputKept: true,
    ...changes,
  };
}

/** Rejects as a host does that answers with an error. */
export function failing(code: ErrorCode, message = `it is ${code}`): Promise<never> {
  return Promise.reject(new OperationError(code, message));
}

/** Never answers, until it is given up. */
export function hanging(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener(
      "abort",
      () => reject(new OperationError("cancelled", "The request was cancelled")),
    );
  });
}

/** One question to a host. */
export interface Asked extends HostCall {
  readonly agent: string;
}

/** Runs that a test looks at. */
export interface World extends AsyncDisposable {
  readonly runs: Runs;
  readonly store: RunStore;
  /** All that was asked, in order. */
  readonly asked: Asked[];
  /** Begins a run of `exec` on so many hosts, all at once, but for `changes`. */
  start(count: number, changes?: Partial<RunRequest>): ReturnType<Runs["start"]>;
}

/** Makes runs whose hosts answer as a test says. */
export function makeWorld(
  stateFolder: string,
  answer: (asked: Asked, signal: AbortSignal) => unknown,
  options: { readonly now?: () => number; readonly store?: RunStore; readonly maxHeldCharacters?: number } =
    {},
): World {
  const asked: Asked[] = [];
  const request: HostRequest = async (agent, call, { signal }) => {
    const one = { agent, ...call };
    asked.push(one);
    return await answer(one, signal);
  };
  const store = options.store ??
    createRunStore({ stateFolder, ...(options.now ? { now: options.now } : {}) });
  const runs = createRuns({ request, store, randomBytes, ...options });
  return {
    runs,
    store,
    asked,
    start: (count, changes = {}) =>
      runs.start({
        tool: "fleet_exec",
        op: "exec",
        params: { command: "true" },
        target: "all",
        hosts: someHosts(count),
        leftOut: [],
        flow: flow(),
        waitMs: 10_000,
        ...changes,
      }),
    async [Symbol.asyncDispose]() {
      await runs[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** The status of each host, in order. */
export function statuses({ hosts }: RunRecord): string[] {
  return hosts.map(({ status }) => status);
}
