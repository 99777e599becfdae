/**
 * A room of real processes: a relay, agents and assistants' servers, in one temporary folder. All of it ends with
 * the room.
 */
import { connectMcp, type McpOptions, type McpSession } from "./mcp_client.ts";
import { type RealProcess, type RelayProcess, startAgentProcess, startRelayProcess } from "./processes.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** How an agent or a server of a room differs from the others. */
export interface MemberOptions {
  /** A home that another member has, too. @default one of its own */
  readonly home?: string;
  /** @default "edit" */
  readonly mode?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Whether an agent is waited for until it is in the room. @default true */
  readonly joins?: boolean;
}

/** A room. */
export interface TestRoom extends AsyncDisposable {
  readonly relay: RelayProcess;
  /** Settings that lead into the room. */
  readonly env: Readonly<Record<string, string>>;
  readonly token: string;
  /** A folder that is removed with the room. */
  readonly folder: string;
  /** Makes an empty home. */
  home(): Promise<string>;
  /** Starts `remote-agent run`. */
  agent(name: string, options?: MemberOptions): Promise<RealProcess>;
  /** Starts `remote-agent mcp` with a client. */
  mcp(options?: MemberOptions & Pick<McpOptions, "era"> & { readonly name?: string }): Promise<McpSession>;
  /** Gives the room something more to end. */
  own<T extends AsyncDisposable>(thing: T): T;
}

/** Starts a relay on a free port and makes up a room. */
export async function openRoom(
  { relayArgs = [] }: { readonly relayArgs?: readonly string[] } = {},
): Promise<TestRoom> {
  await using opening = new AsyncDisposableStack();
  const { folder } = opening.use(await temporaryFolder());
  const relay = opening.use(await startRelayProcess({ args: relayArgs }));
  const token = crypto.randomUUID();
  const env = {
    REMOTE_AGENTS_RELAY: relay.url,
    REMOTE_AGENTS_ROOM: `room-${crypto.randomUUID()}`,
    REMOTE_AGENTS_TOKEN: token,
  };
  const owned = opening.move();
  const home = () => Deno.makeTempDir({ dir: folder });
  const nodeOptions = async (options: MemberOptions & { readonly name?: string | undefined }) => {
    const { mode = "edit", name } = options;
    return {
      home: options.home ?? await home(),
      // In edit mode commands are to be the agent's own children, by which tests tell who runs them.
      env: {
        ...env,
        REMOTE_AGENTS_MODE: mode,
        ...(mode === "edit" ? { REMOTE_AGENTS_SANDBOX: "off" } : {}),
        ...options.env,
      },
      args: [...(name === undefined ? [] : ["--name", name]), ...(options.args ?? [])],
    };
  };
  return {
    relay,
    env,
    token,
    folder,
    home,
    agent: async (name, options = {}) =>
      owned.use(
        await startAgentProcess({ ...await nodeOptions({ ...options, name }), joins: options.joins ?? true }),
      ),
    mcp: async ({ era = "modern", name = "assistant", ...options } = {}) =>
      owned.use(await connectMcp({ ...await nodeOptions({ ...options, name }), era })),
    own: (thing) => owned.use(thing),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
