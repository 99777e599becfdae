import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { OperationError } from "../../../../src/errors.ts";
import { fleetTool } from "../../../../src/mcp/tools/fleet_tools.ts";
import { undoRun } from "../../../../src/mcp/tools/undo_run.ts";
import type { ResultOf } from "../../../../src/protocol/operation.ts";
import { execResult } from "../../../helpers/sample_results.ts";
import { type Asked, failing } from "../../fleet/_runs.ts";
import { summary } from "../_resource_source.ts";
import { toolWorld } from "./_tool_world.ts";

const WRITE = fleetTool("fleet_write");
const SHA = createHash("sha256").update("new").digest("hex");
const [A, B] = [summary("web-a").id, summary("web-b").id];

function written(changes: Partial<ResultOf<"write_file">> = {}): ResultOf<"write_file"> {
  return {
    path: "/x",
    created: false,
    changed: true,
    bytes: 3,
    sha256: SHA,
    previousSha256: "0".repeat(64),
    backupId: 4,
    ...changes,
  };
}

/** `web-a` overwrote the file, `web-b` made it; both undo it. */
function host({ agent, op, params }: Asked): unknown {
  if (op === "write_file") return agent === A ? written() : written({ created: true, backupId: null });
  if (op === "remove_file") {
    return { path: "/x", removed: true, bytes: 3, previousSha256: SHA, linkTarget: null, backupId: 9 };
  }
  assert.equal(op, "backup_restore", JSON.stringify(params));
  return written({ sha256: "0".repeat(64), backupId: 8 });
}

Deno.test("undo_run restores what was overwritten and removes what was made, if nobody changed it since", async () => {
  await using world = await toolWorld(host);
  const first = await world.call(WRITE, { target: "web", path: "/x", content: "new" });
  assert.match(first.text, /undo_run with run "r_[a-z2-7]{20}" puts back what was overwritten$/);
  const { folded, hasFailed, text } = await world.call(undoRun, { run: first.folded.run });
  assert.deepEqual([folded.tool, folded.counts.succeeded, hasFailed], ["undo_run", 2, false]);
  assert.notEqual(folded.run, first.folded.run);
  assert.deepEqual(world.asked.slice(2), [
    { agent: A, op: "backup_restore", params: { id: 4, expected_sha256: SHA } },
    { agent: B, op: "remove_file", params: { path: "/x", expected_sha256: SHA } },
  ]);
  assert.doesNotMatch(text, /retry_failed|undo_run with/);
});

Deno.test("undo_run with force does not ask what is there", async () => {
  await using world = await toolWorld(host);
  const { folded } = await world.call(WRITE, { target: "web", path: "/x", content: "new" });
  await world.call(undoRun, { run: folded.run, force: true });
  assert.deepEqual(world.asked.slice(2).map(({ params }) => params), [{ id: 4 }, { path: "/x" }]);
});

Deno.test("undo_run tells of hosts that changed since or have left, and not to retry it as another tool", async () => {
  await using world = await toolWorld((asked) => {
    if (asked.op === "write_file") return host(asked);
    return asked.agent === A
      ? failing("cannot_run", "Its sha256 is another")
      : failing("unknown_agent", "It has left");
  });
  const first = await world.call(WRITE, { target: "web", path: "/x", content: "new" });
  const { folded, hasFailed, text } = await world.call(undoRun, { run: first.folded.run });
  assert.deepEqual([folded.counts.failed, folded.counts.gone, hasFailed], [1, 1, true]);
  assert.doesNotMatch(text, /retry_failed/);
});

Deno.test("undo_run refuses a run that writes no files, and asks nobody", async () => {
  await using world = await toolWorld(() => execResult());
  const { folded } = await world.call(fleetTool("fleet_exec"), { target: "web", command: "x" });
  const before = world.asked.length;
  await assert.rejects(world.call(undoRun, { run: folded.run }), /overwrites no files$/);
  assert.equal(world.asked.length, before);
});

Deno.test("undo_run without a connection does not begin", async () => {
  let isConnected = true;
  const room = [summary("web-a", { tags: ["web"] })];
  await using world = await toolWorld(host, {
    present: () =>
      isConnected
        ? Promise.resolve(room)
        : Promise.reject(new OperationError("not_connected", "No connection")),
  });
  const { folded } = await world.call(WRITE, { target: "web", path: "/x", content: "new" });
  isConnected = false;
  await assert.rejects(world.call(undoRun, { run: folded.run }), { code: "not_connected" });
  assert.equal(world.asked.length, 1);
});
