import assert from "node:assert/strict";
import { type ProcessReport, publishProcess, readProcesses } from "../../../src/host/process_files.ts";
import { eventually } from "../../helpers/eventually.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const REPORT: ProcessReport = {
  pid: Deno.pid,
  role: "service",
  version: "1.2.3",
  name: "web-1",
  id: "abcdefghij2345672345",
  startedAt: "2026-01-01T00:00:00.000Z",
  relay: "ws://relay.example",
  connection: "connected",
  mode: "plan",
  maxMode: "edit",
  sandbox: "bubblewrap",
  running: 0,
  queued: 0,
  jobs: 0,
  problems: [],
};

Deno.test("a process is seen while it runs, and gone when it has ended", async () => {
  await using temporary = await temporaryFolder();
  assert.deepEqual(await readProcesses(temporary.folder), []);
  {
    await using _published = await publishProcess(temporary.folder, () => REPORT);
    const [entry] = await eventually("it is there", async () => {
      const entries = await readProcesses(temporary.folder);
      return entries.length > 0 ? entries : undefined;
    });
    const { isAlive, heardAt, ...report } = entry ?? assert.fail("there is none");
    assert.deepEqual(report, REPORT);
    assert.equal(isAlive, true);
    assert.equal((await readProcesses(temporary.folder, heardAt + 60_000))[0]?.isAlive, false);
  }
  assert.deepEqual(await readProcesses(temporary.folder), []);
});

Deno.test("readProcesses() leaves out what is no report, and removes what is a day old", async () => {
  await using temporary = await temporaryFolder();
  const folder = `${temporary.folder}/processes`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/1.json`, "{");
  await Deno.writeTextFile(`${folder}/2.json`, JSON.stringify(REPORT));
  assert.equal((await readProcesses(temporary.folder)).length, 1);
  assert.deepEqual(await readProcesses(temporary.folder, Date.now() + 48 * 3_600_000), []);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
});
