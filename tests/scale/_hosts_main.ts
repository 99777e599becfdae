/**
 * One process of hosts of the scale run: starts as many as it is told, says when all are made, and holds them until it is
 * ended.
 */
import * as z from "zod";
import { answer, requests } from "../bench/programs/json_lines.ts";
import { openScaleRoom, startScalePeer } from "./scale_peer.ts";

const Request = z.object({
  url: z.string(),
  token: z.string(),
  room: z.string(),
  prefix: z.string(),
  count: z.number(),
});

for await (const request of requests()) {
  const { prefix, count, ...room } = Request.parse(request);
  const secret = await openScaleRoom(room);
  const hosts = await Promise.all(
    Array.from(
      { length: count },
      (_, i) => startScalePeer({ url: room.url, secret, name: `${prefix}-${i}`, kind: "host" }),
    ),
  );
  answer({ started: hosts.length });
}
