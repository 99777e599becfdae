/**
 * The shell's way to the same tools with real processes: `call` and `agents`, their exit codes and errors, and that
 * a secret shows up nowhere.
 */
import assert from "node:assert/strict";
import { runNode, startAgentProcess } from "../helpers/processes.ts";
import { openRoom } from "../helpers/room.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("call runs a tool on this machine without any room: text, JSON, and the exit codes", async () => {
  await using home = await temporaryFolder();
  const call = (args: readonly string[], stdin?: string) =>
    runNode({
      home: home.folder,
      env: { REMOTE_AGENTS_MODE: "edit", REMOTE_AGENTS_SANDBOX: "off" },
      args: ["call", ...args],
      ...(stdin === undefined ? {} : { stdin }),
    });
  const cases: readonly {
    readonly args: readonly string[];
    readonly stdin?: string;
    readonly code: number;
    readonly stdout: RegExp;
    readonly stderr: RegExp;
  }[] = [
    { args: ["exec", '{"command":"echo hi"}'], code: 0, stdout: /^Succeeded [^]*\nhi\n/, stderr: /^$/ },
    { args: ["exec", '{"command":"exit 3"}'], code: 1, stdout: /^Failed with exit code 3 /, stderr: /^$/ },
    { args: ["exec", "-"], stdin: '{"argv":["echo","x"]}', code: 0, stdout: /\nx\n/, stderr: /^$/ },
    { args: ["get_info", "--json"], code: 0, stdout: /^\{.*"role":"session".*\}\n$/, stderr: /^$/ },
    { args: ["list_agents"], code: 0, stdout: /^1 machine \(this one: no room is set\)/, stderr: /^$/ },
    {
      args: ["exec", '{"argv":["/no/such"]}'],
      code: 1,
      stdout: /^$/,
      stderr: /^Cannot run "\/no\/such".*\[cannot_run\]$/,
    },
    {
      args: ["exec", '{"argv":["/no/such"]}', "--json"],
      code: 1,
      stdout: /^\{"error":\{"code":"cannot_run","message":"Cannot run .*\}\}\n$/,
      stderr: /^$/,
    },
    {
      args: ["exec", '{"agent_id":"web-1","command":"true"}'],
      code: 1,
      stdout: /^$/,
      stderr: /^Cannot find agent "web-1": this node is not in a room\..*\[unknown_agent\]$/,
    },
    {
      args: ["fly"],
      code: 2,
      stdout: /^$/,
      stderr: /Cannot call "fly": the tools are list_agents, exec, .*set_mode/,
    },
    { args: ["exec", "{"], code: 2, stdout: /^$/, stderr: /Cannot read the arguments of "exec" as JSON/ },
    { args: ["exec", '{"commnd":"true"}'], code: 2, stdout: /^$/, stderr: /Cannot call "exec": .*commnd/ },
    { args: [], code: 2, stdout: /^$/, stderr: /missing required argument 'tool'/ },
  ];
  for (const { args, stdin, code, stdout, stderr } of cases) {
    const outcome = await call(args, stdin);
    const what = `call ${args.join(" ")}: ${JSON.stringify(outcome)}`;
    assert.equal(outcome.code, code, what);
    assert.match(outcome.stdout, stdout, what);
    assert.match(outcome.stderr, stderr, what);
  }
});

Deno.test("agents and call reach the room; their own process is no agent", async () => {
  await using room = await openRoom();
  const home = await room.home();
  const [agent] = await Promise.all([
    room.agent("web-1", { args: ["--tags", "a,b"] }),
    room.agent("here", { home }),
  ]);
  const run = (...args: readonly string[]) => runNode({ home, env: room.env, args });

  const table = await run("agents");
  assert.equal(table.code, 0);
  const [heading = "", ...rows] = table.stdout.trimEnd().split("\n");
  assert.match(heading, /^NAME +ID +PLATFORM +MODE +TAGS/);
  assert.deepEqual(rows.map((row) => row.split(/ +/)[0]), ["here", "web-1"]);
  const json = await run("agents", "--json");
  const agents: unknown = JSON.parse(json.stdout);
  assert.partialDeepStrictEqual(agents, [
    { name: "here", isSelf: true, connections: 1, accepts: true },
    { name: "web-1", tags: ["a", "b"], mode: "edit", isSelf: false, connections: 1, accepts: true },
  ]);

  const there = await run("call", "exec", '{"agent_id":"web-1","command":"echo $PPID; exit 4"}', "--json");
  assert.equal(there.code, 1);
  assert.partialDeepStrictEqual(JSON.parse(there.stdout), {
    agent: { name: "web-1" },
    exitCode: 4,
    stdout: { head: `${agent.pid}\n` },
  });

  room.relay.kill("SIGKILL");
  await room.relay.ended();
  const failed = [run("agents"), run("call", "get_info", '{"agent_id":"web-1"}')];
  for (const { code, stdout, stderr } of await Promise.all(failed)) {
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /(Cannot list the room|Not connected to the relay, retrying): .*refused/i);
  }
});

Deno.test("run without relay, room and token explains what is missing and exits with 2", async () => {
  await using home = await temporaryFolder();
  const { code, stdout, stderr } = await runNode({ home: home.folder, args: ["run"] });
  assert.deepEqual([code, stdout], [2, ""]);
  for (
    const word of ["REMOTE_AGENTS_RELAY", "REMOTE_AGENTS_ROOM", "REMOTE_AGENTS_TOKEN", "remote-agent init"]
  ) {
    assert.ok(stderr.includes(word), `${stderr} names ${word}`);
  }
  assert.equal(stderr.split("\n").length, 1);
});

for (const way of ["the environment", "config.toml", "--token-file"] as const) {
  Deno.test(`a token that comes by ${way} shows up in no output, no argument and no command's environment`, async () => {
    await using room = await openRoom();
    const home = await room.home();
    const token = "s3cret-of-the-room-1";
    const key = "s3cret-to-encrypt-2";
    const { REMOTE_AGENTS_TOKEN: _, ...withoutToken } = room.env;
    const env: Record<string, string> = {
      ...withoutToken,
      REMOTE_AGENTS_LOG_LEVEL: "trace",
      REMOTE_AGENTS_MODE: "edit",
    };
    const args: string[] = [];
    const file = `${home}/${way === "config.toml" ? "config.toml" : "token"}`;
    const write = (text: string) => Deno.writeTextFile(file, text, { mode: 0o600 });
    if (way === "config.toml") await write(`token = "${token}"\nencryption_key = "${key}"\n`);
    else env["REMOTE_AGENTS_ENCRYPTION_KEY"] = key;
    if (way === "the environment") env["REMOTE_AGENTS_TOKEN"] = token;
    if (way === "--token-file") {
      await write(`${token}\n`);
      args.push("--token-file", file);
    }

    const agentHome = await room.home();
    if (way === "config.toml") await Deno.copyFile(file, `${agentHome}/config.toml`);
    const agent = room.own(
      await startAgentProcess({ home: agentHome, env: { ...env, REMOTE_AGENTS_NAME: "web-1" }, args }),
    );
    const run = (...words: readonly string[]) => runNode({ home, env, args: [...words, ...args] });
    const commands = [
      await run(
        "call",
        "exec",
        '{"agent_id":"web-1","command":"env; tr \'\\\\0\' \' \' < /proc/$PPID/cmdline"}',
      ),
      await run("call", "exec", '{"command":"env"}', "--json"),
      await run("agents", "--json"),
      await run("config"),
      await run("config", "--json"),
      await run("call", "exec", '{"agent_id":"nobody","command":"true"}', "--verbose"),
    ];
    assert.deepEqual(commands.map(({ code }) => code), [0, 0, 0, 0, 0, 1], JSON.stringify(commands));
    // What everybody on the machine can read.
    const ps = await new Deno.Command("ps", { args: ["-eo", "pid,args"] }).output();
    const cmdline = await Deno.readTextFile(`/proc/${agent.pid}/cmdline`);
    assert.match(cmdline, /main\.ts/);
    // What a node writes when it is told off and when it ends.
    room.relay.kill("SIGKILL");
    await agent.log.waitFor(/Cannot join the room/);
    agent.kill("SIGTERM");
    await agent.ended();
    const texts = {
      "the commands' output": JSON.stringify(commands),
      "the agent's log": agent.log.text,
      "the relay's log": room.relay.log.text,
      "the agent's arguments": cmdline,
      "the list of processes": new TextDecoder().decode(ps.stdout),
    };
    for (const [what, text] of Object.entries(texts)) {
      for (const secret of [token, key]) assert.ok(!text.includes(secret), `${what} shows ${secret}`);
    }
    assert.match(agent.log.text, /Joined the room/);
  });
}
