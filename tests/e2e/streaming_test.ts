/**
 * Output of commands over the whole path with real processes: as it comes, in any size, byte for byte, and without
 * filling anybody's memory.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { OUTPUT_END_BYTES } from "../../src/protocol/operations/exec.ts";
import { eventually, note } from "../helpers/eventually.ts";
import { isAlive } from "../helpers/is_alive.ts";
import { MAX_PROCESS_BYTES, peakMemoryBytes } from "../helpers/memory.ts";
import { joinRoom } from "../helpers/peer_client.ts";
import { within } from "../helpers/processes.ts";
import { openRoom, type TestRoom } from "../helpers/room.ts";

const MIB = 1024 * 1024;

/** Prints exactly so many bytes, no two lines of which are the same. */
const numbers = (bytes: number) => `seq 1 99999999 | head -c ${bytes}`;

/** What the command really prints: run here by a shell, without any of the code under test. */
async function expected(bytes: number) {
  const run = async (command: string) => {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", command], stderr: "null" }).output();
    return new TextDecoder().decode(stdout);
  };
  const [sum, head, tail] = await Promise.all([
    run(`${numbers(bytes)} | sha256sum`),
    run(`${numbers(bytes)} | head -c ${OUTPUT_END_BYTES}`),
    run(`${numbers(bytes)} | tail -c ${OUTPUT_END_BYTES}`),
  ]);
  return { sha256: sum.slice(0, 64), head, tail };
}

async function assertMemory(what: string, pids: Readonly<Record<string, number>>): Promise<void> {
  const peaks = await Promise.all(
    Object.entries(pids).map(async ([name, pid]) => [name, await peakMemoryBytes(pid)] as const),
  );
  note(
    `memory after ${what}: ${
      peaks.map(([name, bytes]) => `${name} ${Math.round(bytes / MIB)} MiB`).join(", ")
    }`,
  );
  for (const [name, bytes] of peaks) assert.ok(bytes < MAX_PROCESS_BYTES, `${name} took ${bytes} bytes`);
}

async function twoMachines(room: TestRoom) {
  const [agent, mcp] = await Promise.all([room.agent("web-1"), room.mcp()]);
  await mcp.waitForAgents("web-1");
  return { agent, mcp };
}

for (const bytes of [MIB, 200 * MIB]) {
  const name = `${bytes / MIB} MiB`;
  Deno.test(`exec over MCP reports ${name} of output with its exact size, head and tail, in bounded memory`, async () => {
    await using room = await openRoom();
    const { agent, mcp } = await twoMachines(room);
    const startedAt = performance.now();
    let notifications = 0;
    const [{ stdout, stderr, exitCode }, { head, tail }] = await Promise.all([
      mcp.exec({ agent_id: "web-1", command: numbers(bytes) }, { onProgress: () => void notifications++ }),
      expected(bytes),
    ]);
    note(
      `${name} over MCP in ${Math.round(performance.now() - startedAt)} ms, ${notifications} notifications`,
    );
    assert.deepEqual([stdout.bytes, stderr.bytes, exitCode], [bytes, 0, 0]);
    assert.equal(stdout.truncated, true);
    assert.equal(stdout.head, head);
    assert.ok(tail.endsWith(stdout.tail) && stdout.tail.length > OUTPUT_END_BYTES - 8, "the tail is the end");
    await assertMemory(name, { relay: room.relay.pid, run: agent.pid, mcp: mcp.pid });
  });

  Deno.test(`${name} of output arrive at the caller byte for byte`, async () => {
    await using room = await openRoom();
    const agent = await room.agent("web-1");
    const peer = room.own(await joinRoom(room.env));
    const hash = createHash("sha256");
    let received = 0;
    const [result, { sha256 }] = await Promise.all([
      peer.exec("web-1", { command: numbers(bytes) }, {
        onOutput: (_channel, chunk) => {
          received += chunk.length;
          hash.update(chunk);
        },
      }),
      expected(bytes),
    ]);
    assert.deepEqual([received, result.stdout.bytes], [bytes, bytes]);
    assert.equal(hash.digest("hex"), sha256);
    assert.deepEqual(peer.anomalies(), {});
    await assertMemory(name, { relay: room.relay.pid, run: agent.pid });
  });
}

Deno.test("a caller that takes its output slowly slows the command down and nobody's memory grows", async () => {
  await using room = await openRoom();
  const agent = await room.agent("web-1");
  const peer = room.own(await joinRoom(room.env));
  const file = `${room.folder}/written`;
  const gate = Promise.withResolvers<void>();
  let received = 0;
  const bytes = 64 * MIB;
  // The file tells what the pipe took: without back-pressure it would take all of it at once.
  const running = peer.exec("web-1", {
    command: `for i in $(seq 1 64); do head -c ${MIB} /dev/zero; echo $i > ${file}; done`,
  }, {
    onOutput: async (_channel, chunk) => {
      received += chunk.length;
      await gate.promise;
    },
  });
  const written = async () => Number(await Deno.readTextFile(file).catch(() => "0"));
  await eventually("the command wrote something", async () => await written() > 0);
  // Everything between is full when the count stands still.
  let before = -1;
  await eventually("the command stands still", async () => {
    const now = await written();
    const isStill = now === before;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return isStill;
  });
  assert.ok(before < 32, `the command wrote ${before} MiB although nobody took more than ${received} bytes`);
  const quick = await peer.exec("web-1", { command: "seq 1 1000" });
  assert.equal(quick.stdout.bytes, 3893, "a stalled output holds up no other call");
  gate.resolve();
  const result = await running;
  assert.deepEqual([received, result.stdout.bytes, result.exitCode], [bytes, bytes, 0]);
  await assertMemory("a slow caller", { relay: room.relay.pid, run: agent.pid });
});

Deno.test("any bytes reach the caller as they are, on both channels", async () => {
  await using room = await openRoom();
  await room.agent("web-1");
  const peer = room.own(await joinRoom(room.env));
  const data = crypto.getRandomValues(new Uint8Array(48 * 1024));
  const file = `${room.folder}/random`;
  await Deno.writeFile(file, data);
  const chunks: Record<string, Uint8Array<ArrayBuffer>[]> = { stdout: [], stderr: [] };
  const result = await peer.exec("web-1", { command: `cat ${file}; cat ${file} >&2` }, {
    onOutput: (channel, chunk) => void chunks[channel]?.push(chunk.slice()),
  });
  for (const channel of ["stdout", "stderr"] as const) {
    const received = new Uint8Array(await new Blob(chunks[channel]).arrayBuffer());
    assert.deepEqual(received, data);
    assert.equal(result[channel].bytes, data.length);
    assert.equal(result[channel].invalidUtf8, true);
  }
});

Deno.test("progress notifications carry output lines while the command runs", async () => {
  await using room = await openRoom();
  const { mcp } = await twoMachines(room);
  for (const where of [{ agent_id: "web-1" }, {}]) {
    const gate = `${await room.home()}/go-on`;
    let seen = "";
    const ready = Promise.withResolvers<void>();
    const running = mcp.exec({
      ...where,
      command: `echo first; echo problem >&2; until [ -e ${gate} ]; do sleep 0.02; done; echo last`,
    }, {
      onProgress: (message) => {
        seen += message;
        if (seen.includes("first") && seen.includes("problem")) ready.resolve();
      },
    });
    await within(ready.promise, 20_000, () => new Error(`Only this was shown: ${seen}`));
    assert.ok(!seen.includes("last"));
    await Deno.writeTextFile(gate, "");
    const result = await running;
    assert.equal(result.stdout.head, "first\nlast\n");
    // The client drops a notification that comes in one read with the answer, so "last" may be missing here.
    const lines = seen.split("\n").filter((line) => line !== "" && line !== "last");
    assert.deepEqual(lines.toSorted(), ["first", "problem"]);
  }
});

Deno.test("cancelling a call stops its command on the other machine and on this one", async () => {
  await using room = await openRoom();
  const { mcp } = await twoMachines(room);
  for (const where of [{ agent_id: "web-1" }, {}]) {
    const controller = new AbortController();
    const started = Promise.withResolvers<number>();
    const running = mcp.exec({ ...where, command: "sleep 300 & echo $$; wait" }, {
      signal: controller.signal,
      onProgress: (message) => started.resolve(Number(message.trim())),
    });
    // The rejection may come before anybody waits for it.
    running.catch(() => {});
    const pid = await started.promise;
    const children = await childrenOf(pid);
    assert.equal(children.length, 1);
    controller.abort();
    await assert.rejects(running);
    for (const gone of [pid, ...children]) await eventually("the command is gone", () => !isAlive(gone));
  }
  assert.equal((await mcp.info("web-1")).running, 0);
});

async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return text.trim().split(/\s+/).filter((word) => word !== "").map(Number);
}
