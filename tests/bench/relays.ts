/**
 * The relays that are compared: ours as users run it, and the minimal ones. Each is a process of its own.
 */
import * as z from "zod";
import { startRelayProcess } from "../helpers/processes.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";
import { denoArgs, type Program, startProgram } from "./program.ts";
import type { RelayKind } from "./programs/members.ts";

/** A relay that runs. */
export interface Competitor {
  readonly kind: RelayKind;
  readonly pid: number;
  readonly url: string;
}

/** The package and version that the minimal relay on Node uses. */
export const WS_PACKAGE = "ws@8.23.0";

const HIGH_RATE = "1000000000000";
const Ready = z.object({ port: z.number() });

/** Starts our relay with rates that no generator reaches; everything else is as by default. */
export async function startProduct(stack: AsyncDisposableStack): Promise<Competitor> {
  const relay = stack.use(
    await startRelayProcess({
      args: ["--max-frames-per-sec", HIGH_RATE, "--max-bytes-per-sec", HIGH_RATE],
    }),
  );
  return { kind: "product", pid: relay.pid, url: relay.url };
}

/** Starts the minimal relay on `Deno.serve`. */
export async function startBare(stack: AsyncDisposableStack): Promise<Competitor> {
  return await started("minimal", stack.use(startProgram({ args: denoArgs("bare_relay.ts") })));
}

/** Starts what passes bytes without looking at them. */
export async function startMirror(stack: AsyncDisposableStack): Promise<Competitor> {
  return await started("mirror", stack.use(startProgram({ args: denoArgs("mirror.ts") })));
}

/**
 * Starts the minimal relay on Node, with the package installed in a temporary folder.
 *
 * @throws {Error} If there is no Node, or the package cannot be had.
 */
export async function startWs(stack: AsyncDisposableStack): Promise<Competitor> {
  const { folder } = stack.use(await temporaryFolder());
  const { success, stderr } = await new Deno.Command("npm", {
    args: [
      "install",
      "--prefix",
      folder,
      "--no-save",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      WS_PACKAGE,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot install ${WS_PACKAGE}: ${new TextDecoder().decode(stderr)}`);
  const { pathname } = new URL("./programs/ws_relay.mjs", import.meta.url);
  const program = startProgram({ command: "node", args: [decodeURIComponent(pathname), folder] });
  return await started("minimal", stack.use(program));
}

async function started(kind: RelayKind, program: Program): Promise<Competitor> {
  const { port } = Ready.parse(await program.receive());
  return { kind, pid: program.pid, url: `ws://127.0.0.1:${port}` };
}
