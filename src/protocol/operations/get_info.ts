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
    "the user and folder that commands run under, processors, memory, disk, load and uptime, the safety mode in force " +
    "(plan only reads, edit writes with backups, bypass is unrestricted, disabled refuses everything but this) and its " +
    "ceiling, and the sandbox that holds commands.",
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
    maxMode: Mode.describe("Up to where set_mode may raise it; only the machine's console goes above"),
    modeUntil: z.string().nullable().describe("When the mode falls back, ISO 8601; null if it lasts"),
    sandbox: z.object({
      name: z.enum(["bubblewrap", "sandbox-exec"]).nullable().describe(
        "What holds commands; null if nothing does",
      ),
      reason: z.string().nullable().describe("Why nothing does"),
    }),
    accepts: z.boolean().describe("Whether the host runs requests of others"),
    version: z.string(),
    pid: z.number().int(),
    processors: z.number().int(),
    memory: z.object({ totalBytes: z.number(), availableBytes: z.number() }),
    disk: z.object({ path: z.string(), totalBytes: z.number(), availableBytes: z.number() }).nullable()
      .describe(
        "The file system of the home folder; null if it cannot be asked",
      ),
    load: z.array(z.number()).length(3).describe(
      "Average load of the last 1, 5 and 15 minutes; zeros on Windows",
    ),
    uptimeSeconds: z.number().describe("Seconds since the machine was started"),
    startedAt: z.string().describe("When the agent started, ISO 8601"),
    running: z.number().int().describe("Requests that run now"),
    queued: z.number().int().describe("Requests that wait for a place"),
    jobs: z.number().int().describe("Commands that run as jobs now"),
    audit: z.string().describe('"ok", or what keeps the audit log from being written'),
  }),
});
