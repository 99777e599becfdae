/**
 * The environment that a command starts with: the agent's own, without what belongs to the agent alone.
 */

/** Variables of this prefix may hold the room's token and keys, so no command ever sees them. */
const PRIVATE_PREFIX = "REMOTE_AGENTS_";

/**
 * Returns `own` without the agent's private variables, then `additions` on top. `PWD` is set to `cwd`, since the
 * agent's own would be wrong in another folder.
 *
 * @param own - the agent's environment
 * @param additions - what the caller adds or replaces; nothing is taken out of it
 */
export function childEnvironment(
  own: Readonly<Record<string, string>>,
  additions: Readonly<Record<string, string>> = {},
  cwd?: string,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (!name.toUpperCase().startsWith(PRIVATE_PREFIX)) environment[name] = value;
  }
  if (cwd !== undefined) environment["PWD"] = cwd;
  return { ...environment, ...additions };
}
