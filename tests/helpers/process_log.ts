/**
 * The lines that a process wrote to stderr, and waiting for one of them instead of sleeping.
 */

/** How long a line is waited for unless a test says otherwise; long, as machines that run tests are busy. */
const WAIT_MS = 30_000;

/** Lines as they come. */
export class ProcessLog {
  readonly #lines: string[] = [];
  readonly #waiters = new Set<() => void>();
  #hasEnded = false;

  /** All lines so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** All lines so far as one text. */
  get text(): string {
    return this.#lines.join("\n");
  }

  /** Takes the lines of a stream until it ends. */
  async read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    try {
      for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.push(line);
      }
    } finally {
      if (rest !== "") this.push(rest);
      this.#hasEnded = true;
      this.#wake();
    }
  }

  /** Takes one line. */
  push(line: string): void {
    this.#lines.push(line);
    this.#wake();
  }

  /**
   * Waits for a line that matches, and returns the match.
   *
   * @param options.from - index of the first line that counts, so that a test can wait for a new one. @default 0
   */
  async waitFor(
    pattern: RegExp,
    { from = 0, timeoutMs = WAIT_MS }: { readonly from?: number; readonly timeoutMs?: number } = {},
  ): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeoutMs;
    for (let at = from;;) {
      for (; at < this.#lines.length; at++) {
        const match = pattern.exec(this.#lines[at] ?? "");
        if (match !== null) return match;
      }
      const leftMs = deadline - performance.now();
      if (this.#hasEnded || leftMs <= 0) {
        const why = this.#hasEnded ? "the process ended" : `it did not come in ${timeoutMs} ms`;
        throw new Error(`Cannot find a line like ${pattern}: ${why}. The log is:\n${this.text}`);
      }
      await this.#change(leftMs);
    }
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  async #change(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#waiters.add(resolve);
    await promise;
    this.#waiters.delete(resolve);
    clearTimeout(timer);
  }
}
