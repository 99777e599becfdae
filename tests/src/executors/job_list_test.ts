import assert from "node:assert/strict";
import { createJobList } from "../../../src/executors/job_list.ts";
import { jobList } from "../../../src/protocol/operations/job_list.ts";
import { callContext } from "../../helpers/call_context.ts";
import { jobHost, linuxTest, shell } from "../jobs/_job_host.ts";

linuxTest("job_list lists jobs of every process, the newest first, by status and page", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const other = await host.open();
  const list = createJobList({ jobs });
  const ask = async (params: Parameters<typeof list>[0]) => {
    const result = jobList.result.parse(await list(params, callContext()));
    return [result.jobs.map(({ command }) => command), result.omitted];
  };
  assert.deepEqual(await ask({}), [[], 0]);
  for (const [n, on] of [jobs, other, jobs].entries()) {
    await (await on.start(shell("true", { shown: `ended ${n}` }))).ended;
  }
  const running = await other.start(shell("sleep 1000", { shown: `long ${"x".repeat(9_000)}` }));
  const [commands] = await ask({ status: "running" });
  assert.match(String(commands), /^long x{300,}.* \[\.\.\. \d+ characters\]$/);
  assert.deepEqual(await ask({ status: "ended" }), [["ended 2", "ended 1", "ended 0"], 0]);
  assert.deepEqual(await ask({ before: running.record.id, limit: 1 }), [["ended 2"], 2]);
  await assert.rejects(ask({ before: `j_${"a".repeat(20)}` }), /no such job/);
});

linuxTest("job_list does not show what somebody else runs in a higher mode", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  await (await jobs.start(shell("true", { shown: "login --password x" }))).ended;
  const { jobs: [listed] } = await createJobList({ jobs })(
    {},
    callContext({ mode: "plan", caller: { id: "zzdefghij2345672345z", name: "somebody", isLocal: false } }),
  );
  assert.equal(listed?.command, "(not shown: another agent started it in a higher mode)");
  assert.equal(listed?.status, "ended");
});
