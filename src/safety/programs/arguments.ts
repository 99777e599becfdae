/**
 * Checks the arguments of a program against its rule, the way getopt reads them: clustered short options, `--option=value`, values
 * in the next word, `--`. Abbreviations of long options are never known.
 */
import { type Arg, mayBeOption } from "../shell_words.ts";
import type { ArgumentRule } from "./program.ts";

/** One option with its value. */
export interface ParsedOption {
  /** As the rule lists it: `-n`, `--sort`. */
  readonly name: string;
  readonly value?: Arg;
}

/** Arguments that keep to their rule, or why they do not. */
export type ParsedArguments =
  | { readonly ok: true; readonly options: readonly ParsedOption[]; readonly operands: readonly Arg[] }
  | { readonly ok: false; readonly reason: string };

/** Reads arguments by a rule. */
export function parseArguments(rule: ArgumentRule, args: readonly Arg[]): ParsedArguments {
  const options: ParsedOption[] = [];
  const operands: Arg[] = [];
  const refuse = (reason: string): ParsedArguments => ({ ok: false, reason });
  let isAfterDashes = false;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === undefined) break;
    if (rule.exact === true && !arg.exact) return refuse(`"${arg.text}" is not known before it runs`);
    if (!isAfterDashes && arg.exact && arg.text === "--") {
      isAfterDashes = true;
      continue;
    }
    if (!mayBeOption(arg)) {
      operands.push(arg);
      continue;
    }
    if (isAfterDashes) return refuse(`"${arg.text}" may be taken for an option`);
    if (rule.optionsFirst === true && operands.length > 0) {
      return refuse(`"${arg.text}" stands after an operand`);
    }
    const found = readOption(rule, arg, args[at + 1]);
    if ("reason" in found) return refuse(found.reason);
    options.push(...found.options);
    if (found.usesNext) at++;
  }
  const problem = valueProblem(rule, options) ?? operandProblem(rule, operands);
  return problem === undefined ? { ok: true, options, operands } : refuse(problem);
}

type Found = { readonly options: readonly ParsedOption[]; readonly usesNext: boolean } | {
  readonly reason: string;
};

function readOption(rule: ArgumentRule, arg: Arg, next: Arg | undefined): Found {
  const text = arg.exact ? arg.text : arg.start;
  if (arg.exact && rule.words !== undefined) {
    if (rule.words.includes(text)) return { options: [{ name: text }], usesNext: false };
    if (rule.words.includes(`${text}=`)) return withNext(text, next);
  }
  if (arg.exact && rule.digits === true && /^-\d{1,9}$/.test(text)) return { options: [], usesNext: false };
  if (text.startsWith("--")) return readLong(rule, arg, next);
  return arg.exact ? readCluster(rule, arg, next) : { reason: `"${arg.text}" may become an option` };
}

function readLong(rule: ArgumentRule, arg: Arg, next: Arg | undefined): Found {
  const text = arg.exact ? arg.text : arg.start;
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  const long = rule.long ?? [];
  if (equals !== -1) {
    if (arg.many) return { reason: `"${arg.text}" may become several words` };
    if (!long.includes(`${name}=`) && !long.includes(`${name}?`)) return notKnown(name);
    return { options: [{ name, value: valueAfter(arg, equals + 1) }], usesNext: false };
  }
  if (!arg.exact) return { reason: `"${arg.text}" may become an option` };
  if (long.includes(name) || long.includes(`${name}?`)) return { options: [{ name }], usesNext: false };
  if (long.includes(`${name}=`)) return withNext(name, next);
  return notKnown(name);
}

function readCluster(rule: ArgumentRule, arg: Arg, next: Arg | undefined): Found {
  const options: ParsedOption[] = [];
  for (let at = 1; at < arg.text.length; at++) {
    const letter = arg.text.charAt(at);
    const name = `-${letter}`;
    if (rule.flags?.includes(letter) === true) {
      options.push({ name });
      continue;
    }
    if (rule.valued?.includes(letter) !== true) return notKnown(name);
    if (at + 1 < arg.text.length) {
      options.push({ name, value: valueAfter(arg, at + 1) });
      return { options, usesNext: false };
    }
    const found = withNext(name, next);
    if ("reason" in found) return found;
    return { options: [...options, ...found.options], usesNext: true };
  }
  return { options, usesNext: false };
}

/** A value that looks like an option is not allowed: should the program take no value there, it would be one. */
function withNext(name: string, next: Arg | undefined): Found {
  if (next === undefined) return { reason: `${name} lacks its value` };
  const isNumber = next.exact && /^-\d{1,9}$/.test(next.text);
  if (next.many || (mayBeOption(next) && !isNumber)) {
    return { reason: `The value "${next.text}" of ${name} may be an option` };
  }
  return { options: [{ name, value: next }], usesNext: true };
}

function valueAfter(arg: Arg, from: number): Arg {
  return { ...arg, text: arg.text.slice(from), start: arg.start.slice(from), pieces: [] };
}

function notKnown(name: string): Found {
  return { reason: `The option ${name} is not known to only read` };
}

function valueProblem(rule: ArgumentRule, options: readonly ParsedOption[]): string | undefined {
  for (const { name, value } of options) {
    const pattern = rule.values?.[name];
    if (pattern === undefined || value === undefined) continue;
    if (!value.exact || !pattern.test(value.text)) {
      return `The value "${value.text}" of ${name} is not known to only read`;
    }
  }
  return undefined;
}

/** Looks for an operand the rule does not allow. */
export function operandProblem(rule: ArgumentRule, operands: readonly Arg[]): string | undefined {
  const allowed = rule.operands;
  if (allowed === undefined) return undefined;
  const max = allowed === "none" ? 0 : allowed instanceof RegExp ? Infinity : allowed.max;
  const pattern = allowed === "none" ? undefined : allowed instanceof RegExp ? allowed : allowed.pattern;
  if (operands.length > max) return `"${operands[max]?.text}" is one operand too many`;
  for (const operand of operands) {
    if (max !== Infinity && operand.many) return `"${operand.text}" may become several operands`;
    if (pattern !== undefined && (!operand.exact || !pattern.test(operand.text))) {
      return `The operand "${operand.text}" is not known to only read`;
    }
  }
  return undefined;
}
