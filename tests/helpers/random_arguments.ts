/**
 * Random arguments for operations, derived from the JSON schema of their parameters: valid shapes with hostile values, near misses, and
 * anything at all.
 */
import fc from "fast-check";
import * as z from "zod";
import type { Operation } from "../../src/protocol/define_operation.ts";
import { anyText } from "./any_text.ts";

/** The part of a JSON schema that the schemas of parameters use. */
const Node = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  pattern: z.string().optional(),
});

/** Values of fields by their name, wherever they stand, instead of what the schema would give. */
export type FieldValues = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** How arguments are made. */
export interface RandomArgumentsOptions {
  readonly fields: FieldValues;
  /** Fields that are always given and never spoilt into something that is valid, such as those that bound a call's time. */
  readonly always?: readonly string[];
  /** Groups of fields of which a call takes one: mostly one of each is given. */
  readonly oneOf?: readonly (readonly string[])[];
}

/** Texts that have broken programs. */
const HOSTILE_TEXTS = [
  "",
  " ",
  "\0",
  "a\0b",
  "\n",
  "--help",
  "-",
  "--",
  "../..",
  "%s%n%d",
  "$(true)",
  "`true`",
  "'\"\\",
  "\u202Eabc",
  "\uD800",
  "\uFEFFx",
  "{}",
  "[",
  "(",
  "**/*",
  "(a+)+$",
  "HEAD",
  "origin",
  "main",
  "a".repeat(5000),
];

/** Values of every type, for fields of another. */
const WILD = [
  undefined,
  null,
  true,
  0,
  -1,
  0.5,
  NaN,
  Infinity,
  Number.MAX_SAFE_INTEGER + 1,
  "",
  [],
  {},
  [null],
  [[]],
  { a: 1 },
  "x".repeat(40_000),
];

/** Any text, hostile or random. */
export function hostileText(): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), anyText());
}

/** Makes arguments for an operation. */
export function randomArguments(
  operation: Operation,
  { fields, always = [], oneOf = [] }: RandomArgumentsOptions,
): fc.Arbitrary<unknown> {
  const schema = Node.parse(z.toJSONSchema(operation.params, { io: "input" }));
  const names = Object.keys(schema.properties ?? {});
  const required = new Set([...schema.required ?? [], ...always]);
  const shaped = objectOf(schema.properties ?? {}, {
    required: new Set([...required, ...oneOf.flat()]),
    fields,
  });
  const valid = fc.tuple(shaped, fc.nat(), fc.integer({ min: 0, max: 9 })).map(([args, at, odds]) => {
    // One call in ten gives all of a group.
    const left = odds === 0 ? [] : oneOf.flatMap((group) => group.filter((_, i) => i !== at % group.length));
    return Object.fromEntries(Object.entries(args).filter(([field]) => !left.includes(field)));
  });
  const spoilable = names.filter((name) => !always.includes(name));
  const name = fc.constantFrom(...spoilable, "unknown", "__proto__", "agent_id", "Path ");
  const spoilt = fc.tuple(valid, name, fc.constantFrom(...WILD), fc.boolean()).map(
    ([args, key, value, isRemoved]) => {
      const rest = Object.entries(args).filter(([field]) => field !== key);
      return Object.fromEntries(isRemoved && required.has(key) ? rest : [...rest, [key, value]]);
    },
  );
  return fc.oneof(
    { weight: 6, arbitrary: valid },
    { weight: 3, arbitrary: spoilt },
    { weight: 1, arbitrary: fc.anything() },
  );
}

function objectOf(
  properties: Readonly<Record<string, unknown>>,
  { required, fields }: { readonly required: ReadonlySet<string>; readonly fields: FieldValues },
): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(properties).map(([name, schema]) => {
    const value = fields[name] ?? valueOf(schema, fields);
    const entry = value.map((made): readonly [string, unknown][] => [[name, made]]);
    return required.has(name)
      ? entry
      : fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: entry });
  });
  return fc.tuple(...entries).map((parts) => Object.fromEntries(parts.flat()));
}

function valueOf(json: unknown, fields: FieldValues): fc.Arbitrary<unknown> {
  const schema = Node.parse(json);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((choice) => valueOf(choice, fields)));
  switch (schema.type) {
    case "string":
      return textOf(schema);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "integer":
    case "number":
      return numberOf(schema);
    case "array":
      return fc.array(valueOf(schema.items, fields), { minLength: 1, maxLength: 4 });
    case "object":
      return objectOf(schema.properties ?? {}, { required: new Set(schema.required), fields });
    default:
      throw new TypeError(`Cannot make a value of the schema ${JSON.stringify(json)}`);
  }
}

function textOf({ pattern, minLength = 0, maxLength = 5000 }: z.infer<typeof Node>): fc.Arbitrary<string> {
  const hostile = hostileText().map((text) => text.padEnd(minLength, "x").slice(0, maxLength));
  if (pattern === undefined) return hostile;
  return fc.oneof(
    { weight: 5, arbitrary: fc.stringMatching(new RegExp(pattern)) },
    { weight: 1, arbitrary: hostile },
  );
}

function numberOf({ minimum = 1, maximum = Number.MAX_SAFE_INTEGER }: z.infer<typeof Node>) {
  const edges = [minimum, minimum + 1, maximum - 1, maximum];
  const small = { min: minimum, max: Math.min(maximum, minimum + 200) };
  return fc.oneof(fc.integer(small), fc.constantFrom(...edges));
}
