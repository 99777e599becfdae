/**
 * What an executor is: the code that carries out one operation on this host.
 */
import type { Bytes } from "../protocol/bytes.ts";
import type { Mode } from "../protocol/mode.ts";
import type { OperationName, ParamsOf, ResultOf } from "../protocol/operation.ts";

/** An output of an operation that is sent as it comes. */
export type OutputChannel = "stdout" | "stderr";

/**
 * Takes output as it comes. It resolves when the receiver has room for more, so whoever writes must await it:
 * that is how back-pressure reaches the pipe of a command. It rejects when the receiver is gone.
 */
export type OutputSink = (channel: OutputChannel, bytes: Bytes) => Promise<void>;

/** Who asks: an agent of the room, or this machine's own assistant or shell. */
export interface Caller {
  /** Lasting id of the machine and user; its own for a local call. */
  readonly id: string;
  readonly name: string;
  readonly isLocal: boolean;
  /** The caller's address on the relay; absent for a local call. */
  readonly address?: string | undefined;
}

/** What the policy allows in one call, and how. Made once for each call by `mod.ts`; executors obey it and decide nothing. */
export interface Permit {
  /** The mode that holds for this call: the host's, or a lower one that is the caller's ceiling. */
  readonly mode: Mode;
  /** `isolate`: a command that is not known to only read, so it runs cut off from everything. */
  readonly decision: "allow" | "isolate";
  /** Short and stable name of the rule that decided. */
  readonly rule: string;
  readonly reason: string;
  /** Returns what to start instead of `argv`, so that the limits hold; what is started in another way is not held to them. */
  readonly confine: (argv: Argv) => Argv;
  /** The environment that programs start from; a caller's own variables go on top where the operation takes any. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Program and arguments. */
export type Argv = readonly [string, ...string[]];

/** What an executor is told beside its parameters. */
export interface CallContext {
  /** Aborts when the caller cancels or is gone, the deadline passes, or the node ends. */
  readonly signal: AbortSignal;
  /** Where output goes as it comes; absent when nobody asked for it. */
  readonly output?: OutputSink | undefined;
  readonly caller: Caller;
  readonly permit: Permit;
}

/**
 * Carries out one operation.
 *
 * @throws {OperationError} If it could not be carried out; anything else thrown is a fault of ours.
 */
export type Executor<K extends OperationName> = (
  params: ParamsOf<K>,
  context: CallContext,
) => Promise<ResultOf<K>>;
