/**
 * awk programs that only print. Awk runs commands and writes files from inside its programs, so the program is read token by token
 * and everything that is not on a short list is unknown.
 */
import { mayBeOption } from "../shell_words.ts";
import { known, type ProgramRule, unknown } from "./program.ts";

const FUNCTIONS = new Set(
  "length substr index split sub gsub match sprintf tolower toupper int sqrt exp log sin cos atan2 rand"
    .split(" "),
);
const KEYWORDS = new Set(
  "BEGIN END print printf if else for while do in next exit delete break continue".split(" "),
);
const NAME = /^(?:[a-z][a-z0-9_]*|[A-Z]|NR|NF|FS|OFS|RS|ORS|FNR|FILENAME|RSTART|RLENGTH|SUBSEP)$/;
const TOKEN =
  /[ \t]+|\n|#[^\n]*|"(?:[^"\\\n]|\\[^\n])*"|\d+(?:\.\d+)?|\.\d+|[A-Za-z_]\w*|&&|\|\||[-+*/%^=!<>]=|\+\+|--|!~|[-+*/%^=!<>~?:,;(){}[\]$]/y;
const OPENED_BY: Readonly<Record<string, string>> = { ")": "(", "}": "{", "]": "[" };
const REGEX = /\/(?:[^/\\\n[]|\\[^\n]|\[\^?\]?(?:[^\]\\\n/]|\\[^\n])*\])+\//y;
/** After these an operand is due, so a slash begins a pattern and is no division. */
const BEFORE_OPERAND = new Set(["", "\n", "{", "}", "(", ",", ";", "~", "!~", "!", "&&", "||"]);

/**
 * Reads an awk program.
 *
 * @returns Why it is not known to only print; undefined if it is.
 */
export function awkProblem(program: string): string | undefined {
  const open: string[] = [];
  let previous = "";
  for (let at = 0; at < program.length;) {
    TOKEN.lastIndex = REGEX.lastIndex = at;
    const pattern = program.charAt(at) === "/" && BEFORE_OPERAND.has(previous) ? REGEX.exec(program) : null;
    const token = pattern?.[0] ?? TOKEN.exec(program)?.[0];
    if (token === undefined) {
      return `The awk program is not known to only print from "${program.slice(at, at + 20)}" on`;
    }
    at += token.length;
    if (/^[ \t#]/.test(token)) continue;
    if (token === "(" || token === "{" || token === "[") open.push(token);
    if (Object.hasOwn(OPENED_BY, token) && open.pop() !== OPENED_BY[token]) {
      return "The awk program closes what is not open";
    }
    // Everywhere else a slash may begin a pattern, and a quote in that would shift what is text and what is program.
    if (token.startsWith("/") && pattern === null && !isDivision(previous)) {
      return "The awk program has a slash of unknown meaning";
    }
    // Outside of parentheses in an action, > is where print begins to write a file.
    if (token.startsWith(">") && open.includes("{") && open.at(-1) !== "(") {
      return "The awk program may write to a file";
    }
    if (/^[A-Za-z_]/.test(token)) {
      const isCalled = /^\s*\(/.test(program.slice(at)) && !KEYWORDS.has(token);
      if (
        isCalled ? !FUNCTIONS.has(token) : !KEYWORDS.has(token) && !FUNCTIONS.has(token) && !NAME.test(token)
      ) {
        return `The awk program uses "${token}", which is not known to only print`;
      }
      if (token === "getline") return "The awk program may run a command";
    }
    previous = token;
  }
  return open.length === 0 ? undefined : "The awk program is not complete";
}

function isDivision(previous: string): boolean {
  if (/^(?:[\d.]|\]$)/.test(previous)) return true;
  return /^[A-Za-z_]/.test(previous) && !KEYWORDS.has(previous) && !FUNCTIONS.has(previous);
}

/** awk and its kin. */
export const AWK: readonly ProgramRule[] = [
  {
    names: ["awk", "gawk", "mawk", "nawk"],
    judge: (args) => {
      let at = 0;
      for (; at < args.length; at++) {
        const arg = args[at];
        if (arg === undefined || !mayBeOption(arg)) break;
        if (!arg.exact) return unknown("awk-option", `"${arg.text}" may become an option`);
        const option = /^-([Fv])(.*)$/s.exec(arg.text);
        if (option === null) {
          return unknown("awk-option", `The option ${arg.text} of awk is not known to only read`);
        }
        const value = option[2] === "" ? args[++at] : arg;
        if (value?.exact !== true || (value !== arg && mayBeOption(value))) {
          return unknown("awk-option", `The value of -${option[1]} is not known before it runs`);
        }
        if (option[1] === "v" && !/^(?:-v)?[a-zA-Z]\w*=/.test(value.text)) {
          return unknown("awk-option", "-v has no name");
        }
      }
      const program = args[at];
      if (program?.exact !== true) {
        return unknown("awk-program", "The awk program is not known before it runs");
      }
      const problem = awkProblem(program.text);
      if (problem !== undefined) return unknown("awk-program", problem);
      const option = args.slice(at + 1).find(mayBeOption);
      return option === undefined ? known() : unknown("awk-option", `"${option.text}" may be an option`);
    },
    match: [
      "ps aux | awk '{print $2}'",
      "awk -F: '$3 > 1000 {print $1}' /etc/passwd",
      "awk 'NR==1 || /foo|bar/ {print $0; n++} END {print n/2}' f",
      "awk -v n=3 'NF > n {s += $1} END {printf \"%d\\n\", s}' f",
      "awk '!seen[$0]++' f",
    ],
    not_match: [
      `awk 'BEGIN{system("touch f")}'`,
      `awk 'BEGIN{system ("touch f")}'`,
      `awk '{print > "f"}' g`,
      `awk '{print $1 >> "f"}' g`,
      `awk '{print | "sh"}' g`,
      `awk 'BEGIN{"touch f" | getline}'`,
      `awk 'BEGIN{"touch f"|getline x; print x}'`,
      `awk 'BEGIN{print "x" |& "sh"}'`,
      "awk -f p.awk f",
      "awk -i inplace '{print}' f",
      "awk -d'f' 'BEGIN{}'",
      "awk -of 'BEGIN{}'",
      `awk 'BEGIN{f="system"; @f("touch f")}'`,
      `awk "$X" f`,
      "awk '@load \"x\"'",
      "awk '{print}' $X",
      "awk -v 'x=1' -e 'BEGIN{}'",
      `awk 'BEGIN{a=1/system("touch f")/1}'`,
      `awk '{print /"/; system("touch f"); print /"/}' g`,
      `awk '{if (1) /"/; system("touch f"); if (1) /"/}' g`,
      `awk '{print length /"/; system("touch f"); /"/}' g`,
      `awk '/[/]/; BEGIN{system("touch f")}; /]/' g`,
      `awk 'if ($1 > 2) print > "f"}' g`,
    ],
  },
];
