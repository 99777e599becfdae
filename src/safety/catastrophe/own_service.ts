/**
 * Recognises what would shut down the agent itself, or lift its limits: its service, its processes, its mode.
 */
import { ANY, ONE } from "./fields.ts";
import type { Invocation } from "./invocations.ts";

const OWN = /remote-agents?(?:$|[^a-z])/i;
const OWN_NAMES = ["remote-agent", "remote-agents", "remote-agent.service"];

/**
 * Explains how an invocation would shut down the agent or lift its limits.
 *
 * @param ownPids Process ids of the agent, if they are known.
 */
export function ownServiceProblem(
  invocation: Invocation,
  ownPids: readonly number[] = [],
): string | undefined {
  const { name, args } = invocation;
  const operands = args.filter((arg) => !arg.startsWith("-"));
  const problem = "It would shut down the agent itself";
  switch (name) {
    case "systemctl": {
      const [verb, ...units] = operands;
      return /^(?:stop|disable|kill|mask|isolate)$/.test(verb ?? "") && units.some(namesOwn)
        ? problem
        : undefined;
    }
    case "service":
    case "rc-service":
      return operands.some(namesOwn) && operands.includes("stop") ? problem : undefined;
    case "launchctl":
      return /^(?:stop|unload|bootout|remove|kill|disable)$/.test(operands[0] ?? "") && args.some(namesOwn)
        ? problem
        : undefined;
    case "remote-agent":
    case "remote-agents":
      if (operands[0] === "uninstall") return problem;
      // Showing and lowering the mode is harmless; raising it is for whoever sits at the console.
      return operands[0] === "mode" &&
          (args.includes("--reset") || !["plan", "disabled", undefined].includes(operands[1]))
        ? "It would change the mode of the agent itself"
        : undefined;
    case "pkill":
    case "killall":
    case "skill":
      return isSignalled(args) && operands.some((pattern) => matchesOwn(pattern)) ? problem : undefined;
    case "killall5":
      return problem;
    case "kill":
      return killProblem(invocation, ownPids) ? problem : undefined;
    default:
      return undefined;
  }
}

/** `-0` only asks whether there is such a process. */
function isSignalled(args: readonly string[]): boolean {
  return !args.includes("-0") && !args.includes("-l");
}

function namesOwn(text: string): boolean {
  if (OWN.test(text)) return true;
  if (!text.includes(ANY) && !text.includes(ONE) && !text.includes("*")) return false;
  if (text.length > 64) return false;
  const pattern = text.replace(/[^\w@*\uE000\uE001-]/g, ".").replace(/[*\uE000]+/g, ".*").replaceAll(
    ONE,
    ".",
  );
  return OWN_NAMES.some((own) => new RegExp(`^${pattern}$`).test(own));
}

/** pkill takes a regular expression. */
function matchesOwn(pattern: string): boolean {
  if (namesOwn(pattern)) return true;
  if (pattern.length > 64 || /[*+?{].*[*+?{]/.test(pattern)) return pattern.includes("remote-agent");
  try {
    return pattern.length > 0 && OWN_NAMES.some((own) => new RegExp(pattern).test(own));
  } catch {
    // Not a regular expression to us: then it matches nothing that looks like the agent.
    return false;
  }
}

function killProblem({ args, inside, fed }: Invocation, ownPids: readonly number[]): boolean {
  if (!isSignalled(args)) return false;
  const targets = args.filter((arg, index) => (index > 0 || /^-?\d+$/.test(arg)) && /^-?\d+$/.test(arg));
  // As the first word -1 is a signal; after another word it means all processes.
  if (
    targets.slice(1).includes("-1") || (args[0] !== "-1" && args.includes("-1")) ||
    (args[0] === "--" && args.includes("-1"))
  ) return true;
  if (targets.some((target) => ownPids.includes(Number(target)))) return true;
  return [...inside, ...(fed ?? [])].some((each) =>
    /^(?:pgrep|pidof)$/.test(each.name) && each.args.some((arg) => !arg.startsWith("-") && matchesOwn(arg))
  );
}
