/**
 * Everything that the demo starts, from the moment in which it exists: it can be ended at any time, and after that
 * nothing more starts.
 */

/** Thrown for a step that did not do what it says. */
export class DemoFailure extends Error {
  override readonly name = "DemoFailure";
}

/** Makes sure that a step did what it says. */
export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new DemoFailure(what);
}

/** The demo's processes and its folder. */
export class Stage implements AsyncDisposable {
  readonly #things = new AsyncDisposableStack();
  #isClosed = false;
  /** Where everything is kept; it is gone in the end. */
  readonly folder: string;

  constructor() {
    this.folder = Deno.makeTempDirSync({ prefix: "remote-agents-demo-" });
    // Added first, so it goes last.
    this.#things.defer(() => Deno.remove(this.folder, { recursive: true }));
  }

  /** Starts something that ends with the stage; what was started last ends first. */
  own<T extends AsyncDisposable>(start: () => T): T {
    if (this.#isClosed) throw new DemoFailure("the demo was ended");
    return this.#things.use(start());
  }

  /** Makes an empty folder. */
  createFolder(): string {
    return Deno.makeTempDirSync({ dir: this.folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#things.disposeAsync();
  }
}
