/**
 * Finds the sandbox that the settings ask for.
 */
import { ConfigError } from "../../errors.ts";
import { type Detection, detectSandbox } from "./detect.ts";

/** When the sandbox is used: where it works, in any case, or not at all. */
export type SandboxChoice = "auto" | "required" | "off";

/**
 * Finds the sandbox of this machine.
 *
 * @param stateFolder - absolute path; made if it is not there
 * @throws {ConfigError} If one is required and none works.
 */
export async function findSandbox(choice: SandboxChoice, stateFolder: string): Promise<Detection> {
  if (choice === "off") return { sandbox: undefined, reason: 'the setting "sandbox" is off' };
  await Deno.mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const detection = await detectSandbox(stateFolder);
  if (detection.sandbox === undefined && choice === "required") {
    throw new ConfigError(`Cannot start without a sandbox, which the settings require: ${detection.reason}`);
  }
  return detection;
}
