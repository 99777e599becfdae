/**
 * Joins a relay with many members that do nothing, and holds them until stdin is closed.
 */
import * as z from "zod";
import { createRawKeys } from "../../helpers/relay.ts";
import { answer, requests } from "./json_lines.ts";
import { joinRelay } from "./members.ts";

const Request = z.object({ kind: z.enum(["product", "minimal"]), url: z.string(), count: z.number() });
const AT_ONCE = 50;

for await (const request of requests()) {
  const { kind, url, count } = Request.parse(request);
  const room = await createRawKeys();
  const startedAt = performance.now();
  for (let joined = 0; joined < count; joined += AT_ONCE) {
    const more = Math.min(AT_ONCE, count - joined);
    await Promise.all(Array.from({ length: more }, () => joinRelay({ kind, url, room })));
  }
  answer({ joined: count, seconds: (performance.now() - startedAt) / 1000 });
}
