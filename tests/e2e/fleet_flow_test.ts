/**
 * How a run goes about its machines, whom a target means, and how answers are folded, with real processes. What hosts were reached is
 * read from what they left on the disk.
 */
import assert from "node:assert/strict";
import { eventually } from "../helpers/eventually.ts";
import {
  ASSISTANT,
  callFleet,
  failFleet,
  type FleetProgress,
  type FleetScene,
  linesOf,
  openFleet,
  statusesOf,
} from "../helpers/fleet_scene.ts";
import { textOf } from "../helpers/mcp_client.ts";

/** Says that it was here, and when; fails where there is a file `broken`. */
const TRACE = "date +%s%N >> ~/began; test ! -e ~/broken || exit 7; date +%s%N >> ~/ended";

const CONFIG = Array.from({ length: 30 }, (_, i) => `key_${i} = ${i}\n`).join("");
const HOSTS = {
  "db-1": { args: ["--tags", "db"] },
  "db-2": { args: ["--tags", "db"], mode: "plan", env: { REMOTE_AGENTS_SANDBOX: "off" } },
  "web-1": { args: ["--tags", "web,canary"], files: { "app.conf": CONFIG } },
  "web-2": { args: ["--tags", "web"], files: { "app.conf": CONFIG, broken: "" } },
  "web-3": {
    args: ["--tags", "web"],
    files: { "app.conf": CONFIG.replace("key_7 = 7", "key_7 = 8"), broken: "" },
  },
  "web-4": { args: ["--tags", "web"], files: { "app.conf": CONFIG } },
};
const WEB = ["web-1", "web-2", "web-3", "web-4"];

Deno.test("fleet tools reach whom a target means, in the order and as far as a run's flow says", async (t) => {
  await using scene = await openFleet(HOSTS);
  await t.step("targets mean the same in list_agents, fleet_info and a dry run", () => targets(scene));
  await t.step("a canary that fails stops a run, and a dry run reaches nobody", () => canary(scene));
  await t.step("waves end before the next begins, and max_failures stops", () => waves(scene));
  await t.step("retry_failed reaches only those that did not succeed", () => retry(scene));
  await t.step("answers that differ are shown as what differs", () => folded(scene));
  await t.step(
    "runs, agents and jobs are resources, and those who join are announced",
    () => resources(scene),
  );
});

/** Lines that each host, and the assistant, wrote to a file since it was last asked, which removes it. */
async function traces(scene: FleetScene, file = "began"): Promise<Record<string, bigint[]>> {
  const found = [ASSISTANT, ...Object.keys(HOSTS)].map(async (name) => {
    const path = `${scene.home(name)}/${file}`;
    const text = await Deno.readTextFile(path).catch(() => "");
    if (text !== "") await Deno.remove(path);
    return [name, text.split("\n").filter((line) => line !== "").map(BigInt)] as const;
  });
  return Object.fromEntries((await Promise.all(found)).filter(([, times]) => times.length > 0));
}

async function targets(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  const os = { linux: "linux", darwin: "macos", windows: "windows" }[Deno.build.os as string] ??
    Deno.build.os;
  const meant: readonly (readonly [target: string, names: readonly string[]])[] = [
    ["all", ["db-1", "db-2", ...WEB]],
    ["db", ["db-1", "db-2"]],
    ["canary,db", ["db-1", "db-2", "web-1"]],
    [`os:${os} & web & !canary`, ["web-2", "web-3", "web-4"]],
    ["name:web-[12]", ["web-1", "web-2"]],
    ["mode:plan", ["db-2"]],
    ["(db | canary) & mode:edit", ["db-1", "web-1"]],
  ];
  for (const [target, names] of meant) {
    const listed = await mcp.call("list_agents", { target });
    const others = [...textOf(listed).matchAll(/^- (\S+) \(/gm)].map(([, name]) => name)
      .filter((name) => name !== ASSISTANT);
    assert.deepEqual(others, names, target);
    const info = await callFleet(mcp, "fleet_info", { target });
    assert.deepEqual(statusesOf(info), Object.fromEntries(names.map((name) => [name, "succeeded"])), target);
  }
  const [one, same] = [
    await callFleet(mcp, "fleet_info", { target: "web & n:2" }),
    await callFleet(mcp, "fleet_info", { target: "web & 50%" }),
  ];
  assert.equal(one.structured.counts.hosts, 2);
  assert.deepEqual(statusesOf(one), statusesOf(same), "a choice is always the same");

  const cases: readonly (readonly [target: string, error: RegExp])[] = [
    ["wbe", /no host has the tag "wbe", there are "canary", "db", "web".*\[bad_request\]$/],
    ["web-1", /no host has the tag "web-1".*Did you mean "name:web-1"\?.*\[bad_request\]$/],
    ["web & db", /no host matches.*tags: "canary", "db", "web".*\[unknown_agent\]$/],
    ["web &", /\[bad_request\]$/],
    [`name:${ASSISTANT}`, /this machine alone matches.*include_self.*\[unknown_agent\]$/],
  ];
  for (const [target, error] of cases) {
    assert.match(await failFleet(mcp, "fleet_exec", { target, command: TRACE }), error, target);
  }
  assert.deepEqual(await traces(scene), {});
  const own = await callFleet(mcp, "fleet_exec", {
    target: "canary | name:assistant",
    include_self: true,
    command: TRACE,
  });
  assert.deepEqual(statusesOf(own), { [ASSISTANT]: "succeeded", "web-1": "succeeded" });
  assert.deepEqual(Object.keys(await traces(scene)), [ASSISTANT, "web-1"]);
}

async function canary(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  const dry = await callFleet(mcp, "fleet_exec", { target: "web", command: TRACE, canary: 1, dry_run: true });
  assert.deepEqual([dry.structured.run, dry.structured.counts.waiting], [null, 4]);
  assert.match(
    dry.text,
    /^Dry run, nothing was done\. fleet_exec would reach 4 hosts: web-\[1-4\]\nOrder: 1 first, alone/,
  );
  const writing = { target: "all", path: "made", content: "x", dry_run: true };
  assert.equal((await callFleet(mcp, "fleet_write", writing)).structured.run, null);
  assert.deepEqual(await traces(scene), {});
  assert.deepEqual(await traces(scene, "made"), {});

  // Hosts are begun in the order of their names.
  const target = "web & !canary";
  const stopped = await callFleet(mcp, "fleet_exec", { target, command: TRACE, canary: 1 });
  assert.deepEqual(statusesOf(stopped), { "web-2": "failed", "web-3": "skipped", "web-4": "skipped" });
  assert.equal(stopped.structured.status, "stopped");
  assert.match(stopped.text, /^The run was stopped: A canary did not succeed/m);
  assert.deepEqual(Object.keys(await traces(scene)), ["web-2"]);
  const part = await callFleet(mcp, "fleet_exec", { target: "web", command: TRACE, canary: "25%" });
  assert.equal(part.structured.status, "ended", "the canary was web-1, which is well");
  const [began, ended] = [await traces(scene), await traces(scene, "ended")];
  assert.deepEqual(Object.keys(began), WEB);
  for (const name of WEB.slice(1)) {
    assert.ok(first(ended, "web-1") < first(began, name), `web-1 is before ${name}`);
  }
}

async function waves(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  const command = `${TRACE.split(";")[0]}; sleep 0.1; date +%s%N >> ~/ended`;
  const seen: FleetProgress[] = [];
  const run = await callFleet(mcp, "fleet_exec", { target: "web | name:db-1", command, wave_size: 2 }, {
    onProgress: (progress) => seen.push(progress),
  });
  assert.equal(run.structured.counts.succeeded, 5);
  const [began, ended] = [await traces(scene), await traces(scene, "ended")];
  for (
    const [wave, next] of [[["db-1", "web-1"], ["web-2", "web-3"]], [["web-2", "web-3"], ["web-4"]]] as const
  ) {
    for (const before of wave) {
      for (const after of next) {
        assert.ok(first(ended, before) < first(began, after), `${before} before ${after}`);
      }
    }
  }
  assert.deepEqual([seen.at(-1)?.done, seen.at(-1)?.total], [5, 5]);
  assert.ok(
    seen.length >= 3 && seen.every(({ total, message }) => total === 5 && / succeeded$/.test(message)),
  );
  assert.ok(seen.every(({ done }, i) => i === 0 || done > (seen[i - 1]?.done ?? 0)));

  const flow = { parallel: 1, max_failures: 1 };
  const stopped = await callFleet(mcp, "fleet_exec", { target: "web", command: TRACE, ...flow });
  assert.deepEqual(statusesOf(stopped), {
    "web-1": "succeeded",
    "web-2": "failed",
    "web-3": "failed",
    "web-4": "skipped",
  });
  assert.match(stopped.text, /^The run was stopped: 2 hosts did not succeed, and 1 were allowed to$/m);
  assert.deepEqual(Object.keys(await traces(scene)), ["web-1", "web-2", "web-3"]);
  await traces(scene, "ended");
}

async function retry(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  const before = await callFleet(mcp, "fleet_exec", { target: "all", command: TRACE });
  assert.deepEqual(statusesOf(before), {
    "db-1": "succeeded",
    "db-2": "refused",
    "web-1": "succeeded",
    "web-2": "failed",
    "web-3": "failed",
    "web-4": "succeeded",
  });
  await traces(scene);
  await Deno.remove(`${scene.home("web-2")}/broken`);
  const { run } = before.structured;
  const again = await callFleet(mcp, "fleet_exec", { retry_failed: run });
  assert.deepEqual(statusesOf(again), { "db-2": "refused", "web-2": "succeeded", "web-3": "failed" });
  assert.deepEqual(Object.keys(await traces(scene)), ["web-2", "web-3"]);
  assert.deepEqual(
    again.structured.leftOut.map(({ hosts, reason }) => [hosts, reason]),
    [["db-1,web-[1,4]", "succeeded_before"]],
  );
  const narrow = { retry_failed: run, target: "web", command: "echo other" };
  assert.deepEqual(statusesOf(await callFleet(mcp, "fleet_exec", narrow)), {
    "web-2": "succeeded",
    "web-3": "succeeded",
  });
}

async function folded(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  const read = await callFleet(mcp, "fleet_read", { target: "web", path: "app.conf" });
  assert.match(read.text, /^== 1 host succeeded \(diff against the first group\): web-3$/m);
}

async function resources(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  await eventually("x", () => mcp !== undefined);
}

function first(times: Readonly<Record<string, readonly bigint[]>>, name: string): bigint {
  return times[name]?.[0] ?? assert.fail(`${name} was not reached`);
}
