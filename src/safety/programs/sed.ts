/**
 * sed scripts that only print. sed runs commands (`e`, `s///e`) and writes files (`w`, `s///w`, `-i`), so the script is read command
 * by command.
 */
import type { Arg } from "../shell_words.ts";
import { parseArguments } from "./arguments.ts";
import { type ArgumentRule, known, type ProgramRule, unknown } from "./program.ts";

const ARGUMENTS: ArgumentRule = {
  flags: "nErsuz",
  valued: "e",
  long: [
    "--quiet",
    "--silent",
    "--regexp-extended",
    "--null-data",
    "--separate",
    "--unbuffered",
    "--expression=",
  ],
};
const ADDRESS = String.raw`(?:\d{1,9}(?:~\d{1,9})?|\$|/(?:[^/\\\n[]|\\[^\n]|\[\^?\]?[^\]/\\\n]*\])+/I?)`;
const PREFIX = new RegExp(String.raw`(?:${ADDRESS}(?:\s*,\s*(?:${ADDRESS}|[+~]\d{1,9}))?\s*)?(?:!\s*)?`, "y");
const SIMPLE = /(?:[pPdDnNhHgGx=lz]|[qQ] ?\d{0,3})(?=[ \t]*(?:[;}\n]|$))/y;
const SPACE = /[ \t\n;]*/y;

/**
 * Reads a sed script.
 *
 * @returns Why it is not known to only print; undefined if it is.
 */
export function sedProblem(script: string): string | undefined {
  let depth = 0;
  const skip = (pattern: RegExp, at: number): number => {
    pattern.lastIndex = at;
    return at + (pattern.exec(script)?.[0].length ?? 0);
  };
  for (let at = skip(SPACE, 0); at < script.length; at = skip(SPACE, at)) {
    at = skip(PREFIX, at);
    const command = script.charAt(at);
    if (command === "{") {
      depth++;
      at++;
    } else if (command === "}") {
      if (--depth < 0) return "The sed script closes what is not open";
      at++;
    } else if (command === "s" || command === "y") {
      const end = substitutionEnd(script, at);
      if (end === undefined) {
        return `The substitution "${script.slice(at, at + 20)}" is not known to only print`;
      }
      at = end;
    } else {
      const end = skip(SIMPLE, at);
      if (end === at) return `The sed command "${script.slice(at, at + 20)}" is not known to only print`;
      at = end;
    }
  }
  return depth === 0 ? undefined : "The sed script is not complete";
}

/** Where `s/a/b/flags` ends; undefined if it does more than substitute, or if GNU and BSD would read it differently. */
function substitutionEnd(script: string, from: number): number | undefined {
  const delimiter = script.charAt(from + 1);
  if (!"/|#,:@!_+%".includes(delimiter) || delimiter === "") return undefined;
  let at = from + 2;
  for (let part = 0; part < 2; part++) {
    for (; script.charAt(at) !== delimiter; at++) {
      const char = script.charAt(at);
      if (char === "" || char === "\n") return undefined;
      if (char === "\\") at++;
      // Whether a delimiter inside of brackets ends the pattern differs: brackets must close before one comes.
      if (char === "[" && part === 0) {
        const close = script.slice(at + 1).search(/(?<=[^^]|^\^?[^^\]])\]/);
        const inside = script.slice(at + 1, at + 1 + close);
        if (close <= 0 || inside.includes(delimiter) || /[\\\n[]/.test(inside)) return undefined;
        at += close + 1;
      }
      if (at >= script.length) return undefined;
    }
    at++;
  }
  const flags = /[gpIiMm\d]*(?=[ \t]*(?:[;}\n]|$))/y;
  flags.lastIndex = at;
  const found = flags.exec(script);
  return found === null ? undefined : at + found[0].length;
}

/** sed. */
export const SED: readonly ProgramRule[] = [
  {
    names: ["sed"],
    judge: (args) => {
      const parsed = parseArguments(ARGUMENTS, args);
      if (!parsed.ok) return unknown("sed-option", parsed.reason);
      const scripts: (Arg | undefined)[] = parsed.options.filter(({ name }) =>
        name === "-e" || name === "--expression"
      )
        .map(({ value }) => value);
      if (scripts.length === 0) scripts.push(parsed.operands[0]);
      for (const script of scripts) {
        if (script?.exact !== true) {
          return unknown("sed-script", "The sed script is not known before it runs");
        }
        const problem = sedProblem(script.text);
        if (problem !== undefined) return unknown("sed-script", problem);
      }
      return known();
    },
    match: [
      "sed -n 1,20p f",
      "sed -n '/a/,/b/p' f",
      "sed 's/a/b/g' f",
      "sed -E 's|(a+)|<\\1>|' f",
      "sed -n -e 5p -e '$p' f",
      "sed '1d;$d' f",
      "sed -n '/x/{p;q}' f",
      "sed 's/[^a-z]//g' f",
    ],
    not_match: [
      "sed -n 'w f' g",
      "sed '1e touch f' g",
      "sed 's/a/b/e' g",
      "sed 's/a/b/w f' g",
      "sed 's/a/b/gw f' g",
      "sed -i s/a/b/ f",
      "sed -ni p f",
      "sed -i.bak s/a/b/ f",
      "sed --in-place s/a/b/ f",
      "sed --in s/a/b/ f",
      "sed -f s.sed f",
      "sed -n '/a/w f' g",
      "sed '$!e' g",
      'sed "$X" f',
      "sed p *",
      "sed 's/[/]/w f/;p' g",
      "sed 'a\\' f",
      "sed 'r /etc/passwd' f",
      "sed -s -i p f",
      "sed p f -i",
      "sed 'y/a/b/w f' g",
      "sed '1!{w f' -e '}' g",
      "sed -n '1~2w f' g",
      "sed -e p -e 'w f' g",
      "sed -ne 'w f' g",
    ],
  },
];
