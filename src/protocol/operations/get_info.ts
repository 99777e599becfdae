/**
 * The operation `get_info`: what a host is and what it allows.
 */
import * as z from "zod";
import { Platform, Role } from "../card.ts";
import { defineOperation } from "../define_operation.ts";
import { Mode } from "../mode.ts";

export const getInfo = defineOperation({
  title: "Describe a machine",
  description:
    "Tells what a machine is: its name and tags, operating system, distribution, kernel, architecture and shell, " +
    "the user and folder that commands run under, processors and memory, and the safety mode in force " +
    "(plan reads only, edit and bypass run commands, disabled refuses everything).",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({}),
  result: z.object({
    id: z.string().describe("The agent's id, the same for every process of this machine and user"),
    name: z.string(),
    tags: z.array(z.string()),
    role: Role.describe("service: started with run. session: belongs to an assistant"),
    platform: Platform,
    hostname: z.string(),
    user: z.string().describe("The user that commands run as"),
    home: z.string().describe("Where commands run unless cwd says otherwise"),
    mode: Mode.describe("What the host allows"),
    accepts: z.boolean().describe("Whether the host runs requests of others"),
    version: z.string(),
    pid: z.number().int(),
    processors: z.number().int(),
    memory: z.object({ totalBytes: z.number(), availableBytes: z.number() }),
    startedAt: z.string().describe("When the agent started, ISO 8601"),
    running: z.number().int().describe("Requests that run now"),
    queued: z.number().int().describe("Requests that wait for a place"),
  }),
});
