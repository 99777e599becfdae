/**
 * Runs one part of the benchmarks and writes its report to stdout as JSON. `main.ts` starts it, so that no part
 * meets the memory and the timers of another.
 */
import { isPartName, PARTS } from "./parts.ts";
import { answer } from "./programs/json_lines.ts";

const [name = "", ...flags] = Deno.args;
if (!isPartName(name)) throw new TypeError(`Cannot run part "${name}": there is no such part`);
const measure = await PARTS[name].load();
answer(await measure({ quick: flags.includes("--quick") }));
