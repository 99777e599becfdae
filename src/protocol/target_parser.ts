/**
 * Reads the tokens of a target by recursive descent, one function for each rule of the grammar that `target.ts` shows, and words
 * what is wrong with them.
 */
import type { TargetExpression } from "./target_expression.ts";
import { isSampleWord, readSample, type TargetSample } from "./target_sample.ts";
import { readTerm } from "./target_term.ts";
import { quoteWord, targetError, type TargetToken } from "./target_tokens.ts";

/** Terms that a target may hold. */
export const MAX_TARGET_TERMS = 256;
/** Parentheses and exclamation marks that may stand within each other. */
export const MAX_TARGET_DEPTH = 32;

/**
 * Reads the tokens of the whole text but for a sample.
 *
 * @throws {SyntaxError} If they are no expression.
 */
export function parseExpression(text: string, tokens: readonly TargetToken[]): TargetExpression {
  return new Parser(text, tokens).parseAll();
}

/**
 * Reads the sample behind the last top-level `&`, or the one that stands alone.
 *
 * @throws {SyntaxError} If there is one that stands elsewhere at the end, or that cannot be read.
 */
export function readLastSample(text: string, tokens: readonly TargetToken[]): TargetSample | undefined {
  const last = tokens.at(-1);
  if (last?.kind !== "word" || !isSampleWord(last.text)) return undefined;
  const isAlone = tokens.length === 1;
  if (!isAlone && (tokens.length === 2 || tokens.at(-2)?.kind !== "&")) return undefined;
  let depth = 0;
  for (const { kind } of tokens) {
    if (kind === "(") depth++;
    else if (kind === ")") depth--;
    else if (kind === "|" && depth === 0) throw misplacedSample(text, last);
  }
  const sample = readSample(last.text);
  if (typeof sample === "string") throw targetError(text, { at: last.at, why: sample });
  return sample;
}

function misplacedSample(text: string, { at, text: word }: TargetToken): SyntaxError {
  return targetError(text, {
    at,
    why: `the sample ${quoteWord(word)} must be joined to the whole by a last "&"`,
    hint: 'write for example "(web | db) & 10%"',
  });
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly TargetToken[];
  #next = 0;
  #terms = 0;

  constructor(text: string, tokens: readonly TargetToken[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  parseAll(): TargetExpression {
    const expression = this.#or(0);
    const token = this.#peek();
    if (token === undefined) return expression;
    if (token.kind === ")") throw this.#error(token, { why: 'no "(" belongs to the ")"' });
    throw this.#missingOperator(token);
  }

  #or(depth: number): TargetExpression {
    return this.#chain("or", "|", () => this.#chain("and", "&", () => this.#list(depth)));
  }

  #chain(
    kind: "and" | "or",
    operator: TargetToken["kind"],
    operand: () => TargetExpression,
  ): TargetExpression {
    const first = operand();
    const operands = [first];
    while (this.#take(operator)) operands.push(operand());
    return operands.length === 1 ? first : { kind, operands };
  }

  #list(depth: number): TargetExpression {
    const start = this.#peek();
    if (start?.kind === "!") {
      const negated = this.#unary(depth);
      if (this.#peek()?.kind === ",") throw this.#ambiguous(start);
      return negated;
    }
    return this.#chain("or", ",", () => {
      const token = this.#peek();
      if (token?.kind === "!") throw this.#ambiguous(token);
      return this.#unary(depth);
    });
  }

  #unary(depth: number): TargetExpression {
    const token = this.#peek();
    if (token === undefined || token.kind === ")") throw this.#missingOperand(token);
    if (token.kind === "!" || token.kind === "(") return this.#nested(token, depth + 1);
    if (token.kind !== "word") throw this.#missingOperand(token);
    this.#next++;
    return this.#term(token);
  }

  #nested(token: TargetToken, depth: number): TargetExpression {
    if (depth > MAX_TARGET_DEPTH) {
      throw this.#error(token, { why: `"${token.text}" is nested more than ${MAX_TARGET_DEPTH} deep` });
    }
    this.#next++;
    if (token.kind === "!") return { kind: "not", operand: this.#unary(depth) };
    const expression = this.#or(depth);
    if (this.#take(")")) return expression;
    const after = this.#peek();
    if (after !== undefined) throw this.#missingOperator(after);
    throw this.#error(token, { why: 'the "(" is not closed' });
  }

  #term(token: TargetToken): TargetExpression {
    if (isSampleWord(token.text)) throw misplacedSample(this.#text, token);
    if (++this.#terms > MAX_TARGET_TERMS) {
      throw this.#error(token, { why: `there are over ${MAX_TARGET_TERMS} terms` });
    }
    const term = readTerm(token.text);
    if ("why" in term) throw this.#error(token, term);
    return term;
  }

  #peek(): TargetToken | undefined {
    return this.#tokens[this.#next];
  }

  #take(kind: TargetToken["kind"]): boolean {
    if (this.#peek()?.kind !== kind) return false;
    this.#next++;
    return true;
  }

  #missingOperand(token: TargetToken | undefined): SyntaxError {
    const before = this.#tokens[this.#next - 1];
    if (before !== undefined) {
      const at = token?.at ?? this.#text.length;
      return this.#error({ at }, { why: `something must follow "${before.text}"` });
    }
    return this.#error({ at: token?.at ?? 0 }, { why: `something must come before "${token?.text ?? ""}"` });
  }

  /** Two operands stand side by side. A word that means an operator, or is no term at all, is what is wrong then. */
  #missingOperator(token: TargetToken): SyntaxError {
    const before = this.#tokens[this.#next - 1];
    if (token.kind === "word" && !isSampleWord(token.text)) {
      const term = readTerm(token.text);
      if ("why" in term) return this.#error(token, term);
    }
    const [left, right] = [before?.text ?? "", token.text];
    const isPair = before?.kind === "word" && token.kind === "word" && left.length + right.length <= 40;
    const why = `an operator is missing before ${quoteWord(right)}`;
    if (!isPair) return this.#error(token, { why });
    const both = quoteWord(`${left} & ${right}`);
    return this.#error(token, {
      why,
      hint: isSampleWord(right)
        ? `write ${both}`
        : `write ${quoteWord(`${left},${right}`)} for either, ${both} for both`,
    });
  }

  #ambiguous(token: TargetToken): SyntaxError {
    return this.#error(token, {
      why: '"!" beside "," can be read in two ways',
      hint: 'write "!(a,b)" for neither, or "(!a),b"',
    });
  }

  #error(
    { at }: { readonly at: number },
    problem: { readonly why: string; readonly hint?: string },
  ): SyntaxError {
    return targetError(this.#text, { at, ...problem });
  }
}
