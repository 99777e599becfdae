/**
 * Reads a shell command strictly: the simple commands it consists of, and everything that is not known to only read. Used by the
 * judge of plan mode. A construct that is not named here is a problem, so that a parser that learns more never allows more.
 */
import {
  type Assignment,
  type Command,
  type CommandNode,
  type CompoundList,
  parse,
  type ParsedScript,
  type Pipeline,
  type Redirection,
  type Statement,
  type TestExpression,
  type Word,
} from "unbash";
import { type Arg, literalArg, readParts, readWord, type WordVisitor } from "./shell_words.ts";

/** The shell that runs a command; `sh` is any that knows POSIX only. */
export type Shell = "bash" | "sh";

/** Something in a command that is not known to only read. */
export interface Problem {
  /** Short name, stable, such as "redirection". */
  readonly rule: string;
  readonly reason: string;
}

/** A program or builtin with its arguments. */
export interface SimpleCommand {
  /** The program first. */
  readonly words: readonly Arg[];
  readonly assignments: readonly VariableAssignment[];
  /** Whether it may run more than once. */
  readonly isLooped: boolean;
}

/** `name=value` before a command or alone. */
export interface VariableAssignment {
  readonly name: string;
  readonly value: Arg;
}

/** What a command consists of. */
export interface ShellReading {
  /** Files that input comes from, for the check of paths. */
  readonly files: readonly Arg[];
  readonly commands: readonly SimpleCommand[];
  readonly problems: readonly Problem[];
}

/** Longest command that is read, in characters. */
export const MAX_COMMAND_LENGTH = 65_536;
/** Deepest nesting of lists and substitutions that is read. */
const MAX_NESTING = 32;

/**
 * Reads a command strictly.
 *
 * @param shell Which shell will run it.
 * @returns All its simple commands in the order they are written, and what is not known about it.
 */
export function readShell(source: string, shell: Shell): ShellReading {
  const reader = new ShellReader(shell);
  const problem = characterProblem(source);
  if (problem !== undefined) reader.problem(problem.rule, problem.reason);
  else reader.read(source);
  return reader;
}

/** Characters that look like others, or that shells and people read differently. */
function characterProblem(source: string): Problem | undefined {
  if (source.length > MAX_COMMAND_LENGTH) {
    return { rule: "length", reason: "The command is too long to be read" };
  }
  const odd = /[^\P{C}\n\t]|[^\P{Z} ]/u.exec(source);
  if (odd !== null) {
    const code = odd[0].codePointAt(0) ?? 0;
    return {
      rule: "character",
      reason: `The command holds the invisible character U+${
        code.toString(16).toUpperCase().padStart(4, "0")
      }`,
    };
  }
  if (/(?:^|[^ \t])\\\n/.test(source)) {
    return { rule: "line-continuation", reason: "A word may go on in the next line" };
  }
  return undefined;
}

/** Names that loops, `read` and plain assignments may set: none of them changes how programs are found or loaded. */
const PLAIN_NAME = /^(?!.*_proxy$)(?:[a-z][a-z0-9_]{0,30}|[A-Z])$/;

class ShellReader implements ShellReading, WordVisitor {
  readonly commands: SimpleCommand[] = [];
  readonly problems: Problem[] = [];
  readonly files: Arg[] = [];
  #nesting = 0;
  #loops = 0;

  constructor(readonly shell: Shell) {}

  read(source: string): void {
    let script: ParsedScript;
    try {
      script = parse(source);
    } catch (cause) {
      this.problem(
        "syntax-error",
        `The command cannot be parsed: ${cause instanceof Error ? cause.name : "error"}`,
      );
      return;
    }
    this.script(script);
  }

  problem(rule: string, reason: string): void {
    this.problems.push({ rule, reason });
  }

  bashOnly(what: string): void {
    if (this.shell !== "bash") this.problem("bash-only", `The shell of this host does not know ${what}`);
  }

  script(script: ParsedScript | undefined): void {
    if (script === undefined) return this.problem("syntax-error", "A nested command cannot be parsed");
    if (script.errors !== undefined && script.errors.length > 0) {
      return this.problem(
        "syntax-error",
        `The command cannot be parsed: ${script.errors[0]?.message ?? "error"}`,
      );
    }
    if (script.commands.length === 0) return this.problem("empty", "There is no command");
    this.#statements(script.commands);
  }

  #statements(statements: readonly Statement[]): void {
    if (this.#nesting >= MAX_NESTING) return this.problem("nesting", "The command is nested too deeply");
    this.#nesting++;
    for (const statement of statements) this.#statement(statement);
    this.#nesting--;
  }

  #list(list: CompoundList): void {
    if (list.commands.length === 0) this.problem("empty", "A list has no command");
    this.#statements(list.commands);
  }

  #statement(statement: Statement): void {
    if (statement.type !== "Statement") return this.#unknown();
    if (statement.background !== undefined && statement.background !== false) {
      this.problem("background", "A command is left running in the background");
    }
    const command = statement.command;
    if (command.type === "AndOr") {
      for (const each of command.commands) this.#pipeline(each);
      if (command.operators.some((operator) => operator !== "&&" && operator !== "||")) this.#unknown();
    } else this.#pipeline(command);
  }

  #pipeline(node: Pipeline | CommandNode): void {
    if (node.type !== "Pipeline") return this.#command(node);
    for (const prefix of node.prefixes) {
      if (prefix.type === "Time") this.bashOnly("the keyword time");
      else if (prefix.type !== "Negation") this.#unknown();
    }
    for (const operator of node.operators) {
      if (operator === "|&") this.bashOnly("|&");
      else if (operator !== "|") this.#unknown();
    }
    if (node.commands.length === 0) this.problem("empty", "There is no command");
    for (const command of node.commands) this.#command(command);
  }

  #command(node: CommandNode): void {
    switch (node.type) {
      case "Command":
        return this.#simple(node);
      case "Redirected":
        for (const redirect of node.redirects) this.#redirection(redirect);
        return this.#command(node.command);
      case "Subshell":
      case "BraceGroup":
        return this.#list(node.body);
      case "If":
        this.#list(node.clause);
        this.#list(node.then);
        for (const branch of node.elif) {
          this.#list(branch.clause);
          this.#list(branch.then);
        }
        if (node.else !== undefined) this.#list(node.else);
        return;
      case "While":
        return this.#loop(() => {
          this.#list(node.clause);
          this.#list(node.body);
        });
      case "For":
        this.#variable(node.name.text);
        for (const word of node.wordlist ?? []) readWord(word, this);
        return this.#loop(() => this.#list(node.body));
      case "Case":
        readWord(node.word, this);
        for (const item of node.items) {
          if (item.terminator !== undefined && item.terminator !== ";;") this.bashOnly(item.terminator);
          for (const pattern of item.pattern) readWord(pattern, this);
          if (item.body.commands.length > 0) this.#list(item.body);
        }
        return;
      case "TestCommand":
        this.bashOnly("[[ ... ]]");
        return this.#test(node.expression);
      case "ArithmeticCommand":
      case "ArithmeticFor":
        return this.problem("arithmetic", "An arithmetic command can assign variables and run commands");
      case "Function":
        return this.problem("function", "A function is defined");
      case "Coproc":
        return this.problem("background", "A coprocess is started");
      case "Select":
        return this.problem("select", "A menu waits for input");
      default:
        return this.#unknown();
    }
  }

  #loop(body: () => void): void {
    this.#loops++;
    body();
    this.#loops--;
  }

  #simple(node: Command): void {
    const assignments: VariableAssignment[] = [];
    for (const item of node.prefix) {
      if (item.type === "Assignment") assignments.push(this.#assignment(item));
      else this.#redirection(item);
    }
    const words: Arg[] = [];
    if (node.name !== undefined) words.push(readWord(node.name, this));
    for (const item of node.suffix) {
      if (item.type === "Word") words.push(readWord(item, this));
      else if (item.type === "Assignment") {
        this.problem("assignment", `${item.name} is assigned by an argument`);
        words.push(literalArg(item.text));
      } else this.#redirection(item);
    }
    if (words.length === 0) {
      if (assignments.length === 0 && node.redirects.length === 0) {
        this.problem("empty", "There is no command");
      }
      for (const { name } of assignments) this.#variable(name);
      return;
    }
    this.commands.push({ words, assignments, isLooped: this.#loops > 0 });
  }

  #assignment(node: Assignment): VariableAssignment {
    if (node.append === true || node.index !== undefined || node.value.type !== "Word") {
      this.problem("assignment", `${node.name} is assigned in a way that is not read`);
      return { name: node.name, value: literalArg("") };
    }
    return { name: node.name, value: readWord(node.value, this) };
  }

  #variable(name: string): void {
    if (!PLAIN_NAME.test(name)) {
      this.problem("assignment", `The variable ${name} may change how programs are found or behave`);
    }
  }

  #redirection(node: Redirection): void {
    const descriptor = node.descriptor;
    if (descriptor !== undefined && (descriptor.type !== "FileDescriptor" || descriptor.value > 9)) {
      this.problem("redirection", "A descriptor is chosen by the shell or out of range");
    }
    switch (node.type) {
      case "HereString":
        this.bashOnly("a here-string");
        if (node.target === undefined) this.#unknown();
        else readWord(node.target, this);
        return;
      case "HereDoc":
        if (node.delimiter === undefined || node.closing === undefined) {
          return this.problem("syntax-error", "A here-document has no end");
        }
        if (!/^(['"]?)[A-Za-z_]\w*\1$/.test(node.delimiter.text)) {
          return this.problem("here-document", "The delimiter of a here-document is not a plain word");
        }
        if (!node.delimiter.quoted) this.#hereDocument(node.body.parts, node.body.text);
        return;
      case "Redirect":
        if (node.target === undefined) return this.#unknown();
        return this.#fileRedirection(node.operator, node.target);
      default:
        return this.#unknown();
    }
  }

  #hereDocument(parts: Parameters<typeof readParts>[0] | undefined, text: string): void {
    if (parts !== undefined) readParts(parts, this);
    else if (/(?<!\\)[`$]/.test(text)) {
      this.problem("unread-syntax", "A here-document holds an expansion that is not read");
    }
  }

  #fileRedirection(operator: string, target: Word): void {
    const file = readWord(target, this);
    switch (operator) {
      case "<":
        if (file.many || !isReadableRedirect(file)) {
          this.problem(
            "redirection",
            `Input comes from "${file.text}", which may be a device or a network connection`,
          );
        } else if (file.exact) this.files.push(file);
        return;
      case ">":
      case ">>":
      case ">|":
      case "&>":
      case "&>>":
        if (operator.startsWith("&")) this.bashOnly(operator);
        if (!file.exact || file.text !== "/dev/null") {
          this.problem("redirection", `Output goes to the file "${file.text}"`);
        }
        return;
      case ">&":
      case "<&":
        if (!file.exact || !/^[0-2-]$/.test(file.text)) {
          this.problem("redirection", `${operator} goes to "${file.text}", not to descriptor 0, 1 or 2`);
        }
        return;
      default:
        this.problem("redirection", `The redirection ${operator} can write`);
    }
  }

  #test(node: TestExpression): void {
    switch (node.type) {
      case "TestGroup":
        return this.#test(node.expression);
      case "TestNot":
        return this.#test(node.operand);
      case "TestLogical":
        for (const operand of node.operands) this.#test(operand);
        return;
      case "TestUnary":
        readWord(node.operand, this);
        if (!/^-[bcdefghknprstuwxzGLNOS]$/.test(node.operator)) this.#testOperator(node.operator);
        return;
      case "TestBinary": {
        const sides = [readWord(node.left, this), readWord(node.right, this)];
        if (/^(?:==?|!=|=~|-nt|-ot|-ef)$/.test(node.operator)) return;
        // Both sides are evaluated as expressions, and that can run commands.
        if (!/^-(?:eq|ne|lt|le|gt|ge)$/.test(node.operator)) return this.#testOperator(node.operator);
        if (!sides.every((side) => /^(?:-?\d{1,18}|\$[?#])$/.test(side.text))) {
          this.problem("arithmetic", `[[ evaluates both sides of ${node.operator} as expressions`);
        }
        return;
      }
      default:
        return this.#unknown();
    }
  }

  #testOperator(operator: string): void {
    this.problem("test-operator", `[[ ${operator} ]] is not known to only read`);
  }

  #unknown(): void {
    this.problem("unknown-syntax", "A construct of the shell is not understood");
  }
}

/** bash opens network connections for some names under /dev, so what is under it must be known. */
function isReadableRedirect(file: Arg): boolean {
  const known = file.start.slice(0, "/dev/".length);
  if (known === "" || (!file.exact && "/dev/".startsWith(known))) return false;
  if (known !== "/dev/") return true;
  return /^\/dev\/(?:null|zero|stdin|fd\/)$/.test(file.exact ? file.text : file.start);
}
