/**
 * What the host adds whenever it runs git for someone in plan mode. A repository's own configuration can start programs from commands
 * that only read; these settings switch off all that git lets be switched off, and the list of keys finds the rest.
 */

/** Settings that override those of the repository. */
export const GIT_GUARD_SETTINGS: readonly (readonly [key: string, value: string])[] = [
  ["core.fsmonitor", "false"],
  ["core.hooksPath", "/dev/null"],
  ["core.pager", "cat"],
  ["core.alternateRefsCommand", "true"],
  ["core.sshCommand", "false"],
  ["core.askPass", "false"],
  ["credential.helper", ""],
  ["log.showSignature", "false"],
  ["gpg.program", "false"],
  ["gpg.openpgp.program", "false"],
  ["gpg.x509.program", "false"],
  ["gpg.ssh.program", "false"],
  ["diff.ignoreSubmodules", "dirty"],
  ["status.submoduleSummary", "false"],
  ["submodule.recurse", "false"],
  ["protocol.ext.allow", "never"],
  ["safe.bareRepository", "explicit"],
];

/** Options for the subcommands that show differences; for `status` and others git has none. */
export const GIT_GUARD_DIFF_OPTIONS: readonly string[] = ["--no-ext-diff", "--no-textconv"];

/**
 * Variables for git, wherever in a command it stands. `GIT_CONFIG_PARAMETERS` is how git hands `-c` on to its own children, so it also
 * reaches those that work in submodules.
 */
export const GIT_GUARD_ENVIRONMENT: Readonly<Record<string, string>> = {
  GIT_CONFIG_PARAMETERS: GIT_GUARD_SETTINGS.map(([key, value]) => `'${key}=${value}'`).join(" "),
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_PAGER: "cat",
  GIT_ALLOW_PROTOCOL: "none",
};

/**
 * Finds the keys with which a repository starts programs that no setting switches off.
 *
 * @param names Keys as `git config --list --name-only` prints them.
 * @returns Those that make commands which only read start a program.
 */
export function programsInGitConfig(names: readonly string[]): readonly string[] {
  return names.filter((name) =>
    /^(?:filter\..*\.(?:clean|smudge|process)|diff\..*\.(?:command|textconv)|diff\.external|include(?:if\..*)?\.path)$/is
      .test(name)
  );
}
