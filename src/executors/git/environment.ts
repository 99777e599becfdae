/**
 * The environment that git starts with: nothing in it sends git to another repository, and nothing ever asks a question.
 */
import { GIT_GUARD_ENVIRONMENT } from "../../safety/git_guard.ts";

/**
 * Variables of git that are kept: who commits, where the user's configuration is, and how remotes are reached. All others go,
 * `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE` above all: an agent started from a hook has them.
 */
const KEPT =
  /^GIT_(?:(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL)|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|HTTP_\w+|PROXY_\w+|EXEC_PATH|ALLOW_PROTOCOL|PROTOCOL_FROM_USER|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM)$/;
/** Of these, what injects settings or programs, which plan mode does not want. */
const INJECTING =
  /^GIT_(?:CONFIG_(?:COUNT|KEY_\d+|VALUE_\d+)|SSH|SSH_COMMAND|SSH_VARIANT|PROXY_\w+|ALLOW_PROTOCOL)$/;
/** Variables by which helpers of git find a window or a program to ask with. */
const ASKING = /^(?:SSH_ASKPASS|SSH_ASKPASS_REQUIRE|EDITOR|VISUAL|PAGER|LC_.*|LANG|LANGUAGE)$/;

/** Never asks: no terminal, no window, no editor, no pager. Answers come in English, to be read by programs. */
const QUIET: Readonly<Record<string, string>> = {
  GIT_TERMINAL_PROMPT: "0",
  // Empty, it switches off core.askPass and SSH_ASKPASS as well.
  GIT_ASKPASS: "",
  SSH_ASKPASS_REQUIRE: "never",
  GCM_INTERACTIVE: "never",
  GIT_EDITOR: ":",
  GIT_SEQUENCE_EDITOR: ":",
  GIT_MERGE_AUTOEDIT: "no",
  GIT_PAGER: "cat",
  LC_ALL: "C",
};

/** A setting that counts for one call, whatever the repository says. */
export type GitSetting = readonly [key: string, value: string];

/** What {@link gitEnvironment} is to make. */
export interface GitEnvironmentOptions {
  /** Nothing is written, not even to refresh the index. */
  readonly isRead: boolean;
  /** Plan mode: hooks and configured programs are switched off. */
  readonly isGuarded: boolean;
  /** Settings on top. */
  readonly settings?: readonly GitSetting[];
  /** How to start ssh; only where the user has set nothing. */
  readonly ssh?: string | undefined;
}

/**
 * Makes the environment of a call of git.
 *
 * @param base - what programs of this call start from
 */
export function gitEnvironment(
  base: Readonly<Record<string, string>>,
  { isRead, isGuarded, settings = [], ssh }: GitEnvironmentOptions,
): Record<string, string> {
  const kept = Object.entries(base).filter(([name]) =>
    !ASKING.test(name) &&
    (!name.startsWith("GIT_") || (KEPT.test(name) && !(isGuarded && INJECTING.test(name))))
  );
  const environment: Record<string, string> = {
    ...Object.fromEntries(kept),
    ...(ssh === undefined ? {} : { GIT_SSH_COMMAND: ssh }),
    ...(isGuarded ? GIT_GUARD_ENVIRONMENT : {}),
    ...(isRead ? { GIT_OPTIONAL_LOCKS: "0" } : {}),
    ...QUIET,
  };
  let count = Number(environment["GIT_CONFIG_COUNT"] ?? 0);
  if (settings.length === 0 || !Number.isSafeInteger(count)) return environment;
  for (const [key, value] of settings) {
    environment[`GIT_CONFIG_KEY_${count}`] = key;
    environment[`GIT_CONFIG_VALUE_${count}`] = value;
    count++;
  }
  environment["GIT_CONFIG_COUNT"] = String(count);
  return environment;
}

/** Tells whether the environment says how to start ssh. */
export function hasSshCommand(base: Readonly<Record<string, string>>): boolean {
  return base["GIT_SSH_COMMAND"] !== undefined || base["GIT_SSH"] !== undefined;
}
