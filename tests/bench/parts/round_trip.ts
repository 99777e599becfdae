/**
 * The round trip of a request through relay and encryption, against the same work in this process.
 */
import { outside } from "../../helpers/local_host.ts";
import { openBypassHost, runPlain } from "../programs/commands.ts";
import type { PartOptions, PartReport } from "../report.ts";
import { openBenchRoom } from "../room.ts";
import { measureInRounds } from "../rounds.ts";
import { median, percentile } from "../statistics.ts";

const TRUE = { argv: ["true"] };
const GOAL_MS = 3;
const WARM_UP = 20;

/** Measures round trips. */
export async function measureRoundTrip({ quick }: PartOptions): Promise<PartReport> {
  const rounds = quick ? 40 : 300;
  await using room = await openBenchRoom();
  await using host = await openBypassHost();
  const { executors } = host;
  const { signal } = new AbortController();
  const works = {
    plainSpawn: () => runPlain("true"),
    localExec: () => executors.execute("exec", TRUE, outside({ signal })),
    remoteExec: () => room.request({ op: "exec", params: TRUE }),
    localInfo: () => executors.execute("get_info", {}, outside({ signal })),
    remoteInfo: () => room.request({ op: "get_info", params: {} }),
  };
  const timed = (work: () => Promise<unknown>) => async () => {
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  };
  const measures = {
    plainSpawn: timed(works.plainSpawn),
    localExec: timed(works.localExec),
    remoteExec: timed(works.remoteExec),
    localInfo: timed(works.localInfo),
    remoteInfo: timed(works.remoteInfo),
  };
  await measureInRounds(measures, { rounds: WARM_UP });
  const times = await measureInRounds(measures, { rounds });
  const row = (label: string, values: readonly number[]) => [
    label,
    ms(median(values)),
    ms(percentile(values, 0.99)),
    `+${ms(median(values) - median(times.plainSpawn))}`,
  ];
  const behindMs = median(times.remoteExec) - median(times.plainSpawn);
  const groupMs = median(times.localExec) - median(times.plainSpawn);
  return {
    method:
      `A relay and an agent as processes of their own; the caller is a peer in the measuring process. One call at a ` +
      `time, ${rounds} of each in turns, after ${WARM_UP} that do not count. The plain spawn is ` +
      '`new Deno.Command("true").output()` in the measuring process; "in process" is the product\'s executor there.',
    tables: [{
      title: "Milliseconds from call to answer",
      columns: ["call", "p50", "p99", "p50 against plain spawn"],
      rows: [
        row("plain local spawn of true", times.plainSpawn),
        row("exec of true, in process", times.localExec),
        row("exec of true, remote", times.remoteExec),
        [...row("get_info, in process", times.localInfo).slice(0, 3), ""],
        [...row("get_info, remote", times.remoteInfo).slice(0, 3), ""],
      ],
    }],
    goals: [{
      goal: `Remote exec of true within ${GOAL_MS} ms of a local spawn at p50`,
      measured: `${ms(behindMs)} ms behind`,
      isMet: behindMs <= GOAL_MS,
      why:
        `Of that, ${
          ms(groupMs)
        } ms are what the executor adds to a plain spawn, part of it the start through ` +
        "setsid(1), one more exec (see the tables on starting commands); get_info, the way " +
        `through relay and encryption without a command, takes ${ms(median(times.remoteInfo))} ms.`,
    }],
    notes: [],
  };
}

function ms(value: number): string {
  return value.toFixed(value < 0.1 ? 3 : 2);
}
