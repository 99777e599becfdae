/**
 * Secrets appear nowhere but where they belong: everything that real processes of every role wrote is searched, with the arguments of
 * every process of this machine and the environments of ours, while a command runs and afterwards.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseStat } from "../../src/host/process_table.ts";
import { connectMcp } from "../helpers/mcp_client.ts";
import { type CliOutcome, runNode, startAgentProcess, startRelayProcess } from "../helpers/processes.ts";
import { searchSecrets } from "../helpers/secret_search.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";
import { toolCaller } from "../helpers/tool_calls.ts";

/** Arguments of every process that runs now, as everybody on the machine can read them. */
async function argumentsOfAll(): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {};
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // It may end meanwhile.
    const bytes = await Deno.readFile(`/proc/${name}/cmdline`).catch(() => undefined);
    if (bytes !== undefined) found[`arguments of process ${name}`] = bytes;
  }
  return found;
}

/** All processes below one. */
async function descendantsOf(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for await (const { name } of Deno.readDir("/proc")) {
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const parent = parseStat(stat)?.parentPid;
    if (parent !== undefined && /^\d+$/.test(name)) parents.set(Number(name), parent);
  }
  const found = new Set([pid]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  found.delete(pid);
  return [...found];
}

/** Files below a folder that others than their owner can read, by their own permissions and those of the folders above. */
async function openFilesIn(folder: string): Promise<string[]> {
  if (((await Deno.stat(folder)).mode ?? 0) % 0o100 === 0) return [];
  const found: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) found.push(...await openFilesIn(path));
    else if (isFile && ((await Deno.stat(path)).mode ?? 0) % 0o100 !== 0) found.push(path);
  }
  return found;
}

/** A token as the program makes it. */
async function generated(home: string): Promise<string> {
  const { code, stdout } = await runNode({ home, args: ["token"] });
  assert.equal(code, 0);
  return stdout.trim();
}

const TYPED = 'typed-by "a person" \\ & wörd';

for (const isTokenTyped of [false, true]) {
  const which = isTokenTyped ? "typed token, generated key" : "generated token, typed key";
  Deno.test({
    name: `secrets appear nowhere but where they belong (${which})`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      await using temporary = await temporaryFolder();
      const at = (...parts: readonly string[]) => join(temporary.folder, ...parts);
      const homes = { agent: at("agent"), mcp: at("mcp") };
      const work = at("work");
      for (const folder of [...Object.values(homes), work]) await Deno.mkdir(folder, { mode: 0o755 });
      const made = await generated(homes.agent);
      const secrets = {
        token: isTokenTyped ? TYPED : made,
        "encryption key": isTokenTyped ? made : TYPED,
        "env value": 'env-value-4711 "quoted" $HOME',
        "stdin": "stdin-value-0815-of-a-call",
        "content": "password: content-of-a-file-2342",
        "refused content": "content-that-was-refused-1337",
        // Not secret: it shows that the search sees what there is.
        "canary": "canary-in-an-argument-9001",
      };
      // A text of JSON in one line is one of TOML as well.
      const toml = (name: "token" | "encryption key") =>
        `${name.replace(" ", "_")} = ${JSON.stringify(secrets[name])}\n`;
      const privately = (path: string, text: string) => Deno.writeTextFile(path, text, { mode: 0o600 });
      await privately(join(homes.agent, "config.toml"), toml("token") + toml("encryption key"));
      await privately(join(homes.mcp, "config.toml"), toml("encryption key"));
      const tokenFile = join(homes.mcp, "token");
      await privately(tokenFile, `${secrets.token}\n`);

      const texts: Record<string, string | Uint8Array> = {};
      await using processes = new AsyncDisposableStack();
      const relay = processes.use(await startRelayProcess());
      const env = {
        REMOTE_AGENTS_RELAY: relay.url,
        REMOTE_AGENTS_ROOM: `room-${crypto.randomUUID()}`,
        REMOTE_AGENTS_MODE: "edit",
        REMOTE_AGENTS_LOG_LEVEL: "trace",
      };
      const agent = processes.use(
        await startAgentProcess({ home: homes.agent, env, args: ["--name", "web-1"] }),
      );
      const mcp = processes.use(
        await connectMcp({ home: homes.mcp, env, args: ["--token-file", tokenFile, "--name", "assistant"] }),
      );
      await mcp.waitForAgents("web-1");

      const answers: unknown[] = [];
      const jobs: string[] = [];
      for (const agentId of ["web-1", undefined]) {
        const tools = await toolCaller(mcp, agentId);
        const where = agentId ?? "here";
        const own = join(agentId === undefined ? homes.mcp : homes.agent, "config.toml");
        const secretEnv = { API_KEY: secrets["env value"], PLAIN_NAME: secrets["env value"] };
        const started = await tools.call("exec", {
          argv: ["sh", "-c", "echo begun; cat >/dev/null; sleep 600", secrets.canary],
          env: secretEnv,
          stdin: secrets.stdin,
          wait_ms: 300,
          timeout_ms: 120_000,
        });
        assert.equal(started.status, "running");
        jobs.push(started.job);
        const path = `${work}/${where}`;
        answers.push(
          started,
          await tools.call("exec", { command: "true", env: secretEnv, stdin: secrets.stdin }),
          await tools.call("write_file", { path, content: `first\n${secrets.content}\n`, mode: "600" }),
          await tools.call("write_file", { path, content: `second\n` }),
          await tools.fails("write_file", { path: own, content: secrets["refused content"] }),
          await tools.fails("edit_file", {
            path,
            edits: [{ old_text: secrets["refused content"], new_text: secrets["env value"] }],
          }),
          await tools.call("exec", { command: "/no/such/program", env: secretEnv }),
          await tools.fails("exec", { command: "true", cwd: "/no/such", env: secretEnv }),
          await tools.fails("exec", { command: "true", env: { "no-name": secrets["env value"] } }),
          await tools.fails("exec", { command: "true", env: secretEnv, stdin: 5 }),
          await tools.fails("read_file", { path: own }),
          await tools.fails("git_status", { path: work }),
          await tools.call("job_list"),
          await tools.call("get_info"),
        );
      }
      answers.push(
        await mcp.call("exec", { agent_id: "nobody", command: "x", env: { A: secrets["env value"] } }),
      );

      // While the commands run: what everybody sees, and the environments of ours.
      Object.assign(texts, await argumentsOfAll());
      const commands = [...await descendantsOf(agent.pid), ...await descendantsOf(mcp.pid)];
      assert.ok(commands.length >= 4, `commands run: ${commands}`);
      const live = await searchSecrets({ secrets, pids: [relay.pid, agent.pid, mcp.pid, ...commands] });
      const outOfPlace = live.findings.filter(({ secret, where }) =>
        secret !== "canary" &&
        !(secret === "env value" && commands.some((pid) => where === `environ of process ${pid}`))
      );
      assert.deepEqual(outOfPlace, [], "arguments and environments while commands run");
      for (const [secret, part] of [["canary", "cmdline"], ["env value", "environ"]] as const) {
        const seen = live.findings.filter(({ secret: name, where }) =>
          name === secret && where.startsWith(part)
        );
        assert.ok(seen.length >= 2, `the search sees ${secret} in ${part} of commands of both hosts`);
      }

      for (const [i, agentId] of ["web-1", undefined].entries()) {
        const { outcome } = await (await toolCaller(mcp, agentId)).call("job_cancel", { job: jobs[i] });
        assert.equal(outcome, "cancelled");
      }
      const cli = async (...args: readonly string[]): Promise<CliOutcome> => {
        const outcome = await runNode({ home: homes.agent, env, args });
        texts[`output of ${args.join(" ")}`] = JSON.stringify(outcome);
        return outcome;
      };
      const codes = [
        await cli("audit"),
        await cli("audit", "--json"),
        await cli("audit", "verify"),
        await cli("status"),
        await cli("status", "--json"),
        await cli("config"),
        await cli("config", "--json"),
        await cli("mode", "--json"),
        await cli("agents", "--json"),
        await cli("call", "get_info", '{"agent_id":"nobody"}', "--verbose"),
        await cli("run", "--token-file", "/no/such/file", "--verbose"),
      ].map(({ code }) => code);
      assert.deepEqual(codes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2], JSON.stringify(texts));

      // What they write when their relay goes and when they end.
      const mark = agent.log.lines.length;
      relay.kill("SIGKILL");
      await agent.log.waitFor(/Cannot join the room/, { from: mark });
      await processes.disposeAsync();
      Object.assign(texts, {
        "the agent's log": agent.log.text,
        "the relay's log": relay.log.text,
        "the server's log": mcp.log.text,
        "the server's answers": JSON.stringify(answers),
      });
      const keys = await Promise.all(
        Object.values(homes).map((home) => Deno.readFile(join(home, "state", "host_key"))),
      );
      const hostKeys = Object.fromEntries(keys.flatMap((key, i) => [
        [`host key ${i}`, String.fromCharCode(...key)],
        [`host key ${i} in hex`, key.toHex()],
        [`host key ${i} in base64`, key.toBase64()],
      ]));
      const all = { secrets: { ...secrets, ...hostKeys }, folders: [temporary.folder], texts };
      const { findings, files, unread } = await searchSecrets(all);
      assert.deepEqual(unread, []);
      assert.ok(files > 15, `${files} files were searched`);

      const short = (where: string) =>
        where.replace(temporary.folder, "").replace(/[0-9a-f]{2}\/[0-9a-f]{8,}/, "*");
      const places = new Set(
        findings.filter(({ secret }) => secret !== "canary").map(({ secret, where }) =>
          `${secret} in ${short(where)}`
        ),
      );
      assert.deepEqual(
        [...places].sort(),
        [
          "content in /agent/state/backups/objects/*",
          "content in /mcp/state/backups/objects/*",
          "encryption key in /agent/config.toml",
          "encryption key in /mcp/config.toml",
          "host key 0 in /agent/state/host_key",
          "host key 1 in /mcp/state/host_key",
          "token in /agent/config.toml",
          "token in /mcp/token",
        ],
      );
      const open = (await Promise.all(Object.values(homes).map(openFilesIn))).flat();
      assert.deepEqual(
        open.filter((path) => findings.some(({ where }) => where.includes(path))),
        [],
        "nobody else can read a file with a secret",
      );
      const canaries = new Set(
        findings.filter(({ secret }) => secret === "canary").map(({ where }) => short(where)),
      );
      for (
        const place of [
          "/agent/state/audit",
          "/agent/state/jobs.db",
          "output of audit",
          "the server's answers",
        ]
      ) {
        assert.ok([...canaries].some((where) => where.includes(place)), `the search sees ${place}`);
      }

      // The search is able to fail.
      await Deno.writeTextFile(join(homes.agent, "state", "leak"), btoa(`x${secrets["refused content"]}`));
      const leaked = await searchSecrets(all);
      assert.equal(leaked.findings.length, findings.length + 1);
    },
  });
}
