/**
 * Decides whether an arithmetic expression of the shell only computes. Names are not allowed: the shell evaluates what a variable
 * holds as an expression again, and `a[$(command)]` in it runs the command.
 */
import type { ArithmeticExpression } from "unbash";

const NUMBER = /^(?:0[xX][0-9A-Fa-f]{1,15}|\d{1,18}|\$[?#])$/;
const OPERATORS = new Set([
  ..."+ - * / % ** << >> < > <= >= == != & ^ | && || ! ~ ,".split(" "),
]);

/**
 * Looks for anything in the expression that is more than numbers and operators.
 *
 * @returns Why it is not known to only compute; undefined if it is.
 */
export function arithmeticProblem(expression: ArithmeticExpression | undefined): string | undefined {
  if (expression === undefined) return "An arithmetic expression is empty or cannot be read";
  switch (expression.type) {
    case "ArithmeticWord":
      if (NUMBER.test(expression.value)) return undefined;
      return `The expression uses "${expression.value}": only numbers are known to have no effect`;
    case "ArithmeticBinary":
      return operatorProblem(expression.operator) ?? arithmeticProblem(expression.left) ??
        arithmeticProblem(expression.right);
    case "ArithmeticUnary":
      return operatorProblem(expression.operator) ?? arithmeticProblem(expression.operand);
    case "ArithmeticTernary":
      return arithmeticProblem(expression.test) ?? arithmeticProblem(expression.consequent) ??
        arithmeticProblem(expression.alternate);
    case "ArithmeticGroup":
      return arithmeticProblem(expression.expression);
    case "ArithmeticCommandExpansion":
      return "What a command prints is evaluated as an expression";
    default:
      return "An arithmetic expression is not understood";
  }
}

function operatorProblem(operator: string): string | undefined {
  return OPERATORS.has(operator) ? undefined : `The operator "${operator}" assigns or is not known`;
}
