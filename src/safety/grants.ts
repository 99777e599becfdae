/**
 * What a command that is known to only read may be given beyond strict isolation. Files stay read-only whatever is granted.
 */
import * as z from "zod";

/** `host-processes` see the host's processes, `unix-sockets` ask its daemons, `network` use its network. */
export const Grant = z.enum(["host-processes", "unix-sockets", "network"]);
export type Grant = z.infer<typeof Grant>;
