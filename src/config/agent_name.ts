/**
 * Makes an agent's name from the name of its host, for hosts that were given none.
 */

/**
 * Turns a host's name into a name that `AgentName` accepts: what it does not allow becomes a hyphen.
 *
 * @returns the name, or `host` if nothing of the host's name is left
 */
export function agentNameOf(hostName: string): string {
  const name = hostName.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, 64)
    .replace(/[^A-Za-z0-9]+$/, "");
  return name === "" ? "host" : name;
}
