/**
 * Programs that start another one: what they start is judged, as far as it is written plainly.
 */
import type { Arg } from "../shell_words.ts";
import { type JudgeContext, type Judgement, known, type ProgramRule, unknown } from "./program.ts";

interface Wrapper {
  /** Options without a value. */
  readonly flags: RegExp;
  /** Options whose value is the next word. */
  readonly valued?: RegExp;
  /** What such a value must look like. */
  readonly value?: RegExp;
  /** How many operands come before the command, and what they look like. */
  readonly operand?: RegExp;
}

/** Skips the wrapper's own words; undefined if one of them is not known. */
function commandOf(wrapper: Wrapper, args: readonly Arg[]): readonly Arg[] | undefined {
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at];
    if (arg === undefined || !arg.exact) return undefined;
    if (!arg.text.startsWith("-")) break;
    if (wrapper.valued?.test(arg.text) === true) {
      const value = args[++at];
      if (value?.exact !== true || wrapper.value?.test(value.text) !== true) return undefined;
    } else if (!wrapper.flags.test(arg.text)) return undefined;
  }
  if (wrapper.operand !== undefined) {
    const operand = args[at++];
    if (operand?.exact !== true || !wrapper.operand.test(operand.text)) return undefined;
  }
  return args.slice(at);
}

function judgeWrapped(wrapper: Wrapper): (args: readonly Arg[], context: JudgeContext) => Judgement {
  return (args, context) => {
    const command = commandOf(wrapper, args);
    if (command === undefined) {
      return unknown("wrapper", "The options before the command are not known to only read");
    }
    if (command.length === 0) return unknown("wrapper", "There is no command");
    return context.inner(command);
  };
}

const XARGS: Wrapper = {
  flags:
    /^-(?:[0rt]+|[nLPs]\d+|I\{\}|I%|d.+|-null|-no-run-if-empty|-max-args=\d+|-max-procs=\d+|-max-lines=\d+)$/,
  valued: /^-(?:[0rt]*)[nLPsId]$/,
  value: /^(?:\d{1,5}|\{\}|%|\\n|\\0|,)$/,
};

/** Wrappers. */
export const WRAPPERS: readonly ProgramRule[] = [
  {
    names: ["time"],
    judge: judgeWrapped({ flags: /^-p$/ }),
    match: ["command time ls", "time ls"],
    not_match: ["command time -o f ls", "time rm f", "env time -o f ls", "time sh -c 'touch f'"],
  },
  {
    names: ["timeout"],
    judge: judgeWrapped({
      flags: /^(?:--foreground|--preserve-status|-v|--verbose|--(?:kill-after|signal)=\w+|-[ks]\w+)$/,
      valued: /^-[ks]$/,
      value: /^\w+$/,
      operand: /^\d+(?:\.\d+)?[smhd]?$/,
    }),
    match: ["timeout 5 ls", "timeout -k 1 5s ls -l", "timeout 10 git status"],
    not_match: ["timeout 5 rm f", "timeout $X ls", "timeout 5", "timeout 5 sh -c ls", "timeout 5 ./ls"],
  },
  {
    names: ["nice"],
    judge: judgeWrapped({ flags: /^-(?:n?-?\d+|-adjustment=-?\d+)$/, valued: /^-n$/, value: /^-?\d+$/ }),
    match: ["nice -n 10 ls", "nice ls"],
    not_match: ["nice rm f", "nice -n 10 sh", "nice -n $X ls"],
  },
  {
    names: ["ionice"],
    judge: judgeWrapped({ flags: /^-(?:c[0-3]|n[0-7]|t)$/, valued: /^-[cn]$/, value: /^[0-7]$/ }),
    os: ["linux"],
    match: ["ionice -c 3 ls"],
    not_match: ["ionice -c 3 rm f", "ionice -p 1 -c 3"],
  },
  {
    names: ["stdbuf"],
    judge: judgeWrapped({ flags: /^-[ioe](?:L|0|\d+)$/ }),
    match: ["stdbuf -oL ls"],
    not_match: ["stdbuf -oL sh", "stdbuf -o L rm f"],
  },
  {
    names: ["env"],
    judge: (args, context) => {
      if (args.length === 0 || (args.length === 1 && args[0]?.exact === true && args[0].text === "-0")) {
        return known();
      }
      const assignment = args[0]?.exact !== true || args[0].text.startsWith("-") ||
        args[0].text.includes("=");
      if (assignment) {
        return unknown("wrapper", "env changes the environment in a way that is not known to be safe");
      }
      return context.inner(args);
    },
    match: ["env", "env | sort", "env ls"],
    not_match: [
      "env sh -c 'touch f'",
      "env PATH=. ls",
      "env LD_PRELOAD=./x.so ls",
      "env -S 'touch f'",
      "env -i sh",
      "env -u X rm f",
      "env -C x ls",
      "env $X",
      "env A=1 touch f",
      "env --split-string='touch f'",
    ],
  },
  {
    names: ["xargs"],
    judge: (args, context) => {
      const command = commandOf(XARGS, args);
      if (command === undefined) return unknown("wrapper", "The options of xargs are not known to only read");
      const own = args.slice(0, args.length - command.length).map((arg) => arg.text);
      if (own.some((text, index) => /^-[0rt]*I$/.test(text) && !/^(?:\{\}|%)$/.test(own[index + 1] ?? ""))) {
        return unknown("wrapper", "xargs replaces something else than {}");
      }
      if (command.length === 0) return known();
      if (command[0]?.exact !== true || /[{}%]/.test(command[0].text)) {
        return unknown("wrapper", "What xargs starts is not known before it runs");
      }
      return context.innerWithAnyOperands(command);
    },
    match: [
      "find . -print0 | xargs -0 grep x",
      "ls | xargs -n 1 basename",
      "ls | xargs -I{} cat {}",
      "ls | xargs -I {} stat {}",
      "ls | xargs",
    ],
    not_match: [
      "ls | xargs rm",
      "echo touch f | xargs sh -c",
      "echo f | xargs touch",
      "echo f | xargs -I ls ls x",
      "echo f | xargs -Ils ls x",
      "echo f | xargs -I 2 b2sum",
      "echo f | xargs -0I 2 b2sum",
      "echo f | xargs -I{} {} x",
      "echo f | xargs sort -o",
      "echo f | xargs env touch",
      "echo f | xargs git",
      "echo f | xargs find",
      "echo f | xargs -i touch {}",
      "ls | xargs $X",
      "ls | xargs -I% sh -c 'touch %'",
      "ls | xargs timeout 5",
      "ls | xargs uniq a",
      "ls | xargs sed -n p",
    ],
  },
];
