/**
 * Makes sure that every host has what was sent: compares the hash that it tells with that of the content.
 */
import { OperationError } from "../errors.ts";
import { utf8 } from "../protocol/bytes.ts";
import type { ResultOf } from "../protocol/operation.ts";

/**
 * Returns a check of the answers to a write.
 *
 * @returns what is wrong with an answer; undefined if the host has the content
 * @throws {OperationError} If the content is no base64.
 */
export async function writeCheck(
  params: { readonly content?: string | undefined; readonly content_base64?: string | undefined },
): Promise<(result: unknown) => string | undefined> {
  const expected = await sha256(contentOf(params));
  return (result) => {
    const { sha256: found } = result as ResultOf<"write_file">; // The fleet has checked its shape.
    return found === expected
      ? undefined
      : "What the host says it wrote is not what was sent: its hash is another";
  };
}

function contentOf({ content, content_base64: base64 }: Parameters<typeof writeCheck>[0]) {
  if (base64 === undefined) return utf8(content ?? "");
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new OperationError("bad_request", 'Cannot read "content_base64": it is no base64', { cause });
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
