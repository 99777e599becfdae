/**
 * The deny-list on Windows: simple words of PowerShell and cmd, since there is no syntax tree of them.
 */

const REMOVERS = /^(?:remove-item|ri|rm|rd|rmdir|del|erase)$/;
const RECURSIVE = /^(?:-r(?:e(?:c(?:u(?:r(?:se?)?)?)?)?)?(?::\$true)?|-rf|-fr|\/s)$/;
const GREAT =
  /^(?:[a-z]:|\$env:systemdrive|%systemdrive%)?[\\/]*(?:\*|\.)?$|^(?:(?:[a-z]:|\$env:systemdrive|%systemdrive%)[\\/]+(?:windows|users|program files(?: \(x86\))?|programdata)|\$env:(?:systemroot|windir|programfiles)|%(?:systemroot|windir)%)[\\/]*\*?$/;
const HOME = /^(?:(?:[a-z]:)?[\\/]+users[\\/]+[^\\/]+|~|\$home|\$env:userprofile|%userprofile%)[\\/]*\*?$/;

/** Explains what is catastrophic about a command line of Windows. */
export function windowsProblem(
  text: string,
):
  | { readonly rule: "remove-great-folder" | "block-device" | "own-service"; readonly reason: string }
  | undefined {
  for (const statement of text.split(/[;|&\n]+/)) {
    const words = (statement.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) =>
      word.replace(/^["']|["']$/g, "").toLowerCase()
    );
    const problem = statementProblem(words, 0);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function statementProblem(words: readonly string[], depth: number): ReturnType<typeof windowsProblem> {
  const [program = "", ...args] = words;
  const name = program.replace(/^.*[\\/]/, "").replace(/\.(?:exe|com|cmd)$/, "");
  if (depth < 4 && /^(?:cmd|powershell|pwsh|iex|invoke-expression|start-process)$/.test(name)) {
    const from = args.findIndex((arg) => !/^[-/]/.test(arg));
    if (from !== -1) {
      return windowsProblem(args.slice(from).join(" ")) ?? statementProblem(args.slice(from), depth + 1);
    }
  }
  if (REMOVERS.test(name) && args.some((arg) => RECURSIVE.test(arg))) {
    const target = args.find((arg) => !/^-|^\/[sqfa]$/.test(arg) && (GREAT.test(arg) || HOME.test(arg)));
    if (target !== undefined) {
      return { rule: "remove-great-folder", reason: `It would remove "${target}" with everything in it` };
    }
  }
  const formats = (name === "format" && args.some((arg) => /^[a-z]:/.test(arg))) ||
    /^(?:format-volume|clear-disk|initialize-disk|remove-partition|diskpart)$/.test(name);
  if (formats) return { rule: "block-device", reason: "It would format or change a disk" };
  const stops =
    /^(?:stop-service|remove-service|set-service|stop-process|taskkill|sc|net|stop-scheduledtask)$/.test(
      name,
    ) &&
    args.some((arg) => arg.includes("remote-agent")) &&
    (!/^(?:sc|net|set-service)$/.test(name) ||
      args.some((arg) => /^(?:stop|delete|disabled|-status)$/.test(arg)));
  return stops ? { rule: "own-service", reason: "It would shut down the agent itself" } : undefined;
}
