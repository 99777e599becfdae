/**
 * Tests that mostly wait, run at the same time as the steps of one test.
 */

/** What one of them does. */
export interface WaitingTest {
  readonly name: string;
  readonly fn: () => Promise<void>;
}

/** How many run at a time: two processors have to keep up. */
const AT_ONCE = 18;

/** Registers one test with the given steps. Its sanitizers cover them together; they cannot have their own. */
export function testSideBySide(name: string, tests: readonly WaitingTest[]): void {
  Deno.test(name, async (t) => {
    const waiting = tests.values();
    const work = async () => {
      for (const test of waiting) {
        await t.step({ ...test, sanitizeOps: false, sanitizeResources: false, sanitizeExit: false });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });
}
