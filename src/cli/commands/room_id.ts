/**
 * `remote-agent room-id`: prints the public id of the room, which a relay's `--allow-room` takes.
 */
import { deriveRoomSecret } from "../../crypto/room_secret.ts";
import { ConfigError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import { printLine } from "../output.ts";

/**
 * Prints the room's id. It depends on room and token alone, so no relay is asked.
 *
 * @throws {ConfigError} If room or token is missing, or the token has a typing error.
 */
export async function execute({ settings }: CommandContext): Promise<number> {
  const { room, token } = settings;
  if (room === undefined || token === undefined) {
    const absent = room === undefined ? token === undefined ? "room and token are" : "room is" : "token is";
    throw new ConfigError(
      `Cannot tell the room's id: ${absent} not set; give --room <name> and --token-file <file>, or write them to config.toml`,
    );
  }
  printLine(await roomIdOf(room, token));
  return 0;
}

async function roomIdOf(room: string, token: string): Promise<string> {
  try {
    return (await deriveRoomSecret({ room, token })).roomId;
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof RangeError) {
      throw new ConfigError(cause.message, { cause });
    }
    throw cause;
  }
}
