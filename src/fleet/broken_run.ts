/**
 * What is known of a run whose program ended in the middle. Pure; used when such a run is read back.
 */
import type { HostOutcome, RunRecord } from "./run.ts";

const UNKNOWN = "the program that asked it ended before it answered, so it is not known what became of it";
const NOT_BEGUN = "the program that carried out the run ended before this host was begun";
const REASON = "The program that carried it out ended in the middle";

/**
 * Returns the run as it stands without its program: commands that run on as jobs go on, and can be followed; of the other hosts that
 * had not ended, those that were asked are gone, and those that were not are skipped.
 *
 * @param now - milliseconds since 1970
 */
export function breakOff(record: RunRecord, now: number): RunRecord {
  const hosts = record.hosts.map(breakOffHost);
  if (record.status !== "running") return { ...record, hosts };
  if (hosts.some((host, index) => host !== record.hosts[index])) {
    return { ...record, hosts, status: "lost", reason: REASON, endedAt: now };
  }
  if (hosts.some(({ status }) => status === "running")) return { ...record, hosts };
  return { ...record, hosts, status: "ended", endedAt: now };
}

function breakOffHost(host: HostOutcome): HostOutcome {
  if (host.status === "waiting") return { ...host, status: "skipped", note: NOT_BEGUN };
  if (host.status === "running" && host.job === undefined) return { ...host, status: "gone", note: UNKNOWN };
  return host;
}
