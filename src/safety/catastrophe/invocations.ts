/**
 * Finds every program a command would start, as well as that can be known: through wrappers, nested shells, substitutions and pipes.
 * Unlike the judge of plan mode this never gives up: it is for finding what must never run.
 */
import { type Command, forEachChild, parse, type Redirection, type SyntaxNode, type Word } from "unbash";
import { type Arg, literalArg, readWord, type WordVisitor } from "../shell_words.ts";
import { fieldsOf, OPEN, sourceOf } from "./fields.ts";
import { isShell, shellScript, startedBy } from "./wrappers.ts";

/** One program that would be started. */
export interface Invocation {
  /** Its name without a folder. */
  readonly name: string;
  readonly args: readonly string[];
  /** Files its output is redirected to. */
  readonly outputs: readonly string[];
  /** The folder it works in; undefined if that is not known. */
  readonly folder: string | undefined;
  /** What programs before it in a pipe print or walk, if it is started once for each line of that. */
  readonly fed?: readonly Invocation[];
  /** Programs in substitutions among its words. */
  readonly inside: readonly Invocation[];
}

/** Everything a command would do that the deny-list looks at. */
export interface Activity {
  readonly invocations: readonly Invocation[];
  /** Every syntax tree there is, that of nested shells too. */
  readonly scripts: readonly SyntaxNode[];
}

/** Deepest nesting of shells in shells. */
const MAX_SHELLS = 8;
/** Most programs that are looked at. */
const MAX_INVOCATIONS = 200_000;
/** Most programs that one find starts. */
const MAX_ACTIONS = 64;

const IGNORING: WordVisitor = { script() {}, problem() {}, bashOnly() {} };

/**
 * Finds the programs of a command or an argv.
 *
 * @param folder The working folder, if it is known.
 */
export function findActivity(
  input: { readonly command: string } | { readonly argv: readonly string[] },
  folder?: string,
): Activity {
  const finder = new Finder(folder);
  if ("argv" in input) finder.start(input.argv, { outputs: [], input: [], before: [], inside: [] }, 0);
  else finder.source(input.command, 0);
  return finder;
}

interface Surroundings {
  readonly outputs: readonly string[];
  /** Texts given as input. */
  readonly input: readonly string[];
  /** Programs before it in a pipe. */
  readonly before: readonly Invocation[];
  readonly inside: readonly Invocation[];
}

class Finder implements Activity {
  readonly invocations: Invocation[] = [];
  readonly scripts: SyntaxNode[] = [];
  readonly #variables = new Map<string, Arg[]>();
  #folder: string | undefined;

  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  source(text: string, depth: number): void {
    if (depth > MAX_SHELLS || text.length > 1_000_000) return;
    const script = parse(text);
    this.scripts.push(script);
    this.#collect(script, 0);
    this.#walk(script, depth, []);
  }

  /** Notes what variables are set to, before anything uses them. */
  #collect(node: SyntaxNode, depth: number): void {
    if (depth > 400) return;
    if (node.type === "Assignment" && node.value.type === "Word") this.#set(node.name, [node.value]);
    if (node.type === "For") this.#set(node.name.text, node.wordlist ?? []);
    forEachChild(node, (child) => this.#collect(child, depth + 1));
  }

  #set(name: string, words: readonly Word[]): void {
    const values = this.#variables.get(name) ?? [];
    for (const word of words) values.push(readWord(word, IGNORING));
    this.#variables.set(name, values.slice(0, 64));
  }

  #walk(node: SyntaxNode, depth: number, before: readonly Invocation[]): void {
    if (node.type === "Pipeline") {
      const from = this.invocations.length;
      for (const command of node.commands) this.#walk(command, depth, this.invocations.slice(from));
    } else if (node.type === "Command") this.#command(node, depth, before);
    else {
      if (node.type === "Redirected") this.#redirected(node.redirects);
      forEachChild(node, (child) => this.#walk(child, depth, before));
    }
  }

  #redirected(redirects: readonly Redirection[]): void {
    const outputs = this.#outputs(redirects);
    if (outputs.length > 0) this.#add({ name: "", args: [], outputs, folder: this.#folder, inside: [] });
  }

  #command(node: Command, depth: number, before: readonly Invocation[]): void {
    const from = this.invocations.length;
    forEachChild(node, (child) => this.#walk(child, depth, []));
    const inside = this.invocations.slice(from);
    const words: Arg[] = node.name === undefined ? [] : [readWord(node.name, IGNORING)];
    for (const item of node.suffix) {
      if (item.type === "Word") words.push(readWord(item, IGNORING));
      else if (item.type === "Assignment") words.push(literalArg(item.text));
    }
    const surroundings = {
      outputs: this.#outputs(node.redirects),
      input: this.#inputs(node.redirects),
      before,
      inside,
    };
    this.start(fieldsOf(words, this.#variables), surroundings, depth);
  }

  #outputs(redirects: readonly Redirection[]): string[] {
    return redirects.flatMap((redirect) => {
      if (redirect.type !== "Redirect" || redirect.target === undefined || !/>/.test(redirect.operator)) {
        return [];
      }
      return fieldsOf([readWord(redirect.target, IGNORING)], this.#variables);
    });
  }

  #inputs(redirects: readonly Redirection[]): string[] {
    return redirects.flatMap((redirect) => {
      if (redirect.type === "HereDoc") return [redirect.body.text];
      if (redirect.type !== "HereString" || redirect.target === undefined) return [];
      return fieldsOf([readWord(redirect.target, IGNORING)], this.#variables).map(sourceOf);
    });
  }

  /** Follows words through wrappers and nested shells to what is started in the end. */
  start(words: readonly string[], surroundings: Surroundings, depth: number): void {
    let current = words;
    let fed: readonly Invocation[] | undefined;
    let name = "";
    for (let step = 0; step < 16; step++) {
      const [program, ...args] = current;
      if (program === undefined) break;
      name = baseName(program);
      const started = startedBy(name, args);
      if (started === undefined) break;
      // What a wrapper is told counts too, such as the name of its log.
      this.#add({ name, args, outputs: [], folder: this.#folder, inside: [] });
      for (const script of started.scripts) this.source(sourceOf(script), depth + 1);
      if (name === "xargs" || name === "parallel") fed = surroundings.before;
      if (name === "watch") this.source(started.words.map(sourceOf).join(" "), depth + 1);
      current = started.words;
    }
    const [program, ...args] = current;
    this.#add({
      name: program === undefined ? "" : baseName(program),
      args,
      outputs: surroundings.outputs,
      folder: this.#folder,
      inside: surroundings.inside,
      ...(fed === undefined ? {} : { fed }),
    });
    if (program !== undefined) this.#follow(baseName(program), args, surroundings, depth);
  }

  #follow(name: string, args: readonly string[], surroundings: Surroundings, depth: number): void {
    if (isShell(name) || name === "source" || name === ".") {
      const { script, readsInput } = shellScript(args);
      if (script !== undefined) this.source(sourceOf(script), depth + 1);
      if (readsInput) {
        for (const text of [...surroundings.input, ...surroundings.before.flatMap(printedBy)]) {
          this.source(text, depth + 1);
        }
      }
    } else if (name === "eval") this.source(args.map(sourceOf).join(" "), depth + 1);
    else if (name === "trap") this.source(sourceOf(args[0] ?? ""), depth + 1);
    else if (name === "cd" || name === "pushd") {
      this.#folder = enter(
        this.#folder,
        args.find((arg) => !arg.startsWith("-")),
      );
    } else if (name === "find") {
      const actions = [...args.keys()].filter((index) =>
        /^-(?:exec|execdir|ok|okdir)$/.test(args[index] ?? "")
      );
      for (const index of actions.slice(0, MAX_ACTIONS)) {
        const rest = args.slice(index + 1);
        const end = rest.findIndex((word) => word === ";" || word === "+");
        const inner = rest.slice(0, end === -1 ? rest.length : end).map((word) =>
          word.replaceAll("{}", OPEN)
        );
        this.start(inner, { outputs: [], input: [], before: [], inside: [] }, depth + 1);
      }
    } else if (name === "cat" && surroundings.input.length > 0) {
      // cat <<E | sh: what is printed counts as printed by it.
      this.#add({ name: "echo", args: surroundings.input, outputs: [], folder: this.#folder, inside: [] });
    }
  }

  #add(invocation: Invocation): void {
    if (this.invocations.length < MAX_INVOCATIONS) this.invocations.push(invocation);
  }
}

/** What echo and printf would print, as far as it is plain. */
export function printedBy(invocation: Invocation): readonly string[] {
  if (invocation.name !== "echo" && invocation.name !== "printf") return [];
  return [
    invocation.args.filter((arg, index) => index > 0 || !/^-[neE]+$/.test(arg)).map(sourceOf).join(" ")
      .replaceAll("\\n", "\n"),
  ];
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function enter(folder: string | undefined, target: string | undefined): string | undefined {
  if (target === undefined || target === "-") return undefined;
  if (/^[/\uE002]/.test(target)) return target;
  return folder === undefined ? undefined : `${folder}/${target}`;
}
