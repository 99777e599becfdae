/**
 * Recognises fork bombs: functions and scripts that start themselves again and again without waiting, and endless loops that do.
 */
import { forEachChild, type SyntaxNode } from "unbash";
import type { Invocation } from "./invocations.ts";

/** Explains why a script is a fork bomb. */
export function forkBombProblem(script: SyntaxNode): string | undefined {
  let problem: string | undefined;
  visit(script, (node) => {
    if (node.type === "Function" && multiplies(node.body, node.name.value)) {
      problem ??= `The function "${node.name.value}" starts itself without end`;
    }
    if (node.type === "While" && isEndless(node) && leavesRunning(node.body) && !waits(node.body)) {
      problem ??= "An endless loop leaves ever more commands running";
    }
  });
  if (multiplies(script, "$0")) problem ??= "The script starts itself without end";
  return problem;
}

/** Explains why a program given to an interpreter is a fork bomb; only the well-known forms are seen. */
export function interpreterBombProblem({ name, args }: Invocation): string | undefined {
  if (!/^(?:perl|ruby|python[\d.]*|node)$/.test(name)) return undefined;
  const isBomb = args.some((arg) =>
    /\bfork\b[\s\S]*\b(?:while|loop|until)\b|\b(?:while|loop|until)\b[\s\S]*\bfork\b/.test(arg)
  );
  return isBomb ? "The program forks in an endless loop" : undefined;
}

/** Whether a body calls a name in a pipe with something else, or in the background. */
function multiplies(body: SyntaxNode, name: string): boolean {
  let found = false;
  visit(body, (node) => {
    if (node.type === "Pipeline" && node.commands.length > 1 && calls(node, name)) found = true;
    if (node.type === "Statement" && node.background === true && calls(node, name)) found = true;
    if (node.type === "Coproc" && calls(node, name)) found = true;
  });
  return found;
}

function calls(node: SyntaxNode, name: string): boolean {
  let found = false;
  visit(node, (each) => {
    if (
      each.type === "Command" && (each.name?.value === name || (name === "$0" && isSelf(each.name?.value)))
    ) found = true;
  });
  return found;
}

function isSelf(value: string | undefined): boolean {
  return value === "$0" || value === "${0}" || value === "$BASH_SOURCE";
}

function isEndless(node: SyntaxNode): boolean {
  if (node.type !== "While") return false;
  const [only, ...more] = node.clause.commands;
  const command = only?.command;
  if (more.length > 0 || command === undefined) return false;
  if (command.type === "ArithmeticCommand") return node.kind === "while" && /^\s*1\s*$/.test(command.body);
  if (command.type !== "Command") return false;
  return node.kind === "while"
    ? /^(?:true|:)$/.test(command.name?.value ?? "")
    : command.name?.value === "false";
}

function leavesRunning(body: SyntaxNode): boolean {
  let found = false;
  visit(body, (node) => {
    if (node.type === "Statement" && node.background === true) found = true;
  });
  return found;
}

/** Whether a loop takes its time: it sleeps, waits or reads in the foreground. */
function waits(body: SyntaxNode): boolean {
  if (body.type !== "CompoundList") return false;
  return body.commands.some((statement) => {
    if (statement.background === true) return false;
    let found = false;
    visit(statement, (node) => {
      if (node.type === "Command" && /^(?:sleep|wait|read|inotifywait)$/.test(node.name?.value ?? "")) {
        found = true;
      }
    });
    return found;
  });
}

function visit(node: SyntaxNode, callback: (node: SyntaxNode) => void, depth = 0): void {
  if (depth > 400) return;
  callback(node);
  forEachChild(node, (child) => visit(child, callback, depth + 1));
}
