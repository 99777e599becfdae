/**
 * Random patterns for property tests.
 */
import fc from "fast-check";
import {
  choice,
  literal,
  type Pattern,
  type Place,
  repeat,
  sequence,
} from "../../../../src/host/search/pattern.ts";

const PLACES: readonly Place[] = ["start", "end", "wordEdge", "notWordEdge", "afterNoWord", "beforeNoWord"];
const SETS = ["[^]", "[a-c]", "[^a]", "[\\p{L}]", "[k]", "[^\\p{Nd}\\u{20}]"];

/** Trees of a few nodes over a small alphabet. */
export function anyPattern(): fc.Arbitrary<Pattern> {
  const leaf: fc.Arbitrary<Pattern> = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "b", "k", "é", "😀", " "), minLength: 1, maxLength: 3 }).map(
      literal,
    ),
    fc.constantFrom(...SETS).map((source): Pattern => ({
      kind: "set",
      set: { source, isAscii: source === "[a-c]" || source === "[k]" },
    })),
    fc.constantFrom(...PLACES).map((place): Pattern => ({ kind: "place", place })),
  );
  return fc.letrec<{ node: Pattern }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      leaf,
      fc.array(tie("node"), { maxLength: 3 }).map(sequence),
      fc.array(tie("node"), { minLength: 1, maxLength: 3 }).map(choice),
      fc.tuple(tie("node"), fc.nat(2), fc.option(fc.nat(2), { nil: undefined })).map(([node, min, more]) =>
        repeat(node, min, more === undefined ? undefined : min + more)
      ),
    ),
  })).node;
}
