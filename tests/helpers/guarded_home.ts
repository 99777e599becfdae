/**
 * A home folder with a closed file in it, and the guard of its host.
 */
import { join } from "node:path";
import {
  createPathGuard,
  type HostPathGuard,
  type PathGuardOptions,
} from "../../src/executors/path_guard.ts";
import type { PathRules } from "../../src/safety/path_policy.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** What no answer may hold. */
export const SECRET = "the-secret-of-this-test";

/** What a test gets; disposing of it removes the home. */
export interface GuardedHome extends AsyncDisposable {
  /** Real absolute path of the home. */
  readonly home: string;
  readonly guard: HostPathGuard;
  /** Writes a text to a path below the home. */
  write(name: string, text: string): Promise<string>;
  /** The guard with other rules, or with a disk that swaps files. */
  guardWith(rules: Partial<PathRules>, options?: Partial<PathGuardOptions>): HostPathGuard;
}

/** Makes a home with `.ssh/id_test`, `.vault/deep/key`, `state/host_key` and `config/config.toml`, all of them closed. */
export async function guardedHome(): Promise<GuardedHome> {
  const temporary = await temporaryFolder();
  const home = await Deno.realPath(temporary.folder);
  const write = async (name: string, text: string) => {
    const path = join(home, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, text);
    return path;
  };
  for (const name of [".ssh/id_test", ".vault/deep/key", "state/host_key", "config/config.toml"]) {
    await write(name, SECRET);
  }
  const guardWith: GuardedHome["guardWith"] = (rules, options = {}) =>
    createPathGuard({
      rules: {
        allow: [],
        deny: ["~/.ssh/!(*.pub|config)", "~/.vault"],
        own: [{ path: join(home, "config") }],
        ownSecrets: [{ path: join(home, "config/config.toml") }, { path: join(home, "state") }],
        ...rules,
      },
      system: { os: "linux", homes: [home], isCaseInsensitive: false },
      ...options,
    });
  return {
    home,
    guard: guardWith({}),
    guardWith,
    write,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}
