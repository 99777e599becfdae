/**
 * Builtins of the shell that only read with the right arguments, and the words of `test`.
 */
import type { Arg } from "../shell_words.ts";
import { known, type ProgramRule, unknown } from "./program.ts";

/** Names `read` may set; see the names that loops may set. */
const READ_NAME = /^(?!.*_proxy$)(?:[a-z][a-z0-9_]{0,30}|[A-Z])$/;
const PRINTF_CONVERSION =
  /%(?:%|[-+ #0']*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?(?:[csdiouxXfFeEgGbq]|\([^()%]*(?:%[A-Za-z][^()%]*)*\)T))/g;

/** Builtins with rules of their own. */
export const SHELL_BUILTINS: readonly ProgramRule[] = [
  {
    names: ["printf"],
    judge: (args) => {
      const format = args[0];
      if (format === undefined || !format.exact) {
        return unknown("printf-format", "The format is not known before it runs");
      }
      if (format.text.startsWith("-")) {
        return unknown("printf-option", "An option of printf assigns a variable");
      }
      if (format.text.replaceAll(PRINTF_CONVERSION, "").includes("%")) {
        return unknown("printf-format", "The format holds a conversion that is not known to only print");
      }
      return known();
    },
    match: [`printf '%s\\n' "$HOME"`, "printf hello", `printf "%5.2f %d%%" 1 2`],
    not_match: [
      `printf -v PATH .`,
      `printf '%10s%n' x PATH`,
      `printf "$X"`,
      `printf -- -v`,
      `printf '%n' PATH`,
    ],
  },
  {
    names: ["test"],
    judge: (args) => judgeTest(args),
    match: ["test -f f", `test "$X" = y`, "test -n x"],
    not_match: ["test -v 'a[$(touch f)]'", "test $X = y", `test "$A" "$B"`, "test -f f -a -v x"],
  },
  {
    names: ["["],
    judge: (args) => {
      const last = args.at(-1);
      if (last === undefined || !last.exact || last.text !== "]") {
        return unknown("test-operator", "[ has no ]");
      }
      return judgeTest(args.slice(0, -1));
    },
    match: ["[ -d src ] && ls src", `[ "$X" -gt 3 ]`, "[ ! -e f ]"],
    not_match: ["[ -v 'a[$(touch f)]' ]", "[ $X ]", `[ "$A" "$B" ]`, "[ -f f -o -v x ]", "[ -f f"],
  },
  {
    names: ["read"],
    judge: (args) => {
      const names = args[0]?.exact === true && args[0].text === "-r" ? args.slice(1) : args;
      for (const name of names) {
        if (!name.exact || !READ_NAME.test(name.text)) {
          return unknown("assignment", `read sets "${name.text}", which may change how programs behave`);
        }
      }
      return known();
    },
    match: [
      `ls | while read -r line; do echo "$line"; done`,
      `while IFS= read -r line; do echo "$line"; done < f`,
    ],
    not_match: [
      "read PATH",
      "read -a x",
      "read -p x y",
      "read $X",
      "read 'a[$(touch f)]'",
      "read https_proxy",
    ],
  },
  {
    names: ["set"],
    operands: /^pipefail$/,
    flags: "euo",
    match: ["set -e; ls", "set -euo pipefail; ls"],
    not_match: ["set -a; ls", "set -x; ls", "set -- a b", "set x", "set -k", "set +o posix"],
  },
  {
    names: ["exit", "return", "break", "continue"],
    operands: { max: 1, pattern: /^\d{1,3}$/ },
    match: ["ls || exit 1", "for f in a b; do cat $f; break; done"],
    not_match: ["exit $X", "exit 'a[$(touch f)]'"],
  },
  {
    names: ["command"],
    judge: (args, context) => {
      const first = args[0];
      if (first?.exact !== true) return unknown("wrapper", "What command runs is not known");
      if (first.text === "-v" || first.text === "-V") return known();
      if (first.text.startsWith("-")) {
        return unknown("option", `The option ${first.text} is not known to only read`);
      }
      return context.inner(args);
    },
    match: ["command -v git", "command ls"],
    not_match: ["command rm f", "command -p rm f", "command $X"],
  },
  {
    names: ["umask", "ulimit", "times", "jobs"],
    flags: "aHS",
    operands: "none",
    match: ["umask", "ulimit -a"],
    not_match: ["umask 0", "ulimit -n 5"],
  },
];

const UNARY = /^-[bcdefghkprstuwxzGLNOS]$|^-n$/;
const BINARY = /^(?:=|==|!=|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef)$/;

/** Only the short forms: with -a and -o, and with words that may vanish, what is an operator depends on values. */
function judgeTest(args: readonly Arg[]) {
  let words = args;
  if (words.length > 1 && words[0]?.exact === true && words[0].text === "!") words = words.slice(1);
  if (words.some((word) => word.many)) {
    return unknown("test-operator", "The number of words is not known: quote them");
  }
  const [first, second] = words;
  const isKnown = words.length === 1 ||
    (words.length === 2 && first?.exact === true && UNARY.test(first.text)) ||
    (words.length === 3 && second?.exact === true && BINARY.test(second.text));
  return isKnown ? known() : unknown("test-operator", "The test is not one that is known to only read");
}
