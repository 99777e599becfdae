/**
 * The demo does what it says, and leaves nothing behind: no process and no file, whenever it is interrupted.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { eventually } from "../helpers/eventually.ts";
import { ProcessLog } from "../helpers/process_log.ts";
import { programEnvironment, within } from "../helpers/processes.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const MARK = "DEMO_TEST_MARK";

/** A demo that runs in a group of its own, as it would in a terminal. */
async function startDemo() {
  const { folder, [Symbol.asyncDispose]: removeFolder } = await temporaryFolder();
  const mark = crypto.randomUUID();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--frozen", MAIN],
    clearEnv: true,
    // What the demo starts inherits both: the mark finds its processes, and TMPDIR its files.
    env: programEnvironment({ [MARK]: mark, TMPDIR: folder }),
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = new ProcessLog();
  const errors = new ProcessLog();
  const reading = Promise.all([output.read(child.stdout), errors.read(child.stderr)]);
  return {
    child,
    output,
    /** Waits for the end, and returns the exit code. */
    async ended(): Promise<number> {
      const late = () => new Error(`The demo runs on. It printed:\n${output.text}\n${errors.text}`);
      const { code } = await within(child.status, 40_000, late);
      await reading;
      assert.equal(errors.text, "");
      return code;
    },
    /** Makes sure that nothing is left. */
    async assertClean(): Promise<void> {
      await eventually(
        `the processes of the demo are gone: ${await describe(await marked(mark))}`,
        async () => (await marked(mark)).length === 0,
        { timeoutMs: 2_000 },
      );
      const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
      assert.deepEqual(files, []);
    },
    async [Symbol.asyncDispose]() {
      for (const pid of await marked(mark)) Deno.kill(pid, "SIGKILL");
      await child.status;
      await reading;
      await removeFolder();
    },
  };
}

/** The processes that have the mark in their environment. */
async function marked(mark: string): Promise<number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end while it is looked at.
    const environment = await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
    if (environment.includes(`${MARK}=${mark}`)) pids.push(Number(name));
  }
  return pids;
}

async function describe(pids: readonly number[]): Promise<string> {
  const lines = await Promise.all(
    pids.map((pid) => Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "ended meanwhile")),
  );
  return lines.map((line) => line.replaceAll("\0", " ")).join("; ") || "none";
}

Deno.test("the demo plays all its steps, exits with 0 and leaves nothing behind", async () => {
  await using demo = await startDemo();
  assert.equal(await demo.ended(), 0, demo.output.text);
  const { text } = demo.output;
  for (
    const line of [
      /^ +relay +ws:\/\/127\.0\.0\.1:\d+ /m,
      /^ +web-1 +\w{20} +web,eu +edit +[\d.]+ ms$/m,
      /^ +db-1 +Linux \S+ run by process \d+ +[\d.]+ m?s$/m,
      /^ +part \d +#+ +[\d.]+ m?s$/m,
      /^ +caller +The host left before it answered \[peer_gone\]$/m,
      /^ +learned \d+ ms after the kill$/m,
      /^Every step did what it says, in [\d.]+ s\. Nothing is left behind\.$/m,
    ]
  ) {
    assert.match(text, line);
  }
  // deno-lint-ignore no-control-regex -- colours are what is looked for
  assert.doesNotMatch(text, /\u001b/, "no colours where there is no terminal");
  await demo.assertClean();
});

for (
  const [moment, pattern, signal, whom] of [
    ["at its first line", /^Remote Agents/, "SIGINT", "group"],
    ["when the relay is there", /^ +relay/, "SIGTERM", "demo"],
    ["when the first process is there", /^ +\S+ +process \d+/, "SIGINT", "group"],
    ["in the middle of an output", /^ +part 2/, "SIGINT", "group"],
    ["in the middle of an output", /^ +part 4/, "SIGTERM", "demo"],
    ["while a command waits", /runs it as process/, "SIGHUP", "demo"],
  ] as const
) {
  Deno.test(`the demo leaves nothing behind when ${signal} interrupts its ${whom === "group" ? "terminal" : "process"} ${moment}`, async () => {
    await using demo = await startDemo();
    await demo.output.waitFor(pattern);
    // Ctrl-C in a terminal reaches every process of the group.
    Deno.kill(whom === "group" ? -demo.child.pid : demo.child.pid, signal);
    const code = await demo.ended();
    assert.ok([129, 130, 143].includes(code), `exit code ${code}: ${demo.output.text}`);
    assert.match(demo.output.text, /Interrupted, cleaning up/);
    assert.doesNotMatch(demo.output.text, /Every step did/);
    await demo.assertClean();
  });
}

Deno.test("the demo goes on when nobody reads what it prints, and leaves nothing behind", async () => {
  const { folder, [Symbol.asyncDispose]: removeFolder } = await temporaryFolder();
  await using _folder = { [Symbol.asyncDispose]: removeFolder };
  const child = new Deno.Command("sh", {
    args: ["-c", `"$0" run -A --frozen "$1" | head -n 3`, Deno.execPath(), MAIN],
    env: programEnvironment({ TMPDIR: folder }),
    clearEnv: true,
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr } = await child.output();
  assert.match(new TextDecoder().decode(stdout), /^Remote Agents/);
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
});
