/**
 * How a run goes about its machines, whom a target means, and how answers are folded, with real processes. What hosts were reached is
 * read from what they left on the disk.
 */
import assert from "node:assert/strict";
import { FleetResult } from "../../src/mcp/fleet_result.ts";
import { eventually } from "../helpers/eventually.ts";
import {
  ASSISTANT,
  callFleet,
  failFleet,
  type FleetAnswer,
  type FleetProgress,
  type FleetScene,
  linesOf,
  openFleet,
  statusesOf,
} from "../helpers/fleet_scene.ts";
import { textOf } from "../helpers/mcp_client.ts";
import { MODERN_META, startRawMcp } from "../helpers/raw_mcp.ts";

/** Says that it was here, and when; fails where there is a file `broken`. */
const TRACE = "date +%s%N >> ~/began; test ! -e ~/broken || exit 7; date +%s%N >> ~/ended";

const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

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
    "runs, agents and jobs are resources, and so is whoever joins",
    () => resources(scene),
  );
  await t.step("a client is told how far a run is, who joins, and what runs there are", () => news(scene));
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
  // The official client drops what comes in one piece with the answer.
  assert.ok((seen.at(-1)?.done ?? 0) >= 3);
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

/** `web-3` has another file, and in its repository something that is not committed. */
async function folded(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  const assertFolded = (answer: FleetAnswer, what: RegExp) => {
    const { groups } = answer.structured;
    assert.deepEqual(groups.map(({ hosts, isDiff }) => [hosts, isDiff]), [["web-[1-2,4]", undefined], [
      "web-3",
      true,
    ]]);
    assert.match(groups[1]?.text ?? "", what);
    assert.match(answer.text, /^== 1 host succeeded \(diff against the first group\): web-3\n\| @@ /m);
  };
  const cat = await callFleet(mcp, "fleet_exec", { target: "web", command: "cat app.conf" });
  assertFolded(cat, /^-key_7 = 7\n\+key_7 = 8$/m);
  assertFolded(
    await callFleet(mcp, "fleet_read", { target: "web", path: "app.conf" }),
    /^-.*key_7 = 7\n\+.*key_7 = 8$/m,
  );

  const search = { target: "web", path: "~", name: "app.conf", pattern: "^key_[67] = [68]$" };
  const found = await callFleet(mcp, "fleet_search", search);
  assert.deepEqual(found.structured.groups.map(({ hosts, text }) => [hosts, text.includes("key_7 = 8")]), [
    ["web-[1-2,4]", false],
    ["web-3", true],
  ]);
  assert.ok(found.structured.groups.every(({ text }) => text.includes("key_6 = 6")));

  if (!hasGit) return;
  const init =
    "git init -q -b main repo && cd repo && git config user.name x && git config user.email x@x && " +
    "for i in 1 2 3 4 5 6; do touch new-$i; done; export GIT_COMMITTER_DATE=2026-01-01T00:00:00Z GIT_AUTHOR_DATE=2026-01-01T00:00:00Z; git commit -q --allow-empty -m begin";
  const made = await callFleet(mcp, "fleet_exec", { target: "web", command: init });
  assert.equal(made.structured.counts.succeeded, 4, made.text);
  await Deno.writeTextFile(`${scene.home("web-3")}/repo/odd`, "odd\n");
  const status = await callFleet(mcp, "fleet_git", { target: "web", action: "status", path: "repo" });
  assert.deepEqual(status.structured.groups.map(({ hosts, text }) => [hosts, /\bodd$/m.test(text)]), [
    ["web-[1-2,4]", false],
    ["web-3", true],
  ]);
}

async function resources(scene: FleetScene): Promise<void> {
  const { mcp } = scene;
  const answer = await callFleet(mcp, "fleet_exec", {
    target: "web",
    command: "echo said; test -e ~/broken && seq 1 100000",
  });
  const { run } = answer.structured;
  const web3 = linesOf(answer).get("web-3") ?? assert.fail();
  const read = async (uri: string) => {
    const { contents } = await mcp.client.readResource({ uri });
    return contents.map((content) => "text" in content ? content.text : "");
  };
  const [told = ""] = await read(`run://${run}`);
  for (const name of WEB) {
    assert.match(told, new RegExp(`^== (succeeded|failed) \\(.*\\): ${name} \\(\\w{20}\\)$`, "m"));
  }
  const output = await read(`job://${web3.id}/${web3.job}/output`);
  assert.equal(output[1], `said\n${Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join("")}`);
  assert.equal(JSON.parse((await read(`agent://${web3.id}`))[0] ?? "").name, "web-3");

  const listed = async () => (await mcp.client.listResources()).resources.map(({ uri }) => uri);
  const before = await listed();
  assert.ok(before.includes(`run://${run}`) && before.includes(`agent://${web3.id}`));
  await scene.join("late", { args: ["--tags", "late"] });
  const [late] = (await mcp.waitForAgents("late")).filter(({ name }) => name === "late");
  assert.deepEqual((await listed()).filter((uri) => !before.includes(uri)), [`agent://${late?.id}`]);
  assert.ok((await read("agents://"))[0]?.includes(late?.id ?? "none"));
  // A new word is known as soon as somebody has it.
  assert.deepEqual(statusesOf(await callFleet(mcp, "fleet_exec", { target: "late", command: "true" })), {
    late: "succeeded",
  });
}

/** Read from the server's own bytes: a client may drop what comes in one piece with the answer. */
async function news(scene: FleetScene): Promise<void> {
  await using raw = startRawMcp({ home: await scene.room.home(), env: scene.room.env });
  const told = (method: string) => raw.messages().filter((message) => message.method === method);
  const changes = () => told("notifications/resources/list_changed").length;
  await raw.post("subscriptions/listen", {
    _meta: MODERN_META,
    notifications: { resourcesListChanged: true },
  });
  await raw.output.waitFor(/notifications\/subscriptions\/acknowledged/);
  await eventually("the room is there", () => changes() > 0);

  const before = changes();
  await scene.join("later", { args: ["--tags", "late"] });
  await eventually("the client was told of the agent that came", () => changes() > before);

  const known = changes();
  const { result = {} } = await raw.request("tools/call", {
    _meta: { ...MODERN_META, progressToken: "how-far" },
    name: "fleet_exec",
    arguments: { target: "web | late", command: "sleep 0.$(($$ % 5))", parallel: 2 },
  });
  const { run, counts } = FleetResult.parse(result["structuredContent"]);
  assert.equal(counts.succeeded, 6);
  const steps = told("notifications/progress").map(({ params }) => params ?? {});
  assert.ok(steps.every(({ progressToken, total }) => progressToken === "how-far" && total === 6));
  const done = steps.map(({ progress }) => Number(progress));
  assert.deepEqual(done, [...new Set(done)].toSorted((a, b) => a - b), "it only ever grows");
  assert.equal(done.at(-1), 6);
  assert.match(String(steps.at(-1)?.["message"]), /^(web-[1-4]|late|later) succeeded$/);
  await eventually("the client was told of the run", () => changes() > known);
  const listed = await raw.request("resources/list", { _meta: MODERN_META });
  assert.ok(JSON.stringify(listed.result).includes(`run://${run}`));
}

function first(times: Readonly<Record<string, readonly bigint[]>>, name: string): bigint {
  return times[name]?.[0] ?? assert.fail(`${name} was not reached`);
}
