/**
 * The codes by which one peer tells another why a request failed. A code is for programs, the message beside it for people.
 */
import * as z from "zod";

/** Every code a response may carry; the texts say when each is used. */
export const ERROR_CODES = {
  bad_request: "The parameters are not of the operation's shape",
  unknown_operation: "The host does not know the operation",
  refused: "The host's mode or policy forbids it",
  not_accepting: "The host does not run requests of others (--no-agent)",
  busy: "The host's queue of requests is full",
  cannot_run: "The operation could not be started or carried out",
  timed_out: "The request's deadline passed before an answer came",
  cancelled: "The caller cancelled the request",
  too_large: "The parameters or the result are over the limit",
  peer_gone: "The host left, or its process ended, before it answered",
  link_lost: "The connection to the relay broke before the answer came",
  not_connected: "There is no connection to the relay now",
  unknown_agent: "No agent has that id or name",
  ambiguous_agent: "Several agents match that id or name",
  internal: "A fault of ours",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
// The keys of a constant object are exactly its literal keys.
export const ErrorCode = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]);

/** Characters that the parts of a {@link WireError} may have. */
export const ERROR_LIMITS = { message: 8192, remedy: 2048, rule: 128 } as const;

/**
 * What a failed response carries. `remedy` says what the user can do about it; `rule` is the short and stable name of the rule of
 * the host's policy that refused, never a path or a value, so that the refusals of many hosts can be counted by it.
 */
export const WireError = z.object({
  code: ErrorCode,
  message: z.string().max(ERROR_LIMITS.message),
  remedy: z.string().max(ERROR_LIMITS.remedy).optional(),
  rule: z.string().max(ERROR_LIMITS.rule).optional(),
});
export type WireError = z.infer<typeof WireError>;
