/**
 * How a command line is given to a shell.
 */

/**
 * Returns program and arguments that run `line` under `shell`. No profile is read, so a command finds what the agent
 * itself finds.
 *
 * @param shell - absolute path of a POSIX shell or of PowerShell
 */
export function shellArgv(shell: string, line: string): [string, ...string[]] {
  const name = shell.split(/[\\/]/).at(-1)?.toLowerCase() ?? "";
  if (/^(pwsh|powershell)(\.exe)?$/.test(name)) {
    return [shell, "-NoLogo", "-NoProfile", "-NonInteractive", "-Command", line];
  }
  // Without the dashes, a line that begins with one would be read as options.
  return [shell, "-c", "--", line];
}
