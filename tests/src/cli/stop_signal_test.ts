import assert from "node:assert/strict";

const MODULE = new URL("../../../src/cli/stop_signal.ts", import.meta.url).href;

/** Runs a script that watches the signals, as a process of its own. */
async function watching(script: string): Promise<Deno.CommandOutput> {
  const code = `import { watchStopSignals } from "${MODULE}";
    const stop = watchStopSignals();
    const aborted = new Promise((resolve) => stop.signal.addEventListener("abort", resolve, { once: true }));
    const waiting = setTimeout(() => Deno.exit(99), 20_000);
    ${script}`;
  return await new Deno.Command(Deno.execPath(), { args: ["eval", code], stdin: "null" }).output();
}

for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.test({
    name: `watchStopSignals() turns the first ${name} into an abort, and leaves the second one alone`,
    ignore: Deno.build.os === "windows",
    async fn() {
      const once = await watching(`Deno.kill(Deno.pid, "${name}"); await aborted; Deno.exit(7);`);
      assert.equal(once.code, 7);
      const twice = await watching(
        `Deno.kill(Deno.pid, "${name}"); await aborted; Deno.kill(Deno.pid, "${name}"); await waiting; ` +
          "await new Promise(() => {});",
      );
      assert.equal(twice.signal, name);
    },
  });
}

Deno.test({
  name: "watchStopSignals() ends its watch when it is disposed of, also after a signal",
  ignore: Deno.build.os === "windows",
  async fn() {
    const ended = await watching(
      'stop[Symbol.dispose](); Deno.kill(Deno.pid, "SIGTERM"); await new Promise(() => {});',
    );
    assert.equal(ended.signal, "SIGTERM");
    const after = await watching(
      'Deno.kill(Deno.pid, "SIGTERM"); await aborted; stop[Symbol.dispose](); Deno.exit(7);',
    );
    assert.equal(after.code, 7);
  },
});
