/**
 * A fleet of which nothing is asked but what a test gives.
 */
import assert from "node:assert/strict";
import type { Fleet } from "../../../src/fleet/fleet.ts";

const runs: Fleet["runs"] = {
  start: () => assert.fail("A run was begun"),
  find: () => assert.fail("A run was looked for"),
  recent: () => assert.fail("Runs were listed"),
  onChange: () => () => {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Fails whatever is asked beyond `parts`. */
export function fakeFleet(
  { runs: ofRuns, ...parts }: Partial<Omit<Fleet, "runs">> & { runs?: Partial<Fleet["runs"]> } = {},
): Fleet {
  return {
    call: () => assert.fail("An operation was called"),
    list: () => assert.fail("A list was asked for"),
    present: () => assert.fail("The agents were asked for"),
    onAgentsChange: () => () => {},
    ...parts,
    runs: { ...runs, ...ofRuns },
  };
}
