/**
 * find: only the tests and actions that print. What it starts must be harmless with any operands.
 */
import { type Arg, mayBeOption } from "../shell_words.ts";
import { type JudgeContext, type Judgement, known, type ProgramRule, unknown } from "./program.ts";

const WITHOUT_VALUE = new Set(
  ("-H -L -P -empty -nouser -nogroup -readable -writable -executable -mount -xdev -depth -d -daystart -follow -noleaf " +
    "-prune -print -print0 -ls -quit -true -false -not -a -o -and -or -E -X -x ! ( ) ,").split(" "),
);
const WITH_VALUE = new Set(
  ("-name -iname -path -ipath -wholename -iwholename -regex -iregex -regextype -type -xtype -size -maxdepth -mindepth " +
    "-mtime -atime -ctime -mmin -amin -cmin -newer -anewer -cnewer -newermt -newerat -newerct -user -group -uid -gid -perm " +
    "-links -inum -samefile -lname -ilname -fstype -used -printf").split(" "),
);
const EXECUTING = new Set(["-exec", "-execdir"]);

function judgeFind(args: readonly Arg[], context: JudgeContext): Judgement {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === undefined) break;
    if (!arg.exact) {
      if (!isPathLike(arg)) return unknown("find-word", `"${arg.text}" may be an action of find`);
      continue;
    }
    const text = arg.text;
    if (EXECUTING.has(text)) {
      const end = args.findIndex((each, index) =>
        index > at && each.exact && (each.text === ";" || each.text === "+")
      );
      if (end === -1) return unknown("find-action", `${text} has no end`);
      const inner = args.slice(at + 1, end);
      if (inner[0]?.exact !== true || inner[0].text.includes("{}")) {
        return unknown("find-action", "find starts what it finds");
      }
      const judgement = context.innerWithAnyOperands(inner);
      if (!judgement.known) return judgement;
      at = end;
    } else if (WITH_VALUE.has(text)) {
      const value = args[++at];
      if (value === undefined || value.many) {
        return unknown("find-word", `The value of ${text} is not one word`);
      }
    } else if (!WITHOUT_VALUE.has(text) && (mayBeOption(arg) || /^[-(),!]/.test(text))) {
      return unknown("find-action", `${text} of find is not known to only read`);
    }
  }
  return known();
}

/** A path that cannot be taken for an action: it begins with something else. */
function isPathLike(arg: Arg): boolean {
  return !mayBeOption(arg) && !/^[(),!]/.test(arg.start);
}

/** find. */
export const FIND: readonly ProgramRule[] = [
  {
    names: ["find"],
    judge: judgeFind,
    match: [
      "find . -name '*.ts' -type f",
      "find src tests -maxdepth 2 -newer f -print0 | xargs -0 grep -l x",
      "find . \\( -name a -o -name b \\) -prune -o -print",
      "find . -type f -exec grep -l NOTE {} +",
      "find . -exec ls -l {} \\;",
      `find "./$X" -name "$Y"`,
    ],
    not_match: [
      "find . -delete",
      "find . '-delete'",
      "find . -fprint0 f",
      "find . -fls f",
      "find . -exec rm {} +",
      "find . -exec {} \\;",
      "find . -exec sh -c 'touch f' \\;",
      "find . -ok rm {} \\;",
      `find "$X"`,
      "find * -name x",
      "find . $X",
      "find . -exec env {} +",
      "find . -exec sort {} +",
    ],
  },
];
