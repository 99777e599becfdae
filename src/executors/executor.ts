/**
 * What an executor is: the code that carries out one operation on this host.
 */
import type { Bytes } from "../protocol/bytes.ts";
import type { OperationName, ParamsOf, ResultOf } from "../protocol/operation.ts";

/** An output of an operation that is sent as it comes. */
export type OutputChannel = "stdout" | "stderr";

/**
 * Takes output as it comes. It resolves when the receiver has room for more, so whoever writes must await it:
 * that is how back-pressure reaches the pipe of a command. It rejects when the receiver is gone.
 */
export type OutputSink = (channel: OutputChannel, bytes: Bytes) => Promise<void>;

/** What an executor is told beside its parameters. */
export interface CallContext {
  /** Aborts when the caller cancels or is gone, the deadline passes, or the node ends. */
  readonly signal: AbortSignal;
  /** Where output goes as it comes; absent when nobody asked for it. */
  readonly output?: OutputSink | undefined;
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
