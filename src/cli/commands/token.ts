/**
 * `remote-agent token`: prints a new token.
 */
import { createToken } from "../../crypto/room_secret.ts";
import { printLine } from "../output.ts";

/** Prints a new token and stores it nowhere. */
export async function execute(): Promise<number> {
  printLine(await createToken());
  return 0;
}
