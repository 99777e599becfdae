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

const mapReduces: Fleet["mapReduces"] = {
  hostsFor: () => assert.fail("Hosts were asked for"),
  start: () => assert.fail("A distributed run was begun"),
  resume: () => assert.fail("A distributed run was resumed"),
  find: () => assert.fail("A distributed run was looked for"),
  recent: () => assert.fail("Distributed runs were listed"),
  onChange: () => () => {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Fails whatever is asked beyond `parts`. */
export function fakeFleet(
  { runs: ofRuns, mapReduces: ofMapReduces, ...parts }: Partial<Omit<Fleet, "runs" | "mapReduces">> & {
    runs?: Partial<Fleet["runs"]>;
    mapReduces?: Partial<Fleet["mapReduces"]>;
  } = {},
): Fleet {
  return {
    call: () => assert.fail("An operation was called"),
    list: () => assert.fail("A list was asked for"),
    present: () => assert.fail("The agents were asked for"),
    addressOf: () => assert.fail("An address was asked for"),
    onAgentsChange: () => () => {},
    ...parts,
    runs: { ...runs, ...ofRuns },
    mapReduces: { ...mapReduces, ...ofMapReduces },
  };
}
