/**
 * Fleet tools over real runs, whose hosts a test scripts.
 */
import type { AgentSummary, Fleet } from "../../../../src/fleet/fleet.ts";
import type { Tool, ToolAnswer, ToolContext, ToolProgress } from "../../../../src/mcp/tool.ts";
import type { FoldedRun } from "../../../../src/fleet/fold.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { type Asked, makeWorld } from "../../fleet/_runs.ts";
import { fakeFleet } from "../_fake_fleet.ts";
import { summary } from "../_resource_source.ts";

/** What a tool is called with, and what it did. */
export interface ToolWorld extends AsyncDisposable {
  readonly fleet: Fleet;
  /** What hosts were asked. */
  readonly asked: readonly Asked[];
  readonly progress: readonly ToolProgress[];
  /** Calls a tool as a client does: its arguments are parsed first. */
  call(
    tool: Tool,
    args: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<ToolAnswer & { folded: FoldedRun }>;
}

/** This machine, two with the tag `web`, and one that runs nothing for others. */
export const ROOM: readonly AgentSummary[] = [
  summary("me", { isSelf: true }),
  summary("web-a", { tags: ["web"] }),
  summary("web-b", { tags: ["web"] }),
  summary("deaf", { accepts: false }),
];

/** Opens a world. `parts` are what the fleet has beside its runs. */
export async function toolWorld(
  answer: (asked: Asked, signal: AbortSignal) => unknown,
  parts: Parameters<typeof fakeFleet>[0] = {},
): Promise<ToolWorld> {
  const temporary = await temporaryFolder();
  const world = makeWorld(temporary.folder, answer);
  const progress: ToolProgress[] = [];
  const fleet = fakeFleet({
    present: () => Promise.resolve(ROOM),
    ...parts,
    runs: world.runs,
    mapReduces: { find: () => Promise.resolve(undefined), ...parts.mapReduces },
  });
  return {
    fleet,
    asked: world.asked,
    progress,
    async call(tool, args, signal = new AbortController().signal) {
      const context: ToolContext = { fleet, signal, onProgress: (one) => void progress.push(one) };
      const answer = await tool.handle(tool.input.parse(args), context);
      // Clients refuse what is not of the schema that they were shown; it is that of `foldRun`.
      return { ...answer, folded: tool.output.parse(answer.structured) as unknown as FoldedRun };
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}
