/**
 * What a target says of a host, as a tree of terms: how it is written and matched. Used by `target.ts`.
 */
import { formatTerm, matchesTerm, type TargetHost, type TargetTerm } from "./target_term.ts";

/** Which hosts match, as a tree; `and` and `or` have at least two operands. */
export type TargetExpression =
  | TargetTerm
  | { readonly kind: "not"; readonly operand: TargetExpression }
  | { readonly kind: "and"; readonly operands: readonly TargetExpression[] }
  | { readonly kind: "or"; readonly operands: readonly TargetExpression[] };

/** What stands round an expression, loosest first; it decides about commas and parentheses. */
export type TargetContext = "top" | "or" | "and" | "unary";

/** Writes an expression; {@link TargetContext} tells where. */
export function formatExpression(expression: TargetExpression, context: TargetContext): string {
  switch (expression.kind) {
    case "not":
      return `!${formatExpression(expression.operand, "unary")}`;
    case "and": {
      const text = expression.operands.map((operand) => formatExpression(operand, "and")).join(" & ");
      return context === "and" || context === "unary" ? `(${text})` : text;
    }
    case "or":
      return formatOr(expression.operands, context);
    default:
      return formatTerm(expression);
  }
}

/** Commas where they need no parentheses round the whole, which never makes it deeper; else `|`. */
function formatOr(operands: readonly TargetExpression[], context: TargetContext): string {
  const isOfTerms = operands.every((operand) => !("operand" in operand || "operands" in operand));
  const canHaveCommas = !operands.some(({ kind }) => kind === "not");
  if (isOfTerms || (canHaveCommas && (context === "or" || context === "and"))) {
    const text = operands.map((operand) => formatExpression(operand, "unary")).join(",");
    return context === "unary" ? `(${text})` : text;
  }
  const text = operands.map((operand) => formatExpression(operand, "or")).join(" | ");
  return context === "top" ? text : `(${text})`;
}

/** Tells whether a host matches. */
export function matchesExpression(expression: TargetExpression, host: TargetHost): boolean {
  switch (expression.kind) {
    case "not":
      return !matchesExpression(expression.operand, host);
    case "and":
      return expression.operands.every((operand) => matchesExpression(operand, host));
    case "or":
      return expression.operands.some((operand) => matchesExpression(operand, host));
    default:
      return matchesTerm(expression, host);
  }
}

/** Walks over the terms, from left to right. */
export function* termsOf(expression: TargetExpression): Generator<TargetTerm> {
  switch (expression.kind) {
    case "not":
      return yield* termsOf(expression.operand);
    case "and":
    case "or":
      for (const operand of expression.operands) yield* termsOf(operand);
      return;
    default:
      yield expression;
  }
}
