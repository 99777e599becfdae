/**
 * A thousand random arguments for every operation: each call ends in time, with a result of its schema or a clear error that is not a
 * fault of ours. Nothing that could harm this machine is ever asked in a mode that would do it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { OperationError } from "../../src/errors.ts";
import { createModeStore } from "../../src/host/mode_store.ts";
import { detectSandbox } from "../../src/host/sandbox/detect.ts";
import { isOperationName, type OperationName, OPERATIONS } from "../../src/protocol/operation.ts";
import { openTestHost, outside, type TestHost } from "../helpers/local_host.ts";
import { within } from "../helpers/processes.ts";
import {
  type FieldValues,
  hostileText,
  randomArguments,
  type RandomArgumentsOptions,
} from "../helpers/random_arguments.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

const CALLS = Number(Deno.env.get("RANDOM_CALLS") ?? 250);
const CONCURRENCY = 16;
/** Far more than any of these calls may need, also on a busy machine. */
const CALL_MS = 30_000;

const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

const READING_PATHS = [
  "/proc/self/status",
  "/proc/self/mem",
  "/proc/self/fd/0",
  "/proc/self/maps",
  "/proc/1/environ",
  "/proc/kmsg",
  "/dev/zero",
  "/dev/random",
  "/dev/tty",
  "/dev/stdin",
  "/etc/shadow",
  "/proc/self/root/etc/shadow",
  "../".repeat(50) + "etc/hostname",
  "file:///etc/hostname",
];
/** Where writing would do nothing, were it allowed. */
const HARMLESS_PATHS = [
  "/dev/null",
  "/dev/full",
  "/proc/version",
  "~",
  "~/",
  "~/new",
  "~nobody/x",
  "",
  "\0",
  "a\0b",
  ".",
  "-rf",
  "a/".repeat(3000),
  "/".repeat(4000) + "dev/null",
  "new/folder/file",
  "C:\\new",
  "\\\\?\\C:\\new",
  "\uD800",
  "x".repeat(300),
];
const WALKED_PATHS = ["/proc/self/fd", "/proc/self/task", "/dev/pts", "/nonexistent", "~"];

/** Odd things to point at. */
async function makeOddFolder(folder: string): Promise<readonly string[]> {
  const at = (name: string) => join(folder, name);
  await Deno.mkdir(at("deep/" + "d/".repeat(30)), { recursive: true });
  await Deno.writeTextFile(at("plain"), Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join(""));
  await Deno.writeFile(at("binary"), crypto.getRandomValues(new Uint8Array(3000)));
  await Deno.writeFile(at("utf16"), Uint8Array.of(0xff, 0xfe, 0x41, 0, 0x42));
  for (const name of ["empty", "-dash", "new\nline", "x".repeat(255), ".hidden", ".gitignore"]) {
    await Deno.writeTextFile(at(name), name === "empty" ? "" : `${name}\n`);
  }
  await Deno.writeTextFile(at("unreadable"), "x", { mode: 0o000 });
  for (
    const [name, target] of [
      ["loop", "loop"],
      ["loop-a", "loop-b"],
      ["loop-b", "loop-a"],
      ["broken", "none"],
      [
        "up",
        ".",
      ],
      ["to-fifo", "fifo"],
    ] as const
  ) {
    await Deno.symlink(target, at(name));
  }
  const script = 'mkfifo fifo; printf x > "$(printf "bad\\377name")"; truncate -s 3G huge';
  const made = await new Deno.Command("sh", { args: ["-c", script], cwd: folder }).output();
  assert.ok(made.success);
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => at(name));
}

/** Makes a repository with a remote. */
async function makeRepository(folder: string): Promise<string> {
  const script = "git init -q --bare remote && git init -q -b main repo && cd repo && " +
    "git config user.name a && git config user.email a@b.c && git config gc.auto 0 && " +
    "git remote add origin ../remote && echo a > a && git add a && git commit -qm a && git push -qu origin main && " +
    "echo b >> a && echo c > c && git branch other";
  const { success, stderr } = await new Deno.Command("sh", { args: ["-c", script], cwd: folder }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return join(folder, "repo");
}

/** What a trial works on. */
interface Scene {
  readonly host: TestHost;
  readonly odd: readonly string[];
  readonly repository: string | undefined;
  /** A job that runs, and one that has ended. */
  readonly jobs: readonly string[];
}

const call = (host: TestHost, name: OperationName, params: unknown) =>
  host.executors.execute(name, params, outside());

async function prepare(host: TestHost, name: OperationName): Promise<Scene> {
  const oddFolder = join(host.folder, "odd");
  await Deno.mkdir(oddFolder);
  const all = await makeOddFolder(oddFolder);
  const isWrite = OPERATIONS[name].access === "write";
  // A backup of an enormous file would fill the disk.
  const odd = isWrite ? all.filter((path) => !path.endsWith("/huge")) : all;
  const jobs: string[] = [];
  if (name.startsWith("job_")) {
    for (const command of ["sleep 300", "echo x"]) {
      const { job } = OPERATIONS.exec.result.parse(await call(host, "exec", { command, wait_ms: 0 }));
      jobs.push(job);
    }
  }
  if (name.startsWith("backup_")) {
    for (const content of ["1", "2", "3", "4"]) {
      await call(host, "write_file", { path: join(oddFolder, "plain"), content });
    }
  }
  const repository = name.startsWith("git_") ? await makeRepository(host.folder) : undefined;
  return { host, odd, repository, jobs };
}

/** The values that must be chosen with care, or with knowledge. */
function fieldsFor(name: OperationName, { odd, repository, jobs }: Scene): FieldValues {
  const access = OPERATIONS[name].access;
  const isWalk = name === "list_dir" || name === "file_search";
  const elsewhere = isWalk
    ? WALKED_PATHS
    : access === "write"
    ? HARMLESS_PATHS
    : [...HARMLESS_PATHS, ...READING_PATHS];
  const anyPath = fc.constantFrom(...odd, ...odd, ...elsewhere);
  const usual = repository ??
    (name === "edit_file" ? odd.find((path) => path.endsWith("/plain")) : undefined);
  const path = usual === undefined ? anyPath : fc.oneof(fc.constant(usual), anyPath);
  const job = fc.oneof(
    fc.constantFrom("j_aaaaaaaaaaaaaaaaaaaa", ...jobs),
    fc.stringMatching(/^j_[a-z2-7]{20}$/),
  );
  return {
    path,
    to: anyPath,
    cwd: fc.oneof({ weight: 9, arbitrary: fc.constantFrom("~", ".", "/tmp") }, {
      weight: 1,
      arbitrary: anyPath,
    }),
    job,
    before: job,
    ...(name === "backup_restore" ? { id: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.nat()) } : {}),
    wait_ms: fc.integer({ min: 0, max: 60 }),
    timeout_ms: name === "exec" || name === "file_search"
      ? fc.integer({ min: 1, max: 300 })
      : fc.oneof(fc.constantFrom(1, 5, 50), fc.constant(30_000), fc.constant(Number.MAX_SAFE_INTEGER)),
    edits: fc.array(
      fc.record({
        old_text: fc.oneof(
          { weight: 1, arbitrary: hostileText() },
          { weight: 4, arbitrary: fc.noBias(fc.nat(2999)).map((line) => `line ${line}\n`) },
        ),
        // What makes the file another encoding, or binary, would keep all later edits from being carried out.
        new_text: hostileText().map((text) => text.replaceAll(/[\0\uD800-\uDFFF\uFEFF]/g, "")),
        replace_all: fc.boolean(),
      }, { requiredKeys: ["old_text", "new_text"] }),
      { minLength: 1, maxLength: 2 },
    ),
    branch: fc.oneof(fc.constantFrom("main", "other", "none"), hostileText()),
    remote: fc.oneof(fc.constant("origin"), hostileText()),
    from: fc.oneof(fc.constantFrom("HEAD", "main", "other", "HEAD~9"), hostileText()),
    revision: fc.oneof(fc.constantFrom("HEAD", "main..other", "HEAD~9"), hostileText()),
    paths: fc.array(fc.oneof(fc.constantFrom("a", "c", "."), hostileText()), { minLength: 1, maxLength: 3 }),
    env: fc.dictionary(
      fc.constantFrom("A", "PATH", "HOME", "LANG", "LC_ALL", "UID", "_", "XDG_RUNTIME_DIR"),
      hostileText(),
      { maxKeys: 3 },
    ),
  };
}

const HARMLESS_COMMANDS = [
  "true",
  "false",
  "exit 3",
  "echo a | cat",
  "echo a; echo b >&2",
  "sleep 0.01 && echo over",
  "seq 1 2000",
  "kill -9 $$",
  "printf '\\377\\000'",
  "(exit 7)",
  "if",
  "'",
  "no-such-program",
  "cat",
];
/** For modes in which commands change something. */
const harmlessCommands = (odd: readonly string[]): FieldValues => ({
  command: fc.constantFrom(...HARMLESS_COMMANDS),
  argv: fc.tuple(
    fc.constantFrom("true", "false", "echo", "no-such-program", "", ...odd),
    fc.array(hostileText(), { maxLength: 4 }),
  ).map(([program, args]) => [program, ...args]),
});

const WORDS = [
  ..."ls|cat|echo|grep a|head -c 9|find . -name x|env|sh -c|bash -c|xargs|sed -n p|awk 1|git status|sleep 9|yes"
    .split("|"),
  ..."; | && || & > >> < <<EOF $( ) ` \" ' \\ \n ${x} $x ~ * ? { } ( if then fi while do done case esac ! [[ ]] -- -n 2>&1 #"
    .split(" "),
];
/** For isolation, where nothing that a command does has an effect. */
const randomCommands = (): FieldValues => ({
  command: fc.oneof(
    fc.array(fc.oneof(fc.constantFrom(...WORDS), hostileText()), { minLength: 1, maxLength: 8 })
      .map((words) => words.join(" ")),
    hostileText(),
  ),
  argv: fc.array(fc.oneof(fc.constantFrom(...WORDS), hostileText()), { minLength: 1, maxLength: 5 }),
});

/** Calls with everything, fails with the first that went wrong, and counts how the others ended. */
async function callAll(
  host: TestHost,
  name: OperationName,
  all: readonly unknown[],
): Promise<ReadonlyMap<string, number>> {
  const outcomes = new Map<string, number>();
  const failures: string[] = [];
  const modes = createModeStore(join(host.folder, "agent", "state"));
  const queue = all.values();
  const work = async () => {
    for (const args of queue) {
      const fail = (what: string) => failures.push(`${name} ${describe(args)}: ${what}`);
      // Nothing but the console leaves the mode "disabled".
      if (name === "set_mode") await modes.writeConsole({});
      try {
        const late = () => new Error(`it did not end within ${CALL_MS} ms`);
        const result = await within(call(host, name, args), CALL_MS, late);
        const parsed = OPERATIONS[name].result.safeParse(result);
        if (!parsed.success) fail(`the result is not of its schema: ${parsed.error.message}`);
        outcomes.set("ok", (outcomes.get("ok") ?? 0) + 1);
      } catch (error) {
        if (!(error instanceof OperationError)) fail(String(error));
        else if (error.code === "internal") fail(`${error.message}\n${String(error.cause)}`);
        else outcomes.set(error.code, (outcomes.get(error.code) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  assert.deepEqual(failures.slice(0, 5), [], `${failures.length} calls went wrong`);
  return outcomes;
}

function describe(args: unknown): string {
  return Deno.inspect(args, { strAbbreviateSize: 300, depth: 4 }).slice(0, 1500);
}

/** What the schemas do not say, or what keeps a call short. */
const SHAPES: { readonly [K in OperationName]?: Omit<RandomArgumentsOptions, "fields"> } = {
  exec: { always: ["timeout_ms", "wait_ms"], oneOf: [["command", "argv"]] },
  write_file: { oneOf: [["content", "content_base64"]] },
  read_file: { oneOf: [["offset", "start_line"]] },
  file_search: { always: ["timeout_ms"], oneOf: [["name", "pattern"]] },
  job_get: { always: ["wait_ms"] },
  git_log: { oneOf: [["revision", "all"]] },
  git_commit: { oneOf: [["paths", "all"]] },
};

async function trial(name: OperationName, isPlan = false): Promise<void> {
  await using host = await openTestHost({
    settings: isPlan ? { mode: "plan", max_mode: "plan", sandbox: "required" } : {
      mode: "edit",
      max_mode: "bypass",
      // A belt beside the braces: whatever the arguments are, nothing outside is written.
      ...(OPERATIONS[name].access === "write"
        ? { allow_paths: [await Deno.realPath("/tmp"), "/dev/null", "/dev/full", "/proc/version"] }
        : {}),
    },
    endGraceMs: 500,
  });
  const scene = await prepare(host, name);
  const commands = isPlan ? randomCommands() : harmlessCommands(scene.odd);
  const fields = { ...fieldsFor(name, scene), ...(name === "exec" ? commands : {}) };
  const all = fc.sample(randomArguments(OPERATIONS[name], { ...SHAPES[name], fields }), CALLS);
  const outcomes = await callAll(host, name, all);
  // A trial in which nothing got through, or nothing was refused, would show little.
  const count = (code: string) => outcomes.get(code) ?? 0;
  assert.ok(count("bad_request") >= CALLS / 100 && count("ok") >= CALLS / 100, JSON.stringify([...outcomes]));
}

/** Without the ticket of a run they answer nothing, so random arguments show little; hostile_fleet_test.ts attacks them. */
const BY_TICKET: readonly string[] = ["part_fetch", "part_read", "part_drop"];

const isWindows = Deno.build.os === "windows";
for (const name of Object.keys(OPERATIONS).filter(isOperationName)) {
  if (BY_TICKET.includes(name)) continue;
  const isMissing = name.startsWith("git_") && !hasGit;
  Deno.test({
    name: `${name} answers ${CALLS} random arguments with a result or a clear error` +
      (isMissing ? " (ignored: no git here)" : ""),
    ignore: isWindows || isMissing,
    fn: () => trial(name),
  });
}

await using sandboxFolder = await temporaryFolder();
const { sandbox } = await detectSandbox(sandboxFolder.folder);
Deno.test({
  name: `exec answers ${CALLS} random commands in plan mode` +
    (sandbox === undefined ? " (ignored: no sandbox here)" : ""),
  ignore: sandbox === undefined,
  fn: () => trial("exec", true),
});
