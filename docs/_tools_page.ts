/**
 * The page about the tools that an assistant has, from the table of tools.
 */
import * as z from "zod";
import type { Tool } from "../src/mcp/tool.ts";
import { allTools } from "../src/mcp/tools.ts";
import { ERROR_CODES } from "../src/protocol/error_code.ts";
import { code, pageHead, table } from "./_markdown.ts";

/** The parts of JSON Schema that our schemas use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** Renders the page. */
export function toolsPage(): string {
  const tools = allTools();
  const codes = Object.entries(ERROR_CODES).map(([name, meaning]) => [code(name), meaning]);
  return [
    pageHead("Tools", "src/mcp/tools.ts and src/protocol/operations/"),
    "What an assistant can do through MCP. `remote-agent call <tool> '<json>'` does the same from a shell.\n",
    table(["tool", "what it does", "changes things"], tools.map(summaryOf)),
    ...tools.map(sectionOf),
    "## Errors\n",
    "A tool that could not do its work answers with `isError` and a text that ends in one of these codes.\n",
    table(["code", "meaning"], codes),
  ].join("\n");
}

/** The JSON Schema of a tool's parameters or result, as MCP clients get it. */
export function jsonSchemaOf(schema: z.ZodObject, io: "input" | "output"): Schema {
  // zod's type of a JSON Schema is looser than what our schemas become.
  return z.toJSONSchema(schema, { io }) as Schema;
}

function summaryOf({ name, title, hints }: Tool): string[] {
  return [`[${name}](#${name})`, title, hints.readOnly ? "no" : hints.destructive ? "yes" : "adds only"];
}

function sectionOf({ name, title, description, input, output, hints }: Tool): string {
  const inputRows = rowsOf(jsonSchemaOf(input, "input"));
  const facts = [
    hints.readOnly ? "reads only" : hints.destructive ? "may change or destroy" : "adds, destroys nothing",
    hints.idempotent ? "doing it again changes nothing more" : "doing it again may change more",
    hints.openWorld ? "may reach beyond the machine" : "stays within the fleet",
  ];
  return [
    `## ${name}\n`,
    `**${title}.** ${description}\n`,
    `Hints to clients: ${facts.join("; ")}.\n`,
    "### Parameters\n",
    inputRows.length === 0 ? "None.\n" : table(["name", "type", "required", "meaning"], inputRows),
    "### Result\n",
    table(
      ["name", "type", "meaning"],
      rowsOf(jsonSchemaOf(output, "output")).map(([field = "", type = "", , meaning = ""]) => [
        field,
        type,
        meaning,
      ]),
    ),
  ].join("\n");
}

/** One row a field; the fields of objects, and of objects in lists, follow with their path. */
function rowsOf(schema: Schema, prefix = ""): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const path = `${prefix}${key}`;
    const isRequired = schema.required?.includes(key) ?? false;
    const row = [code(path), typeOf(field), isRequired ? "yes" : "no", field.description ?? ""];
    const inner = field.items === undefined ? rowsOf(field, `${path}.`) : rowsOf(field.items, `${path}[].`);
    return [row, ...inner];
  });
}

function typeOf({ type, enum: words, anyOf, items, additionalProperties }: Schema): string {
  if (words !== undefined) return words.map((word) => code(String(word))).join(", ");
  if (anyOf !== undefined) return anyOf.map(typeOf).join(" or ");
  if (items !== undefined) return `list of ${typeOf(items)}`;
  if (typeof additionalProperties === "object") return `map to ${typeOf(additionalProperties)}`;
  return typeof type === "string" ? type : (type ?? ["any"]).join(" or ");
}
