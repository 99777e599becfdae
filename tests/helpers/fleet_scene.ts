/**
 * A room of real agents that each have a home folder of their own, with the fleet tools of a real MCP client: for tests of what many
 * machines do at once.
 */
import assert from "node:assert/strict";
import type { CallToolResult } from "@modelcontextprotocol/client";
import * as z from "zod";
import { FleetResult } from "../../src/mcp/fleet_result.ts";
import { type McpSession, textOf } from "./mcp_client.ts";
import type { RealProcess } from "./processes.ts";
import { type MemberOptions, openRoom, type TestRoom } from "./room.ts";

/** How a fleet tool answered. */
export interface FleetAnswer {
  readonly structured: z.infer<typeof FleetResult>;
  readonly text: string;
  readonly isError: boolean;
  /** Milliseconds from the call to the answer. */
  readonly tookMs: number;
}

/** One step of a call, as its progress notifications tell it. */
export interface FleetProgress {
  readonly done: number;
  readonly total: number | undefined;
  readonly message: string;
  /** By `performance.now()`. */
  readonly at: number;
}

/** How a host is started; what it is like beyond that. */
export interface HostOptions extends Omit<MemberOptions, "home"> {
  /** Files in its home, by their path in it. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A room of agents. */
export interface HostsScene extends AsyncDisposable {
  readonly room: TestRoom;
  /** The process of an agent. */
  agent(name: string): RealProcess;
  /** The home folder of an agent's user, or of the assistant's by its name. */
  home(name: string): string;
  /** Starts one more agent, and does not wait until others see it. */
  join(name: string, options?: HostOptions): Promise<RealProcess>;
  /** What the assistant's programs are started with. */
  readonly own: { readonly home: string; readonly env: Readonly<Record<string, string>> };
}

/** A room of agents, and an assistant. */
export interface FleetScene extends HostsScene {
  readonly mcp: McpSession;
  /** Starts another server of the assistant, with the same home. */
  assistant(): Promise<McpSession>;
}

/** More at once would each take longer, and no sooner be there. */
const STARTS_AT_ONCE = 4;
/** A timer of the official client outlives its end by so much, and a test would be said to leak it. */
const CLIENT_TIMER_MS = 2_100;
/** Name of the assistant's own machine. */
export const ASSISTANT = "assistant";

/** Starts a relay and agents by their names. */
export async function openHosts(hosts: Readonly<Record<string, HostOptions>>): Promise<HostsScene> {
  await using opening = new AsyncDisposableStack();
  const room = opening.use(await openRoom());
  const agents = new Map<string, RealProcess>();
  const homes = new Map<string, string>();
  const denoDir = await findDenoDir();
  const prepare = async (name: string, { files = {}, ...options }: HostOptions) => {
    const home = await Deno.realPath(await room.home());
    homes.set(name, home);
    for (const [path, text] of Object.entries(files)) await Deno.writeTextFile(`${home}/${path}`, text);
    const env = { HOME: home, DENO_DIR: denoDir, ...options.env };
    return { ...options, home: `${home}/.remote-agent-test`, env };
  };
  const join = async (name: string, options: HostOptions = {}) => {
    const agent = await room.agent(name, await prepare(name, options));
    agents.set(name, agent);
    return agent;
  };
  const own = await prepare(ASSISTANT, {});
  const waiting = Object.entries(hosts).values();
  const startSome = async () => {
    for (const [name, options] of waiting) await join(name, options);
  };
  const starting = await Promise.allSettled(Array.from({ length: STARTS_AT_ONCE }, startSome));
  for (const start of starting) if (start.status === "rejected") throw start.reason;
  const owned = opening.move();
  return {
    room,
    join,
    own: { home: own.home, env: { ...room.env, ...own.env } },
    agent: (name) => agents.get(name) ?? assert.fail(`there is no agent ${name}`),
    home: (name) => homes.get(name) ?? assert.fail(`there is no home of ${name}`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Starts a relay, agents by their names, and an assistant's server; waits until it sees them all. */
export async function openFleet(hosts: Readonly<Record<string, HostOptions>>): Promise<FleetScene> {
  await using opening = new AsyncDisposableStack();
  const sessions: McpSession[] = [];
  let isTimerOver = Promise.resolve();
  opening.defer(() => isTimerOver);
  const scene = opening.use(await openHosts(hosts));
  opening.defer(async () => {
    isTimerOver = new Promise((resolve) => setTimeout(resolve, CLIENT_TIMER_MS));
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  });
  const assistant = async () => {
    const session = await scene.room.mcp({ ...scene.own, name: ASSISTANT });
    sessions.push(session);
    return session;
  };
  const mcp = await assistant();
  await mcp.waitForAgents(...Object.keys(hosts));
  // A client that has seen the list holds every structured content against its JSON schema and throws if it differs.
  await mcp.client.listTools();
  const owned = opening.move();
  return { ...scene, mcp, assistant, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Calls a fleet tool that answers with a run. */
export async function callFleet(
  mcp: McpSession,
  tool: string,
  args: Record<string, unknown>,
  { onProgress }: { readonly onProgress?: (progress: FleetProgress) => void } = {},
): Promise<FleetAnswer> {
  const startedAt = performance.now();
  const answer: CallToolResult = await mcp.client.callTool({ name: tool, arguments: args }, {
    timeout: 60_000,
    ...(onProgress === undefined ? {} : {
      onprogress: ({ progress, total, message = "" }) =>
        onProgress({ done: progress, total, message, at: performance.now() }),
    }),
  });
  const tookMs = performance.now() - startedAt;
  const text = textOf(answer);
  assert.ok(answer.structuredContent !== undefined, `${tool} answers with a run: ${text}`);
  const structured = FleetResult.parse(answer.structuredContent);
  return { structured, text, isError: answer.isError === true, tookMs };
}

/** Calls a fleet tool that must answer with an error instead of a run, and returns its text. */
export async function failFleet(
  mcp: McpSession,
  tool: string,
  args: Record<string, unknown>,
): Promise<string> {
  const answer = await mcp.call(tool, args);
  assert.deepEqual([answer.isError, answer.structuredContent], [true, undefined], textOf(answer));
  return textOf(answer);
}

/** Every host of an answer by name: what became of it, and the group that tells of it. Fails if one is missing or told twice. */
export function linesOf({ structured }: FleetAnswer) {
  const { hosts, groups, counts, hostsOmitted } = structured;
  assert.equal(hostsOmitted, 0, "every host has an entry");
  assert.equal(hosts.length, counts.hosts);
  assert.equal(groups.reduce((sum, { count }) => sum + count, 0), counts.hosts, "every host is in one group");
  const lines = new Map(hosts.map((host) => {
    const group = groups[host.group] ?? assert.fail(`${host.name} is in no group`);
    assert.equal(group.status, host.status);
    return [host.name, { ...host, shown: group }];
  }));
  assert.equal(lines.size, hosts.length, "no host has two entries");
  return lines;
}

/** The status of every host of an answer, by name. */
export function statusesOf(answer: FleetAnswer): Record<string, string> {
  return Object.fromEntries([...linesOf(answer)].map(([name, { status }]) => [name, status]));
}

/** Where this Deno has what it downloaded: an agent with another home must not download it again. */
async function findDenoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return z.object({ denoDir: z.string() }).parse(JSON.parse(new TextDecoder().decode(stdout))).denoDir;
}
