/**
 * How the table of programs says what a program may be called with in plan mode. Every entry carries examples, which are its tests.
 */
import type { Grant } from "../grants.ts";
import type { Arg } from "../shell_words.ts";

/** The operating systems programs differ on. */
export type Os = "linux" | "macos" | "windows";

/** What is said about one call of a program. */
export type Judgement =
  | {
    readonly known: true;
    readonly grants: readonly Grant[];
    /** For git: the folder it works in, relative to the working folder, `""` for that one itself. */
    readonly repository?: string;
  }
  | { readonly known: false; readonly rule: string; readonly reason: string };

/** What a program's own rule can ask about. */
export interface JudgeContext {
  readonly os: Os;
  /** Judges a command that the program starts. */
  inner(words: readonly Arg[]): Judgement;
  /** Judges a command that the program starts with operands of its own choosing. */
  innerWithAnyOperands(words: readonly Arg[]): Judgement;
}

/** Which options and operands are allowed. What is not listed is not known. */
export interface ArgumentRule {
  /** Letters of short options without a value. */
  readonly flags?: string;
  /** Letters of short options with a value, in the same word or the next. */
  readonly valued?: string;
  /** Long options, exact names only: `--all`, `--sort=` (value after `=` or in the next word), `--color?` (only after `=`). */
  readonly long?: readonly string[];
  /** Whole words that begin with a dash and are neither, such as `-noout`; with a trailing `=` the next word is the value. */
  readonly words?: readonly string[];
  /** Whether `-5` is allowed. */
  readonly digits?: boolean;
  /** What values of options must look like, by the option as it is written. Such values must be known exactly. */
  readonly values?: Readonly<Record<string, RegExp>>;
  /** Which operands: any by default; a most; or what each must look like, which makes every one known exactly. */
  readonly operands?: "none" | RegExp | { readonly max: number; readonly pattern?: RegExp };
  /** Whether no option may stand after an operand, where systems disagree on what that is. */
  readonly optionsFirst?: boolean;
  /** Whether every word must be known exactly, such as where it goes over a network. */
  readonly exact?: boolean;
}

/** One entry of the table. */
export interface ProgramRule extends ArgumentRule {
  readonly names: readonly string[];
  /** Systems on which the entry holds. @default all but Windows */
  readonly os?: readonly Os[];
  readonly grants?: readonly Grant[];
  /** No option and no operand can make it change anything: all arguments are allowed, known or not. */
  readonly harmless?: true;
  /** What stands first among the words that are not options, each with rules of its own. */
  readonly subcommands?: Readonly<Record<string, ArgumentRule>>;
  /** For what options and operands alone cannot say. */
  readonly judge?: (args: readonly Arg[], context: JudgeContext) => Judgement;
  /** Commands that are known by this entry. */
  readonly match: readonly string[];
  /** Commands that must not be known. */
  readonly not_match: readonly string[];
}

/** Builds the answer that a call only reads. */
export function known(grants: readonly Grant[] = []): Judgement {
  return { known: true, grants };
}

/** Builds the answer that a call is not known to only read. */
export function unknown(rule: string, reason: string): Judgement {
  return { known: false, rule, reason };
}
