/**
 * The steps of the demo. Each checks what it shows, so the demo fails where the product does.
 */
import { randomBytes } from "node:crypto";
import { type McpSession, prepareMcp, ToolError } from "../helpers/mcp_client.ts";
import {
  NODE_ARGS,
  NODE_JOINED,
  type RealProcess,
  RELAY_ARGS,
  RELAY_READY,
  startProcess,
} from "../helpers/processes.ts";
import { formatMs, heading, paint, remark, row, table } from "./_screen.ts";
import { check, type Stage } from "./_stage.ts";

const MACHINES = [
  { name: "web-1", tags: "web,eu" },
  { name: "web-2", tags: "web,us" },
  { name: "db-1", tags: "db,eu" },
] as const;

const PARTS = 8;
const PART_BYTES = 4 * 1024 * 1024;
const KILL_LIMIT_MS = 2_000;

/** What the demo looks at in the answer of a fleet tool. */
interface FleetAnswer {
  readonly counts: { readonly hosts: number; readonly succeeded: number };
  readonly groups: readonly { readonly hosts: string; readonly text: string }[];
}

interface Cast {
  readonly agents: ReadonlyMap<string, RealProcess>;
  readonly mcp: McpSession;
}

/** Plays all steps. @throws {DemoFailure} If one did not do what it says. */
export async function playStory(stage: Stage): Promise<void> {
  const cast = await start(stage);
  await listThem(cast);
  await runOnEach(cast);
  await runOnAll(cast);
  await countWords(cast);
  await streamOutput(cast);
  await killOne(cast, stage);
}

async function start(stage: Stage): Promise<Cast> {
  heading(
    1,
    "Start",
    "a relay, three agents with homes of their own, an assistant's MCP server: five processes",
  );
  const startedAt = performance.now();
  const since = () => performance.now() - startedAt;
  const relay = stage.own(() =>
    startProcess({ args: [...RELAY_ARGS, "--bind", "127.0.0.1:0"], detached: true })
  );
  const [, url = ""] = await relay.log.waitFor(RELAY_READY);
  row("relay", `${url}  holds no key and no name`, since());

  const env = {
    REMOTE_AGENTS_RELAY: url,
    REMOTE_AGENTS_ROOM: "demo",
    REMOTE_AGENTS_TOKEN: randomBytes(32).toString("base64url"),
    REMOTE_AGENTS_MODE: "edit",
    // The commands tell whose children they are; a sandbox would stand in between.
    REMOTE_AGENTS_SANDBOX: "off",
  };
  const agents = new Map<string, RealProcess>();
  const startAgent = async ({ name, tags }: (typeof MACHINES)[number]) => {
    const agent = stage.own(() =>
      startProcess({
        args: [...NODE_ARGS, "run", "--name", name, "--tags", tags],
        env: { REMOTE_AGENTS_HOME: stage.createFolder(), ...env },
        detached: true,
      })
    );
    await agent.log.waitFor(NODE_JOINED);
    agents.set(name, agent);
    row(name, `process ${agent.pid}, tags ${tags}`, since());
  };
  const startMcp = async () => {
    const home = stage.createFolder();
    const server = stage.own(() => prepareMcp({ home, env, args: ["--name", "assistant"] }));
    const mcp = await server.connect();
    const { tools } = await mcp.client.listTools();
    const names = tools.map(({ name }) => name);
    check(
      names.includes("exec") && names.includes("list_agents"),
      `the tools are there, not ${names.join(", ")}`,
    );
    row(
      "assistant",
      `process ${mcp.pid}, MCP ${mcp.client.getNegotiatedProtocolVersion()}, ${names.length} tools`,
    );
    return mcp;
  };
  const [mcp] = await Promise.all([startMcp(), ...MACHINES.map(startAgent)]);
  return { agents, mcp };
}

async function listThem({ mcp }: Cast): Promise<void> {
  heading(2, "Who is there?", "list_agents");
  const list = await mcp.waitForAgents(...MACHINES.map(({ name }) => name));
  for (const { name, tags } of MACHINES) {
    const entry = list.find((candidate) => candidate.name === name);
    check(entry?.tags.join() === tags, `${name} is listed with the tags ${tags}`);
    check(entry.accepts && entry.mode === "edit", `${name} is listed as one that runs commands`);
  }
  table([
    ["NAME", "ID", "TAGS", "MODE", "ROUND TRIP"],
    ...list.map(({ name, id, tags, mode, latencyMs, isSelf }) => [
      name,
      id,
      tags.join(",") || "-",
      mode,
      isSelf ? "this one" : latencyMs === null ? "-" : `${latencyMs} ms`,
    ]),
  ]);
}

async function runOnEach({ mcp, agents }: Cast): Promise<void> {
  const command = "uname -sr; echo $PPID";
  heading(3, "A command on each", `exec: ${command}`);
  await Promise.all(MACHINES.map(async ({ name }) => {
    const startedAt = performance.now();
    const { stdout, exitCode, agent } = await mcp.exec({ agent_id: name, command });
    const [system = "", parent = ""] = stdout.head.split("\n");
    const pid = agents.get(name)?.pid;
    check(exitCode === 0 && agent.name === name, `the command ran on ${name}`);
    check(parent === `${pid}`, `the agent ${pid} itself ran the command, not ${parent}`);
    row(name, `${system}, run by process ${parent}`, performance.now() - startedAt);
  }));
}

async function runOnAll({ mcp }: Cast): Promise<void> {
  heading(4, "One command on all", 'fleet_exec on "web | db", and on "web & !us"');
  const startedAt = performance.now();
  const all = await mcp.call("fleet_exec", { target: "web | db", command: "uname -s" });
  const { counts, groups } = all.structuredContent as FleetAnswer;
  check(counts.hosts === 3 && counts.succeeded === 3, "all three succeeded");
  check(
    groups.length === 1 && groups[0]?.hosts === "db-1,web-[1-2]",
    `they said the same and are one group, not ${groups[0]?.hosts}`,
  );
  row("3 hosts", `${groups[0]?.hosts}: ${groups[0]?.text}`, performance.now() - startedAt);
  const some = await mcp.call("fleet_exec", { target: "web & !us", command: "uptime" });
  check((some.structuredContent as FleetAnswer).counts.hosts === 1, "the target means one of them");
  row("web & !us", (some.structuredContent as FleetAnswer).groups[0]?.hosts ?? "");
}

async function countWords({ mcp }: Cast): Promise<void> {
  heading(5, "Words counted by all", "mapreduce with keys: 3 pieces, 2 reduces");
  const startedAt = performance.now();
  const { structuredContent } = await mcp.call("mapreduce", {
    data: ["the quick brown fox", "the lazy dog", "the end"],
    partitions: 3,
    key: true,
    reducers: 2,
    map_fn: "tr ' ' '\\n' | sed 's/$/\\t1/'",
    reduce_fn: "cut -f1 | uniq -c | awk '{ print $2 \"\\t\" $1 }'",
  });
  const { result } = structuredContent as { result?: { text: string } };
  const expected = "brown\t1\ndog\t1\nend\t1\nfox\t1\nlazy\t1\nquick\t1\nthe\t3\n";
  check(result?.text === expected, `the counts are right, not ${JSON.stringify(result?.text)}`);
  row("result", expected.trim().replaceAll("\t", " ").replaceAll("\n", ", "), performance.now() - startedAt);
}

async function streamOutput({ mcp }: Cast): Promise<void> {
  const mib = PARTS * PART_BYTES / 2 ** 20;
  heading(
    6,
    "A long output as it comes",
    `exec on web-1, ${mib} MiB in ${PARTS} parts, progress notifications`,
  );
  const startedAt = performance.now();
  const shown: number[] = [];
  const result = await mcp.exec({
    agent_id: "web-1",
    command: `for i in $(seq 1 ${PARTS}); do head -c ${PART_BYTES} /dev/zero | tr '\\0' .; ` +
      `echo; echo "part $i of ${PARTS}"; sleep 0.15; done`,
  }, {
    onProgress(message) {
      for (const [, part] of message.matchAll(/^part (\d+) of/gm)) {
        shown.push(Number(part));
        row(`part ${part}`, "#".repeat(Math.round(30 * Number(part) / PARTS)), performance.now() - startedAt);
      }
    },
  });
  const tookMs = performance.now() - startedAt;
  const { bytes, tail, truncated } = result.stdout;
  const expected = PARTS * (PART_BYTES + 1 + `part 1 of ${PARTS}\n`.length);
  const inOrder = shown.every((part, i) => part > (shown[i - 1] ?? 0));
  check(
    inOrder && shown.length >= PARTS / 2,
    `the parts are shown in order as they come, not ${shown.join()}`,
  );
  check(bytes === expected, `${expected} bytes arrived, not ${bytes}`);
  check(truncated && tail.endsWith(`part ${PARTS} of ${PARTS}\n`), "the answer has the end of the output");
  row("answer", `${bytes} bytes counted, both ends in the answer`, tookMs);
}

async function killOne({ mcp, agents }: Cast, stage: Stage): Promise<void> {
  heading(7, "An agent dies in the middle of a command", "exec on db-1: sleep 60; then kill -9 of the agent");
  const victim = agents.get("db-1");
  check(victim !== undefined, "db-1 runs");
  const started = Promise.withResolvers<number>();
  const call = mcp.exec({ agent_id: "db-1", command: "echo $$; exec sleep 60" }, {
    onProgress: (message) => started.resolve(Number(message.trim())),
  });
  // Its failure is awaited below.
  call.catch(started.reject);
  const pid = await started.promise;
  // Nobody ends the command of an agent that was killed.
  const command = stage.own(() => orphan(pid));
  row("db-1", `runs it as process ${pid}`);
  const killedAt = performance.now();
  victim.kill("SIGKILL");
  const error = await call.then(() => undefined, (reason: unknown) => reason);
  const tookMs = performance.now() - killedAt;
  check(
    error instanceof ToolError && error.code === "peer_gone",
    `the caller is told peer_gone, not ${error}`,
  );
  check(
    tookMs < KILL_LIMIT_MS,
    `the caller learns it within ${formatMs(KILL_LIMIT_MS)}, not ${formatMs(tookMs)}`,
  );
  row("caller", paint(error.message, "yellow"));
  row("", `learned ${paint(formatMs(tookMs), "bold")} after the kill`);
  const left = (await mcp.agents()).map(({ name }) => name);
  check(!left.includes("db-1") && left.includes("web-1"), "list_agents shows who is left");
  await command[Symbol.asyncDispose]();
  remark(`list_agents shows ${left.join(", ")}.`);
}

/** A process without a parent that is to be ended once. */
function orphan(pid: number): AsyncDisposable {
  let hasEnded = false;
  return {
    [Symbol.asyncDispose]() {
      if (!hasEnded) {
        hasEnded = true;
        try {
          Deno.kill(pid, "SIGKILL");
        } catch {
          // Its agent lived long enough to end it.
        }
      }
      return Promise.resolve();
    },
  };
}
