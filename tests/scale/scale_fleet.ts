/**
 * The fleet of the scale run's coordinator: the real tool `fleet_exec` with the real runs, their store on the disk and the folding of
 * what hosts answered, as a model's call uses them.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createFleet, type Fleet } from "../../src/fleet/fleet.ts";
import { openSavedRuns } from "../../src/fleet/mapreduce/saved_runs.ts";
import { createRunStore } from "../../src/fleet/run_store.ts";
import { fleetTool } from "../../src/mcp/tools/fleet_tools.ts";
import { openSpool } from "../../src/parts/spool.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

/** A fleet that reaches hosts through a peer; it has no machine of its own. */
export interface ScaleFleet extends AsyncDisposable {
  readonly fleet: Fleet;
}

/** Makes the fleet of a coordinator; whoever made the peer disposes of it. */
export async function openScaleFleet(peer: Peer): Promise<ScaleFleet> {
  await using opening = new AsyncDisposableStack();
  const { folder } = opening.use(await temporaryFolder());
  const runStore = opening.use(createRunStore({ stateFolder: folder }));
  const savedRuns = opening.use(openSavedRuns({ stateFolder: folder, now: Date.now }));
  const spool = opening.use(openSpool({ folder: join(folder, "parts") }));
  const nothingHere = () => {
    throw new Error("Cannot work on the coordinator's own machine: it is not part of the scale run");
  };
  const fleet = createFleet({
    self: { id: peer.agentId, name: "coordinator" },
    executors: {
      running: 0,
      queued: 0,
      execute: nothingHere,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    peer,
    describeSelf: nothingHere,
    runStore,
    savedRuns,
    spool,
    randomBytes: (length) => randomBytes(length),
  });
  opening.defer(async () => {
    await Promise.all([fleet.runs[Symbol.asyncDispose](), fleet.mapReduces[Symbol.asyncDispose]()]);
  });
  const owned = opening.move();
  return { fleet, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/**
 * Calls `fleet_exec` for all hosts.
 *
 * @returns how long it took until the answer for the model was there, in milliseconds
 * @throws {Error} If a host is not accounted for, or did not succeed.
 */
export async function callFleetExec(
  { fleet }: ScaleFleet,
  { hosts, parallel }: { readonly hosts: number; readonly parallel: number },
): Promise<number> {
  const tool = fleetTool("fleet_exec");
  const startedAt = performance.now();
  const args = tool.input.parse({ target: "all", command: "uptime", parallel });
  const { structured, text } = await tool.handle(args, { fleet, signal: new AbortController().signal });
  const ms = performance.now() - startedAt;
  const { counts } = structured as { counts: { hosts: number; succeeded: number } }; // As its output schema has it.
  if (counts.hosts === hosts && counts.succeeded === hosts) return ms;
  throw new Error(`Cannot account for ${hosts} hosts: ${text.slice(0, 500)}`);
}
