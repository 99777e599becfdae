import assert from "node:assert/strict";
import { join } from "node:path";
import type { AgentRef, Hosts } from "../../../../src/fleet/fleet.ts";
import type { MapReduceSpec } from "../../../../src/fleet/mapreduce/ports.ts";
import { prepareRun } from "../../../../src/fleet/mapreduce/prepare.ts";
import type { MapReduceRequest } from "../../../../src/fleet/mapreduce/request.ts";
import { OPERATIONS } from "../../../../src/protocol/operation.ts";
import { OperationError } from "../../../../src/errors.ts";
import { openTestHost, outside } from "../../../helpers/local_host.ts";
import { fakeFleet } from "../../mcp/_fake_fleet.ts";
import { listing, requestOf, runId } from "./_distributed.ts";
import { toText } from "./simulated_fleet.ts";

const HOSTS: readonly AgentRef[] = [{ id: "h1", name: "one" }, { id: "h2", name: "two" }];

function prepare(
  request: Partial<MapReduceRequest>,
  { call, hosts = HOSTS, signal = new AbortController().signal }: {
    readonly call?: Hosts["call"];
    readonly hosts?: readonly AgentRef[];
    readonly signal?: AbortSignal;
  } = {},
): Promise<MapReduceSpec> {
  const fleet = fakeFleet(call === undefined ? {} : { call });
  return prepareRun(requestOf(request), { fleet, hosts, run: runId("a"), ticket: "b".repeat(32), signal });
}

const texts = ({ inputs }: MapReduceSpec) =>
  inputs.map((input) => input.type === "bytes" ? toText(input.bytes) : assert.fail(input.type));
const data = (items: readonly unknown[]): Partial<MapReduceRequest> => ({
  input: { type: "data", items: [...items] },
});

Deno.test("prepareRun() hands on what is asked", async () => {
  const spec = await prepare({
    map: "m",
    combine: "c",
    reduce: "r",
    isKeyed: true,
    format: "json",
    reducers: 3,
    cwd: "/x",
    timeoutMs: 5,
    slots: 6,
    maxRetries: 7,
  });
  const { inputs: _, inputIdentity, ...rest } = spec;
  assert.match(inputIdentity, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    run: runId("a"),
    ticket: "b".repeat(32),
    map: "m",
    combine: "c",
    reduce: "r",
    isKeyed: true,
    format: "json",
    items: "json",
    reducers: 3,
    cwd: "/x",
    timeoutMs: 5,
    slots: 6,
    maxRetries: 7,
  });
});

Deno.test("prepareRun() takes one reducer a host, at most 16, and never over 256", async () => {
  const many = Array.from({ length: 40 }, (_, i) => ({ id: `h${i}`, name: "x" }));
  assert.equal((await prepare({})).reducers, 2);
  assert.equal((await prepare({}, { hosts: many })).reducers, 16);
  assert.equal((await prepare({ reducers: 9_999 })).reducers, 256);
});

const spreads: readonly (readonly [string, Partial<MapReduceRequest>, number, readonly string[]])[] = [
  ["few items one by one", data(["a", "b", "c"]), 3, ["a\n", "b\n", "c\n"]],
  ["items to as many pieces as are asked for", { ...data(["a", "b", "c"]), partitions: 2 }, 2, [
    "a\n",
    "b\nc\n",
  ]],
  ["other values as JSON", data([1, { a: [null] }]), 2, ["1\n", '{"a":[null]}\n']],
  ["texts as JSON if commands read JSON", { ...data(["a\nb"]), format: "json" }, 1, ['"a\\nb"\n']],
  ["no items to no pieces", data([]), 0, []],
];
for (const [what, request, count, expected] of spreads) {
  Deno.test(`prepareRun() spreads ${what}`, async () => {
    const spec = await prepare(request);
    assert.equal(spec.inputs.length, count);
    assert.deepEqual(texts(spec), expected);
  });
}

Deno.test("prepareRun() spreads many items over all slots, and knows the same data again", async () => {
  const items = Array.from({ length: 100 }, (_, i) => `${i}`);
  const spec = await prepare(data(items));
  assert.equal(spec.inputs.length, 8, "two hosts, two slots, twice");
  assert.equal(texts(spec).join(""), items.map((item) => `${item}\n`).join(""));
  assert.equal((await prepare({ ...data(items), slots: 8 })).inputs.length, 32);
  assert.equal((await prepare(data(items))).inputIdentity, spec.inputIdentity);
  assert.notEqual((await prepare(data([...items, "x"]))).inputIdentity, spec.inputIdentity);
});

Deno.test("prepareRun() refuses a line that is two", async () => {
  await assert.rejects(prepare(data(["a\nb"])), /item 0: it holds a line break/);
});

/** Carries out on a real machine what is asked of this one. */
function callHere(host: Awaited<ReturnType<typeof openTestHost>>): Hosts["call"] {
  return async (agent, { op, params }, { signal }) => {
    assert.equal(agent, undefined, "only this machine is asked");
    const value = await host.executors.execute(op, params, outside({ signal }));
    // The schema of `op` has just produced it.
    const result = OPERATIONS[op].result.parse(value) as Awaited<ReturnType<Hosts["call"]>>["result"];
    return { agent: { id: "me", name: "me" }, result } as never;
  };
}

const file = (path: string, changes: object = {}): Partial<MapReduceRequest> => ({
  input: { type: "file", path, splitBy: "lines", ...changes },
});

Deno.test("prepareRun() cuts a file of this machine at line ends, or into records", async () => {
  await using host = await openTestHost();
  const path = join(host.home, "in.txt");
  await Deno.writeTextFile(path, "aa\nbb\ncc\ndd\n");
  const options = { call: callHere(host) };
  const spec = await prepare({ ...file("~/in.txt"), partitions: 2 }, options);
  const real = await Deno.realPath(path);
  const ranges = spec.inputs.map((input) => input.type === "range" && [input.path, input.start, input.end]);
  assert.deepEqual(ranges, [[real, 0, 6], [real, 6, 12]]);
  const records = await prepare(
    { ...file(path, { splitBy: "bytes", recordBytes: 5 }), partitions: 4 },
    options,
  );
  assert.deepEqual(records.inputs.map((input) => input.type === "range" && input.end), [5, 10, 12]);
  assert.equal(spec.inputIdentity, records.inputIdentity);
  await Deno.writeTextFile(path, "x\n", { append: true });
  assert.notEqual((await prepare(file(path), options)).inputIdentity, spec.inputIdentity);
});

Deno.test("prepareRun() makes no piece of an empty file", async () => {
  await using host = await openTestHost();
  await Deno.writeTextFile(join(host.home, "empty"), "");
  assert.deepEqual((await prepare(file("~/empty"), { call: callHere(host) })).inputs, []);
});

Deno.test("prepareRun() reads a file of this machine by the machine's own rules", async () => {
  await using host = await openTestHost({ settings: { mode: "disabled" } });
  await Deno.writeTextFile(join(host.home, "in.txt"), "x\n");
  await assert.rejects(prepare(file("~/in.txt"), { call: callHere(host) }), { code: "refused" });
});

for (
  const [what, path] of [["is not there", "~/ghost"], ["is a folder", "~"], ["is a device", "/dev/zero"]]
) {
  Deno.test({
    name: `prepareRun() refuses a file that ${what}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await using host = await openTestHost();
      await assert.rejects(prepare(file(path ?? ""), { call: callHere(host) }), OperationError);
    },
  });
}

Deno.test("prepareRun() refuses a file that changes while it is looked at", async () => {
  await using host = await openTestHost();
  const path = join(host.home, "in.txt");
  await Deno.writeTextFile(path, "x\n");
  const call = callHere(host);
  const growing: Hosts["call"] = async (...args) => {
    const answer = await call(...args);
    await Deno.writeTextFile(path, "y\n", { append: true });
    return answer;
  };
  await assert.rejects(prepare(file(path), { call: growing }), /it is changing$/);
});

Deno.test({
  name: "prepareRun() maps no file that a folder was made to lead to after the rules were asked",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using host = await openTestHost();
    const [open, secret, away] = [join(host.home, "d"), join(host.home, "secret"), join(host.home, "away")];
    for (const folder of [open, secret]) await Deno.mkdir(folder);
    await Deno.writeTextFile(join(open, "in.txt"), "mine\n");
    await Deno.writeTextFile(join(secret, "in.txt"), "hush\n");
    const call = callHere(host);
    let calls = 0;
    const swapping = (back: boolean): Hosts["call"] => async (...args) => {
      if (back && calls === 1) {
        await Deno.remove(open);
        await Deno.rename(away, open);
      }
      const answer = await call(...args);
      if (calls++ === 0) {
        await Deno.rename(open, away);
        await Deno.symlink(secret, open);
      }
      return answer;
    };
    const path = join(open, "in.txt");
    // Once it stays swapped, and once it is as before when the rules are asked again.
    await assert.rejects(prepare(file(path), { call: swapping(false) }), /it is changing$/);
    await Deno.remove(open);
    await Deno.rename(away, open);
    calls = 0;
    await assert.rejects(prepare(file(path), { call: swapping(true) }), /the file was changed/);
  },
});

Deno.test("prepareRun() maps files of hosts where they lie, and knows the same files again", async () => {
  const files = { h1: { "/data/1": "x\n" }, h2: { "/data/2": "yy\n", "/data/3": "z\n" } };
  const at = (world: Parameters<typeof listing>[0]): { readonly call: Hosts["call"] } => ({
    // Only list_dir is asked for.
    call: ((agent: string) =>
      Promise.resolve({
        agent: { id: agent, name: agent },
        result: listing(world, agent),
      })) as unknown as Hosts["call"],
  });
  const glob: Partial<MapReduceRequest> = { input: { type: "glob", pattern: "/data/*" } };
  const spec = await prepare(glob, at(files));
  assert.deepEqual(spec.inputs, [
    { type: "files", host: "h1", paths: ["/data/1"], bytes: 2 },
    { type: "files", host: "h2", paths: ["/data/2", "/data/3"], bytes: 5 },
  ]);
  assert.equal(spec.items, "text");
  assert.equal((await prepare(glob, at(files))).inputIdentity, spec.inputIdentity);
  const grown = { ...files, h1: { "/data/1": "xx\n" } };
  assert.notEqual((await prepare(glob, at(grown))).inputIdentity, spec.inputIdentity);
});
