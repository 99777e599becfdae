/**
 * The version of this software, as deno.json states it.
 */
import manifest from "../deno.json" with { type: "json" };

export const VERSION: string = manifest.version;
