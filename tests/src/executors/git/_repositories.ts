/**
 * Real repositories in folders that are gone afterwards, with a home of their own, so that this machine's configuration of git
 * does not matter; and calls of the executors on them.
 */
import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import type { Argv, CallContext, Permit } from "../../../../src/executors/executor.ts";
import type { ErrorCode } from "../../../../src/protocol/error_code.ts";
import type { Mode } from "../../../../src/protocol/mode.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";

const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(
    ({ success }) => success,
    () => false,
  );

/** A test that needs git. */
export function gitTest(name: string, fn: () => Promise<void>): void {
  const isIgnored = !hasGit || Deno.build.os === "windows";
  Deno.test({ name: isIgnored ? `${name} (ignored: no git here)` : name, ignore: isIgnored, fn });
}

/** A place with a home for git. */
export interface GitPlace extends AsyncDisposable {
  /** Absolute real path; repositories go in here. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs git as a user would; it must succeed. Returns its stdout without the last line feed. */
  git(folder: string, ...args: string[]): Promise<string>;
  /** Makes a repository with one commit of the file `a`, and returns its folder. */
  makeRepository(name?: string): Promise<string>;
  /** Makes a bare repository that is the remote `origin` of `repository`, with its branch main pushed. */
  makeRemote(repository: string, name?: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** What a call of an executor is told. */
  context(options?: ContextOptions): CallContext;
}

/** How a call is to be limited. */
export interface ContextOptions {
  /** @default "edit" */
  readonly mode?: Mode;
  readonly signal?: AbortSignal;
  readonly confine?: (argv: Argv) => Argv;
  /** On top of the place's. */
  readonly environment?: Readonly<Record<string, string>>;
}

const CONFIG = `[user]
	name = Test
	email = test@example.org
	useConfigOnly = true
[init]
	defaultBranch = main
[gc]
	auto = 0
[maintenance]
	auto = false
[protocol "file"]
	allow = always
`;

/** Makes a place. */
export async function gitPlace(): Promise<GitPlace> {
  const temporary = await temporaryFolder();
  const folder = await Deno.realPath(temporary.folder);
  const home = `${folder}/.home`;
  await Deno.mkdir(home);
  await Deno.writeTextFile(`${home}/config`, CONFIG);
  const environment = {
    PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
    HOME: home,
    GIT_CONFIG_GLOBAL: `${home}/config`,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CEILING_DIRECTORIES: folder,
  };
  const git = async (where: string, ...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command("git", {
      args,
      cwd: where,
      env: { ...environment, LC_ALL: "C" },
      clearEnv: true,
      stdin: "null",
    }).output();
    assert.equal(code, 0, `git ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout).replace(/\n$/, "");
  };
  const write = (file: string, text: string) => Deno.writeTextFile(file, text);
  return {
    folder,
    environment,
    git,
    write,
    async makeRepository(name = "repo") {
      const repository = `${folder}/${name}`;
      await Deno.mkdir(repository);
      await git(repository, "init", "--quiet");
      await write(`${repository}/a`, "one\n");
      await git(repository, "add", ".");
      await git(repository, "commit", "--quiet", "-m", "first");
      return repository;
    },
    async makeRemote(repository, name = "remote.git") {
      const remote = `${folder}/${name}`;
      await git(folder, "init", "--quiet", "--bare", remote);
      await git(repository, "remote", "add", "origin", remote);
      await git(repository, "push", "--quiet", "--set-upstream", "origin", "main");
      return remote;
    },
    context(
      { mode = "edit", signal, confine = (argv: Argv) => argv, environment: more = {} }: ContextOptions = {},
    ) {
      const permit: Permit = {
        mode,
        decision: "allow",
        rule: "test",
        reason: "",
        confine,
        environment: { ...environment, ...more },
      };
      return {
        signal: signal ?? new AbortController().signal,
        caller: { id: "test", name: "test", isLocal: true },
        permit,
      };
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/** Checks that an operation is refused. */
export async function rejects(
  work: Promise<unknown>,
  { code = "cannot_run", message }: { readonly code?: ErrorCode; readonly message: RegExp },
): Promise<OperationError> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof OperationError, `expected an error, got ${error}`);
  assert.match(error.message, message);
  assert.equal(error.code, code);
  assert.doesNotMatch(error.message, /[\p{Cc}]|\.$/u);
  return error;
}
