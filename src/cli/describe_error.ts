/**
 * Turns whatever ended a command into the line that the user reads and the exit code that scripts read.
 */
import { ConfigError, OperationError } from "../errors.ts";

/** The exit code for an error: 2 if the user must correct settings or arguments, else 1. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ConfigError ? 2 : 1;
}

/**
 * Describes an error on one line, or with its stack and causes.
 *
 * @param options.redact - removes the secrets
 */
export function describeError(
  error: unknown,
  options: { readonly isVerbose: boolean; readonly redact: (text: string) => string },
): string {
  const { isVerbose, redact } = options;
  if (isVerbose) return redact(stackOf(error));
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof OperationError && error.remedy !== undefined ? `; ${error.remedy}` : "";
  // deno-lint-ignore no-control-regex -- control characters are what this is about
  return redact(`${message}${remedy}`).replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}

function stackOf(error: unknown): string {
  const lines: string[] = [];
  // A chain of causes may be a circle.
  for (let at = error, depth = 0; at !== undefined && depth < 8; depth++) {
    lines.push(
      (depth === 0 ? "" : "Caused by: ") + (at instanceof Error ? at.stack ?? String(at) : String(at)),
    );
    at = at instanceof Error ? at.cause : undefined;
  }
  return lines.join("\n");
}
