/**
 * `deno task demo`: the whole thing at work on this machine, in real processes, in a few seconds. It exits with 0 only
 * if every step did what it says, and leaves no process and no file behind, also when it is interrupted.
 */
import { formatMs, hush, paint, say } from "./_screen.ts";
import { DemoFailure, Stage } from "./_stage.ts";
import { playStory } from "./_story.ts";

const DEADLINE_MS = 25_000;
/** Exit codes as shells give them to what a signal ended. */
const INTERRUPTS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const interruption = Promise.withResolvers<number>();
  const signals = Deno.build.os === "windows"
    ? ["SIGINT"] as const
    : ["SIGHUP", "SIGINT", "SIGTERM"] as const;
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => interruption.resolve(INTERRUPTS[signal]));
  }
  const startedAt = performance.now();
  say(paint("Remote Agents", "bold") + ": a fleet of three machines, all of them this one");
  await using stage = new Stage();
  const story = playStory(stage);
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => deadline.reject(new DemoFailure(`the demo ends within ${formatMs(DEADLINE_MS)}`)),
    DEADLINE_MS,
  );
  let code = 0;
  try {
    code = await Promise.race([story.then(() => 0), interruption.promise, deadline.promise]);
    if (code !== 0) say(`\n${paint("Interrupted", "yellow")}, cleaning up`);
  } catch (error) {
    code = 1;
    say(`\n${paint("Failed", "red")}: expected that ${describe(error)}`);
  }
  clearTimeout(timer);
  // The steps may get a little further while everything ends.
  if (code !== 0) hush();
  await stage[Symbol.asyncDispose]();
  // With everything ended, what still waited for something fails.
  await story.catch(() => {});
  if (code !== 0) return code;
  say();
  say(
    `${paint("Every step did what it says", "green")}, in ${
      formatMs(performance.now() - startedAt)
    }. Nothing is left behind.`,
  );
  return 0;
}

function describe(error: unknown): string {
  if (error instanceof DemoFailure) return error.message;
  return `nothing breaks: ${error instanceof Error ? error.stack ?? error.message : String(error)}`;
}
