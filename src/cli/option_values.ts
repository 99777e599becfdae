/**
 * Values of options as they were typed, for schemas that check them.
 */

/** A number as it was typed; what is none, such as `10%`, is left to the schema. */
export function readNumber(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : text;
}

/** Leaves out what is undefined: it was not typed. */
export function withoutAbsent(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
