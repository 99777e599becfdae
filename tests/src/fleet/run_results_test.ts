import assert from "node:assert/strict";
import { createHeldResults } from "../../../src/fleet/held_results.ts";
import type { HostOutcome } from "../../../src/fleet/run.ts";
import { noteWith, RunResults } from "../../../src/fleet/run_results.ts";
import { execResult, NO_OUTPUT } from "../../helpers/sample_results.ts";
import { jobIdFor, someHosts } from "./_runs.ts";

function make(maxCharacters: number) {
  const held = createHeldResults(maxCharacters);
  const hosts: HostOutcome[] = someHosts(3).map((agent) => ({ agent, status: "succeeded" }));
  const host = (index: number) =>
    hosts[index] ?? { agent: { id: "?", name: "?" }, status: "waiting" as const };
  const results = new RunResults({ held, host, change: (index, changed) => void (hosts[index] = changed) });
  const take = (index: number, text: string) => {
    const result = execResult({ stdout: { ...NO_OUTPUT, head: text.repeat(9_000), bytes: 9_000 } });
    hosts[index] = { ...host(index), ...results.hold(index, "exec", result) };
  };
  return { held, hosts, results, take };
}

Deno.test("saveMemory() cuts all outputs first, and what comes after, and drops the newest if that is not enough", () => {
  const { held, hosts, results, take } = make(15_000);
  take(0, "a");
  take(1, "b");
  assert.ok(held.isOverfull);
  results.saveMemory(1);
  assert.ok(!held.isOverfull);
  assert.deepEqual(hosts.map(({ note }) => note), [
    "only the ends of its output are held",
    "only the ends of its output are held",
    undefined,
  ]);
  take(2, "c");
  assert.equal(hosts[2]?.note, "only the ends of its output are held");
  assert.ok(!held.isOverfull);
  take(0, "d");
  take(1, "e");
  assert.ok(held.characters < 15_000);
});

Deno.test("saveMemory() drops the newest result if cutting is not enough", () => {
  const { held, hosts, results, take } = make(4_000);
  take(0, "a");
  results.saveMemory(0);
  take(1, "b");
  results.saveMemory(1);
  assert.ok(!held.isOverfull);
  assert.deepEqual(hosts.map(({ result }) => result !== undefined), [true, false, false]);
  assert.match(hosts[1]?.note ?? "", /not held any more/);
});

Deno.test("dropAll() and release() give up all memory; only the first says so", () => {
  const { held, hosts, results, take } = make(1e6);
  take(0, "a");
  results.dropAll();
  assert.deepEqual([held.characters, hosts[0]?.result, hosts[0]?.note], [
    0,
    undefined,
    "its output is not held any more",
  ]);
  take(1, "b");
  results.release();
  assert.deepEqual([held.characters, hosts[1]?.note], [0, undefined]);
});

Deno.test("hold() takes small results of a write into no account, and large ones of a hostile host do count", () => {
  const { held, results } = make(1e6);
  assert.deepEqual(results.hold(0, "write_file", { path: "/a" }), { result: { path: "/a" } });
  assert.equal(held.characters, 0);
  results.hold(1, "write_file", { path: "/".repeat(20_000) });
  assert.ok(held.characters > 20_000);
});

Deno.test("noteWith() says where the output is, and nothing twice", () => {
  const agent = { id: "a", name: "a" };
  assert.equal(noteWith({ agent, status: "failed" }, "gone"), "gone");
  assert.equal(
    noteWith({ agent, status: "failed", job: jobIdFor("a"), note: "n" }, "gone"),
    "n; gone: read it with job_get",
  );
  assert.equal(noteWith({ agent, status: "failed", note: "gone; n" }, "gone"), "gone; n");
});
