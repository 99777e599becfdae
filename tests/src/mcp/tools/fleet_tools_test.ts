import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as z from "zod";
import { OperationError } from "../../../../src/errors.ts";
import { fleetTool, fleetTools } from "../../../../src/mcp/tools/fleet_tools.ts";
import { TOOL_OPERATIONS, type ToolOperationName } from "../../../../src/protocol/operation.ts";
import { execResult } from "../../../helpers/sample_results.ts";
import { failing, hanging } from "../../fleet/_runs.ts";
import { summary } from "../_resource_source.ts";
import { toolWorld } from "./_tool_world.ts";

const EXEC = fleetTool("fleet_exec");
const said = (text: string) =>
  execResult({ stdout: { head: text, tail: "", bytes: text.length, truncated: false, invalidUtf8: false } });
const written = (content: string) => ({
  path: "/x",
  created: true,
  changed: true,
  bytes: content.length,
  sha256: createHash("sha256").update(content).digest("hex"),
  previousSha256: null,
  backupId: null,
});

Deno.test("fleet_exec asks everyone who is meant, and answers with one group for those who said the same", async () => {
  await using world = await toolWorld(() => said("up\n"));
  const { folded, text, hasFailed } = await world.call(EXEC, { target: "web", command: "uptime", cwd: "/" });
  assert.deepEqual(world.asked.map(({ agent, op }) => [agent, op]), [
    [summary("web-a").id, "exec"],
    [summary("web-b").id, "exec"],
  ]);
  const [first] = world.asked;
  assert.ok(typeof first?.params === "object" && first.params !== null && "command" in first.params);
  assert.deepEqual([first.params.command, "target" in first.params], ["uptime", false]);
  assert.deepEqual([folded.groups.length, folded.counts.succeeded, hasFailed], [1, 2, false]);
  assert.match(text, /^2 of 2 succeeded \(run r_[a-z2-7]{20}\)\n== 2 hosts succeeded: web-a,web-b\n\| up/);
  assert.deepEqual(world.progress.map(({ progress, total }) => [progress, total]), [[1, 2], [2, 2]]);
});

Deno.test("fleet_exec tells of every host what went wrong", async () => {
  await using world = await toolWorld(({ agent }) =>
    agent === summary("web-a").id
      ? failing("refused", "Cannot run it in plan mode")
      : execResult({ exitCode: 3 })
  );
  const { folded, hasFailed } = await world.call(EXEC, { target: "all", command: "x" });
  assert.deepEqual([folded.counts.refused, folded.counts.failed, hasFailed], [1, 1, true]);
  assert.deepEqual(folded.leftOut.map(({ hosts, reason }) => [hosts, reason]), [
    ["deaf", "not_accepting"],
    ["me", "self"],
  ]);
});

for (const tool of fleetTools().map(({ name }) => name)) {
  Deno.test(`${tool} with dry_run asks nobody, and says who would be reached in which order`, async () => {
    const examples: Record<string, object> = {
      fleet_exec: { command: "x" },
      fleet_git: { action: "status", path: "/r" },
      fleet_search: { path: "/" },
      fleet_info: {},
    };
    await using world = await toolWorld(() => assert.fail("A host was asked"));
    const found = fleetTools().find(({ name }) => name === tool) ?? assert.fail("It is not there");
    const own = examples[tool] ?? { path: "/x", ...(tool === "fleet_write" ? { content: "x" } : {}) };
    const args = { ...own, target: "web", canary: 1, max_failures: 0, dry_run: true };
    const { folded, text } = await world.call(found, args);
    assert.equal(folded.run, null);
    assert.match(
      text,
      new RegExp(`^Dry run, nothing was done. ${tool} would reach 2 hosts: web-a,web-b\nOrder: 1 first`),
    );
  });
}

const calls: readonly (readonly [Parameters<typeof fleetTool>[0], object, ToolOperationName, object])[] = [
  ["fleet_read", { path: "/etc/hosts" }, "read_file", { path: "/etc/hosts" }],
  ["fleet_write", { path: "/x", content: "c" }, "write_file", { path: "/x", content: "c" }],
  ["fleet_search", { path: "/", name: "*.ts" }, "file_search", { path: "/", name: "*.ts" }],
  ["fleet_info", {}, "get_info", {}],
  ["fleet_git", { action: "status", path: "/r" }, "git_status", { path: "/r" }],
  ["fleet_git", { action: "commit", path: "/r", message: "m" }, "git_commit", { path: "/r", message: "m" }],
  ["fleet_git", { action: "push", path: "/r" }, "git_push", { path: "/r" }],
];
for (const [name, args, op, params] of calls) {
  Deno.test(`${name} asks for ${op} with ${JSON.stringify(params)}`, async () => {
    const tool = fleetTool(name);
    const parsed = TOOL_OPERATIONS[op].params.safeParse(params);
    if (!parsed.success) return assert.fail(`The example is wrong: ${parsed.error.message}`);
    await using world = await toolWorld(() => failing("cannot_run"));
    await world.call(tool, { ...args, target: "name:web-a" });
    assert.deepEqual(world.asked, [{ agent: summary("web-a").id, op, params: parsed.data }]);
  });
}

const wrong: readonly (readonly [Parameters<typeof fleetTool>[0], object, RegExp])[] = [
  ["fleet_git", { action: "status", path: "/r", message: "m" }, /^Cannot run git_status: .*message/],
  ["fleet_git", { action: "commit", path: "/r" }, /^Cannot run git_commit: .*message/],
  ["fleet_read", { path: "/x", target: "moon" }, /moon/],
  ["fleet_exec", {}, /give either "command" or "argv"$/],
  ["fleet_exec", { command: "x", argv: ["x"] }, /give either "command" or "argv"$/],
  ["fleet_info", { target: undefined }, /"target" is missing$/],
];
for (const [name, args, message] of wrong) {
  Deno.test(`${name} refuses ${JSON.stringify(args)} before it asks anybody`, async () => {
    await using world = await toolWorld(() => assert.fail("A host was asked"));
    await assert.rejects(world.call(fleetTool(name), { target: "web", ...args }), (error) => {
      assert.ok(error instanceof OperationError && error.code === "bad_request", String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("no fleet tool takes an argument that it does not know", () => {
  for (const { name, input } of fleetTools()) {
    const parsed = input.safeParse({ target: "all", agent_id: "x" });
    assert.ok(!parsed.success && JSON.stringify(parsed.error.issues).includes("agent_id"), name);
  }
});

Deno.test("fleet_write fails a host that wrote something else", async () => {
  await using world = await toolWorld(({ agent }) =>
    written(agent === summary("web-a").id ? "sent" : "other")
  );
  const { folded } = await world.call(fleetTool("fleet_write"), {
    target: "web",
    path: "/x",
    content: "sent",
  });
  assert.deepEqual([folded.counts.succeeded, folded.counts.failed], [1, 1]);
  assert.match(folded.groups.find(({ status }) => status === "failed")?.note ?? "", /its hash is another$/);
});

Deno.test("fleet_write checks at once what is no content", async () => {
  await using world = await toolWorld(() => assert.fail("A host was asked"));
  const tool = fleetTool("fleet_write");
  assert.equal(tool.input.safeParse({ target: "web", path: "/x", content_base64: "*" }).success, false);
  await assert.rejects(
    tool.handle({ target: "web", path: "/x", content_base64: "*" }, {
      fleet: world.fleet,
      signal: new AbortController().signal,
    }),
    OperationError,
  );
});

Deno.test("fleet_exec with retry_failed asks again those that failed, for what they were asked", async () => {
  let isBroken = true;
  await using world = await toolWorld(({ agent }) =>
    execResult({ exitCode: isBroken && agent === summary("web-b").id ? 1 : 0 })
  );
  const first = await world.call(EXEC, { target: "web", command: "make" });
  isBroken = false;
  const { folded } = await world.call(EXEC, { retry_failed: first.folded.run });
  assert.deepEqual([folded.counts.hosts, folded.counts.succeeded], [1, 1]);
  const last = world.asked.at(-1);
  assert.equal(last?.agent, summary("web-b").id);
  assert.match(JSON.stringify(last?.params), /"command":"make"/);
});

Deno.test("a fleet call that is cancelled ends its run", async () => {
  const controller = new AbortController();
  await using world = await toolWorld((_, signal) => {
    controller.abort();
    return hanging(signal);
  });
  await assert.rejects(world.call(EXEC, { target: "web", command: "x" }, controller.signal), {
    code: "cancelled",
  });
  const [record] = world.fleet.runs.recent();
  const run = await world.fleet.runs.find(record?.id ?? "");
  await run?.wait(10_000);
  assert.equal(run?.record.status, "cancelled");
});

Deno.test("fleet_git takes each argument that one of its actions takes, and tells what each says about it", () => {
  const tool = fleetTool("fleet_git");
  const rulesOf = (schema: z.ZodType) => {
    const { description: _, $schema: _version, ...rules } = z.toJSONSchema(schema, { io: "input" });
    return rules;
  };
  for (const action of ["status", "diff", "log", "pull", "commit", "push"] as const) {
    const shape: Record<string, z.ZodType> = TOOL_OPERATIONS[`git_${action}`].params.shape;
    for (const [key, schema] of Object.entries(shape)) {
      const ours = tool.input.shape[key];
      assert.ok(ours instanceof z.ZodType, key);
      const rules = rulesOf(ours);
      const wanted = JSON.stringify(rulesOf(schema));
      const taken = [rules, ...rules.anyOf ?? []].map((one) => JSON.stringify(one));
      assert.ok(taken.includes(wanted), `${action} ${key}: ${wanted} is not in ${taken.join(" ")}`);
      assert.ok((ours.description ?? "").includes(schema.description ?? ""), `${action} ${key}`);
    }
  }
  const commit = { target: "all", action: "commit", path: "/r", message: "x".repeat(5_000) };
  assert.equal(tool.input.safeParse(commit).success, true, "a message is no search for one");
});
