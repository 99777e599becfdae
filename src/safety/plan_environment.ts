/**
 * The environment of every command in plan mode. The judge knows what a command does by its words; variables that load code, name
 * helpers or add options would make it something else.
 */
import { GIT_GUARD_ENVIRONMENT } from "./git_guard.ts";

/** Variables that are taken away: loaders, shells, interpreters, pagers and editors, and options programs read from variables. */
const REMOVED = new RegExp(
  "^(?:LD_.*|DYLD_.*|GLIBC_TUNABLES|MALLOC_.*|LOCPATH|GCONV_PATH|NLSPATH|GETCONF_DIR|HOSTALIASES|RES_OPTIONS|LOCALDOMAIN|" +
    "BASH_ENV|ENV|BASH_FUNC_.*|BASHOPTS|SHELLOPTS|BASH_XTRACEFD|BASH_LOADABLES_PATH|PS[0-4]|PROMPT_COMMAND|IFS|CDPATH|GLOBIGNORE|" +
    "EXECIGNORE|FIGNORE|POSIXLY_CORRECT|HISTFILE|TERMINFO.*|TERMCAP|" +
    "PYTHON.*|PERL.*|RUBY.*|NODE_.*|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|LUA_.*|PHP.*|AWKPATH|AWKLIBPATH|" +
    "PAGER|.*_PAGER|MANPAGER|EDITOR|VISUAL|.*_EDITOR|BROWSER|LESS.*|MORE|SYSTEMD_.*|" +
    "GIT_.*|SSH_ASKPASS|SSH_ASKPASS_REQUIRE|RIPGREP_CONFIG_PATH|GREP_OPTIONS|TAR_OPTIONS|GZIP|BZIP2?|XZ_OPT|XZ_DEFAULTS|UNZIP.*|ZIPINFO.*|" +
    "RSYNC_.*|MAKEFLAGS|GNUMAKEFLAGS|CC|CXX|RUSTC_WRAPPER|OPENSSL_.*|SSLKEYLOGFILE|PIP_.*|NPM_.*|npm_.*|APT_CONFIG|DPKG_.*|LSOF_.*|" +
    "JQ_.*|MAGIC|TREE_.*|FD_.*|DEBUGINFOD_.*)$",
);

/** Variables every command gets. */
const SET: Readonly<Record<string, string>> = {
  PAGER: "cat",
  SYSTEMD_PAGER: "cat",
  SYSTEMD_COLORS: "0",
  ...GIT_GUARD_ENVIRONMENT,
};

/**
 * Makes the environment of a command in plan mode from the agent's own.
 *
 * @returns Everything harmless of it, a `PATH` without relative folders, and what keeps git and pagers from starting programs.
 */
export function planEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(environment).filter(([name]) => !REMOVED.test(name));
  const result: Record<string, string> = { ...Object.fromEntries(kept), ...SET };
  const path = (environment.PATH ?? "").split(":").filter((folder) => folder.startsWith("/")).join(":");
  // Without a PATH shells use one of their own, which may hold the working folder.
  result.PATH = path === "" ? "/usr/bin:/bin:/usr/sbin:/sbin" : path;
  return result;
}
