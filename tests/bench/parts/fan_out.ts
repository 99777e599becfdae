/**
 * One trivial command on many hosts: the product against the tools that reach hosts by ssh, all of them on loopback.
 */
import type { McpSession } from "../../helpers/mcp_client.ts";
import { openRoom } from "../../helpers/room.ts";
import type { PartOptions, PartReport } from "../report.ts";
import { measureInRounds } from "../rounds.ts";
import { isInstalled, type SshFleet, startSshFleet } from "../ssh_fleet.ts";
import { formatRatio, formatSpread, median } from "../statistics.ts";

const GOAL_RATIO = 10;
const ANSIBLE = "Ansible ad hoc (raw), ControlPersist";
/** Later calls of Ansible. */
const SLOW_ROUNDS = 2;
/** Agents that start at once: each takes the processor for a while. */
const STARTING = 8;

/** Times of one way in milliseconds, oldest first. */
type Times = readonly number[];

/** Measures the fan-out. */
export async function measureFanOut({ quick }: PartOptions): Promise<PartReport> {
  const hosts = quick ? 8 : 50;
  const rounds = quick ? 2 : 4;
  const { tool, free, held } = await measureOwn({ hosts, rounds });
  const others = await measureOthers({ hosts, rounds });
  const base = median(free.warm);
  const row = (label: string, first: number, times: Times) => [
    label,
    first.toFixed(0),
    formatSpread(times),
    formatRatio(median(times), base),
  ];
  const goals = others.ways.filter(({ name }) => name.startsWith("clush")).map(({ name, warm }) => ({
    goal: `fleet_exec of true at least ${GOAL_RATIO} times as fast as ${name}, ${hosts} hosts`,
    measured: `${formatRatio(median(warm), base)} (${base.toFixed(0)} against ${median(warm).toFixed(0)} ms)`,
    isMet: median(warm) >= GOAL_RATIO * base,
    why:
      "All hosts share this machine's processors: starting the commands, each from a process of its own, costs both sides " +
      "about the same, and a kept ssh connection makes no handshake either.",
  }));
  return {
    method:
      `${hosts} \`remote-agent run\` processes and a \`remote-agent mcp\` in one room, and ${hosts} names of one sshd ` +
      "on loopback with keys and configuration of its own, whose commands do not read the account's ~/.bashrc. Each side runs `true` once on every host, all at once; a round is " +
      `one such call. ${rounds} rounds after a first one, which opens what is kept; the ssh tools in turns, Ansible after them with ${SLOW_ROUNDS}. Median (lowest to ` +
      `highest). The product was called through ${tool}. In bypass mode an agent runs a command as sshd does; in edit mode it holds ` +
      "it in the system's sandbox, if there is one.",
    tables: [{
      title: `Milliseconds for \`true\` on ${hosts} hosts`,
      columns: ["way", "first call", "later calls", "against ours"],
      rows: [
        row("ours, bypass mode (no sandbox)", free.first, free.warm),
        row("ours, edit mode (sandbox)", held.first, held.warm),
        ...others.ways.map(({ name, first, warm }) => row(name, first, warm)),
      ],
    }],
    goals,
    notes: others.missing.map((name) => `Left out: ${name}.`),
  };
}

/** Calls of one way: the first, and the later ones. */
interface Calls {
  readonly first: number;
  readonly warm: Times;
}

/** Starts the agents and calls them all, without a sandbox and then with it. */
async function measureOwn(
  { hosts, rounds }: { readonly hosts: number; readonly rounds: number },
): Promise<{ readonly tool: string; readonly free: Calls; readonly held: Calls }> {
  await using room = await openRoom();
  const names = Array.from({ length: hosts }, (_, i) => `node${i + 1}`);
  const queue = names.values();
  const start = async () => {
    for (const name of queue) await room.agent(name, { mode: "bypass" });
  };
  await Promise.all(Array.from({ length: STARTING }, start));
  const session = await room.mcp({ mode: "edit" });
  await session.waitForAgents(...names);
  const { tools } = await session.client.listTools();
  const hasFleet = tools.some(({ name }) => name === "fleet_exec");
  const call = hasFleet ? () => callFleet(session, hosts) : () => callEach(session, names);
  const measure = async (): Promise<Calls> => {
    const first = await timed(call);
    const warm: number[] = [];
    for (let round = 0; round < rounds; round++) warm.push(await timed(call));
    return { first, warm };
  };
  const free = await measure();
  const lowered = await Promise.all(
    names.map((name) => session.call("set_mode", { agent_id: name, mode: "edit" })),
  );
  if (lowered.some(({ isError }) => isError)) throw new Error("Cannot measure: a mode was not set");
  const held = await measure();
  return { tool: hasFleet ? "fleet_exec" : "exec, one call a host", free, held };
}

async function callFleet(session: McpSession, hosts: number): Promise<void> {
  const answer = await session.call("fleet_exec", { target: "all", command: "true", parallel: hosts });
  const text = JSON.stringify(answer.structuredContent ?? answer.content);
  const counts = answer.structuredContent as { counts?: { hosts?: number; succeeded?: number } } | undefined; // Checked next.
  const isWhole = counts?.counts?.hosts === hosts && counts.counts.succeeded === hosts;
  if (answer.isError || !isWhole) throw new Error(`Cannot measure: a host did not run the command: ${text}`);
}

async function callEach(session: McpSession, names: readonly string[]): Promise<void> {
  const results = await Promise.all(names.map((name) => session.exec({ agent_id: name, command: "true" })));
  if (results.some(({ exitCode }) => exitCode !== 0)) throw new Error("Cannot measure: a command failed");
}

interface Way extends Calls {
  readonly name: string;
}

/** Measures what is installed of the others. */
async function measureOthers(
  { hosts, rounds }: { hosts: number; rounds: number },
): Promise<{ readonly ways: readonly Way[]; readonly missing: readonly string[] }> {
  const missing: string[] = [];
  await using stack = new AsyncDisposableStack();
  let fleet: SshFleet;
  try {
    fleet = stack.use(await startSshFleet(hosts));
  } catch (error) {
    return { ways: [], missing: [`clush and Ansible (${error instanceof Error ? error.message : error})`] };
  }
  const calls: Record<string, () => Promise<void>> = {};
  const nodes = fleet.names.join(",");
  if (await isInstalled("clush")) {
    const clush = (config: string) => () =>
      run("clush", ["-f", `${hosts}`, "-S", "-q", "-o", `-F ${config}`, "-w", nodes, "true"], {});
    calls["clush, a connection each"] = clush(fleet.plainConfig);
    calls["clush, ControlPersist"] = clush(fleet.keptConfig);
  } else missing.push("clush is not installed (Debian package clustershell)");
  if (await isInstalled("ansible")) {
    const inventory = `${fleet.folder}/inventory`;
    await Deno.writeTextFile(inventory, `${fleet.names.join("\n")}\n`);
    const env = {
      ANSIBLE_SSH_ARGS: `-F ${fleet.keptConfig}`,
      ANSIBLE_HOME: `${fleet.folder}/ansible`,
      ANSIBLE_LOCALHOST_WARNING: "False",
      ANSIBLE_HOST_KEY_CHECKING: "False",
    };
    calls[ANSIBLE] = () =>
      run("ansible", ["all", "-i", inventory, "-m", "raw", "-a", "true", "-f", `${hosts}`], env);
  } else missing.push("Ansible is not installed (Debian package ansible-core)");
  const firsts: Record<string, number> = {};
  for (const [name, call] of Object.entries(calls)) firsts[name] = await timed(call);
  const sides = Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, () => timed(call)]));
  const { [ANSIBLE]: slow, ...quick } = sides;
  const times: Record<string, readonly number[]> = await measureInRounds(quick, { rounds });
  // It takes several seconds each time, and differs less.
  if (slow !== undefined) times[ANSIBLE] = (await measureInRounds({ slow }, { rounds: SLOW_ROUNDS })).slow;
  return {
    ways: Object.keys(calls).map((name) => ({ name, first: firsts[name] ?? NaN, warm: times[name] ?? [] })),
    missing,
  };
}

async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const { success, stderr, stdout } = await new Deno.Command(program, {
    args: [...args],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return;
  const text = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  throw new Error(`Cannot measure ${program}: ${text.slice(0, 500)}`);
}

async function timed(call: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await call();
  return performance.now() - startedAt;
}
