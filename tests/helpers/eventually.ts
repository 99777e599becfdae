/**
 * Waiting for what only the outside shows and nobody announces: a process that is gone, a file that is there.
 */

/** Asks again and again until the answer is neither undefined nor false, and returns it. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 20_000 }: { readonly timeoutMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) {
      throw new Error(`Cannot go on: it was not so within ${timeoutMs} ms that ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** Writes a remark, such as a measured time, beside a test's result. */
export function note(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`# ${text}\n`));
}
