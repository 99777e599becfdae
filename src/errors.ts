/**
 * The errors that somebody catches: what a user can fix, and what a host answers a request with.
 */
import { ERROR_LIMITS, type ErrorCode, type WireError } from "./protocol/error_code.ts";

/** Settings, files or arguments that the user must correct: one line on stderr and exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Why an operation was not carried out, in the form in which it travels to the caller. */
export class OperationError extends Error {
  override readonly name = "OperationError";
  /** Which kind of failure, for programs. */
  readonly code: ErrorCode;
  /** What the user can do about it. */
  readonly remedy: string | undefined;
  /** Name of the rule of the policy that refused, from a fixed list; never a path or a value, as it travels. */
  readonly rule: string | undefined;

  /**
   * @param code - which kind of failure
   * @param message - what was not done and why, without secrets
   */
  constructor(
    code: ErrorCode,
    message: string,
    options: { remedy?: string; rule?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.rule = options.rule;
  }

  /** The form that travels. */
  toWire(): WireError {
    const { code, remedy, rule } = this;
    return {
      code,
      message: this.message.slice(0, ERROR_LIMITS.message),
      ...(remedy === undefined ? {} : { remedy: remedy.slice(0, ERROR_LIMITS.remedy) }),
      ...(rule === undefined ? {} : { rule: rule.slice(0, ERROR_LIMITS.rule) }),
    };
  }

  /** Reads what a host answered. */
  static fromWire({ code, message, remedy, rule }: WireError): OperationError {
    return new OperationError(code, message, {
      ...(remedy === undefined ? {} : { remedy }),
      ...(rule === undefined ? {} : { rule }),
    });
  }

  /** Turns anything thrown into an OperationError; what is not one becomes `internal`, with the cause kept. */
  static from(thrown: unknown): OperationError {
    if (thrown instanceof OperationError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new OperationError("internal", `Cannot complete the request: ${message}`, { cause: thrown });
  }
}
