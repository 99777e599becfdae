/**
 * What is wrong with a value that a schema refused, in one line for people and models.
 */
import * as z from "zod";

/** Names each field and what is wrong with it, separated by semicolons. */
export function describeIssues({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => (path.length === 0 ? message : `"${z.core.toDotPath(path)}": ${message}`))
    .join("; ");
}
