/**
 * The shell's way to a fleet, with real processes: `exec` with its exit codes, JSON, retry and Ctrl-C, and `agents` with a target.
 */
import assert from "node:assert/strict";
import type * as z from "zod";
import { FleetResult } from "../../src/mcp/fleet_result.ts";
import { eventually } from "../helpers/eventually.ts";
import { openHosts } from "../helpers/fleet_scene.ts";
import { isAlive } from "../helpers/is_alive.ts";
import { type CliOutcome, NODE_ARGS, runNode, startProcess } from "../helpers/processes.ts";

const HOSTS = {
  "db-1": { args: ["--tags", "db"] },
  "web-1": { args: ["--tags", "web"], files: { ok: "" } },
  "web-2": { args: ["--tags", "web"] },
};

Deno.test("exec runs a command on many machines, and agents tells whom a target means", async (t) => {
  await using scene = await openHosts(HOSTS);
  const run = (...args: readonly string[]) => runNode({ ...scene.own, args });
  const jsonOf = ({ stdout }: CliOutcome) => FleetResult.parse(JSON.parse(stdout));
  const statuses = ({ hosts }: z.infer<typeof FleetResult>) =>
    Object.fromEntries(hosts.map(({ name, status, exitCode }) => [name, exitCode ?? status]));

  await t.step("exit codes, texts and JSON", async () => {
    const [good, bad, unknown, usage, dry] = await Promise.all([
      run("exec", "all", "--", "echo ready"),
      run("exec", "web", "--json", "--", "test", "-e", "ok"),
      run("exec", "wbe", "--", "true"),
      run("exec", "web", "--parallel", "many", "--", "true"),
      run("exec", "web & n:1", "--dry-run", "--", "touch", "made"),
    ]);
    assert.deepEqual([good.code, good.stderr], [0, ""]);
    assert.match(
      good.stdout,
      /^3 of 3 succeeded \(run r_\w+\)\n== 3 hosts succeeded: db-1,web-\[1-2\]\n\| ready\nLeft out/,
    );
    assert.deepEqual([bad.code, bad.stderr, statuses(jsonOf(bad))], [1, "", { "web-1": 0, "web-2": 1 }]);
    assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
    assert.match(
      unknown.stderr,
      /^Cannot choose hosts by "wbe": no host has the tag "wbe", there are "db", "web".*\[bad_request\]$/,
    );
    assert.deepEqual([usage.code, usage.stdout], [2, ""]);
    assert.match(usage.stderr, /parallel/);
    assert.equal(dry.code, 0);
    assert.match(dry.stdout, /^Dry run, nothing was done\. fleet_exec would reach 1 host: web-[12]\n/);
    for (const name of ["web-1", "web-2"]) {
      await assert.rejects(Deno.stat(`${scene.home(name)}/made`), Deno.errors.NotFound);
    }

    // Only whoever failed is asked again, and the command is as it was.
    await Deno.writeTextFile(`${scene.home("web-2")}/ok`, "");
    const again = await run("exec", "--json", "--retry-failed", jsonOf(bad).run ?? "");
    assert.deepEqual([again.code, statuses(jsonOf(again))], [0, { "web-2": 0 }]);
  });

  await t.step("agents lists whom a target means", async () => {
    const [web, none] = await Promise.all([
      run("agents", "web & !name:web-2", "--json"),
      run("agents", "wbe"),
    ]);
    assert.equal(web.code, 0);
    const found: readonly { readonly name: string }[] = JSON.parse(web.stdout);
    assert.deepEqual(found.map(({ name }) => name), ["web-1"]);
    assert.deepEqual([none.code, none.stdout], [1, ""]);
    assert.match(none.stderr, /no host has the tag "wbe"/);
  });

  await t.step("Ctrl-C ends the commands on the machines", async () => {
    await using program = startProcess({
      args: [...NODE_ARGS, "exec", "web", "--", "echo $$ > ~/pid; exec sleep 600"],
      env: { ...scene.own.env, REMOTE_AGENTS_HOME: scene.own.home },
      pipes: true,
    });
    const reading = new Response(program.child.stdout).text();
    const pids = await Promise.all(
      ["web-1", "web-2"].map((name) =>
        eventually(`the command runs on ${name}`, async () => {
          const text = await Deno.readTextFile(`${scene.home(name)}/pid`).catch(() => "");
          return text.endsWith("\n") && Number(text);
        })
      ),
    );
    assert.ok(pids.every(isAlive));
    program.kill("SIGINT");
    const { code, signal } = await program.ended();
    const said = await reading;
    assert.deepEqual([code, signal, program.log.text], [1, null, ""]);
    assert.match(said, /^0 of 2 succeeded, 2 failed \(run r_[a-z2-7]{20}\)\n(.*\n)*The run was cancelled: /);
    await eventually("the commands have ended", () => !pids.some(isAlive));
    await program.child.stdin.close();
  });
});
