/**
 * A process with jobs that kills itself at a point of their lives, as a crash would. Started by `runner_crash_test.ts` with the
 * state folder, the point, and a number that says when.
 */
import { spawnProcess } from "../../../src/host/spawn.ts";
import { openJobs } from "../../../src/jobs/runner.ts";
import { shell } from "./_job_host.ts";

const [folder = "", point = "", when = "0"] = Deno.args;
const count = Number(when);
/** By the mark the test finds what is left, also what the index does not know. */
const MARKED = { PATH: "/usr/bin:/bin", RA_CRASH_TEST: Deno.env.get("RA_CRASH_TEST") ?? "" };

/** Nothing is flushed, closed or written after this. */
function crash(): void {
  Deno.kill(Deno.pid, "SIGKILL");
}

/** Crashes the n-th time that it is asked at this point. */
const asked = new Map<string, number>();
function at(name: string): void {
  const times = (asked.get(name) ?? 0) + 1;
  asked.set(name, times);
  if (name === point && times > count) crash();
}

if (point === "random") setTimeout(crash, count);
const jobs = await openJobs({
  stateFolder: folder,
  limits: { memoryBytes: 5_000 },
  spawn: async (options, { onStart, onOutput }) => {
    at("after insert");
    return await spawnProcess(options, {
      onStart: (pid) => {
        onStart?.(pid);
        at("after start");
      },
      onOutput: async (stream, bytes) => {
        at("at output");
        await onOutput(stream, bytes);
        at("after output");
      },
    });
  },
});
for (let n = 0; n < 4; n++) {
  at("before insert");
  // What it leaves in the file shows how often it ran; without a reader it ends at its next line.
  const name = `${Deno.pid}.${n}`;
  const line = n === 3
    ? `echo ${name} >> ${folder}/runs; exec sleep 1000`
    : `echo ${name} >> ${folder}/runs; seq 1 60000`;
  const job = await jobs.start(
    shell(line, { shown: name, command: { ...shell(line).command, env: MARKED } }),
  );
  if (n !== 1) await job.detach();
}
at("after all");
// Until the crash; whoever started it kills it in the end.
setInterval(() => {}, 1_000);
