/**
 * Says that it runs and waits until it is ended: the runtime with nothing in it.
 */
Deno.stdout.writeSync(new TextEncoder().encode("{}\n"));
await Deno.stdin.read(new Uint8Array(1));
