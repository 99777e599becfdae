/**
 * Hosts and arbitrary targets for tests of the language of targets.
 */
import fc from "fast-check";
import type { Target } from "../../src/protocol/target.ts";
import type { TargetExpression } from "../../src/protocol/target_expression.ts";
import type { TargetSample } from "../../src/protocol/target_sample.ts";
import type { TargetHost, TargetTerm } from "../../src/protocol/target_term.ts";

/** Hosts of several kinds. */
export const TARGET_HOSTS: readonly TargetHost[] = [
  host("w1", { tags: ["web", "eu"], family: "linux", arch: "x86_64", mode: "edit" }),
  host("w2", { tags: ["web", "canary"], family: "linux", arch: "aarch64", mode: "plan" }),
  host("d1", { tags: ["db", "eu"], family: "linux", arch: "x86_64", mode: "plan" }),
  host("m1", { tags: [], family: "macos", arch: "aarch64", mode: "edit" }),
  host("Win", { tags: ["all"], family: "windows", arch: "x86_64", mode: "disabled" }),
];

/** A target with any tree of terms, and perhaps a sample. */
export function someTarget(): fc.Arbitrary<Target> {
  const { expression } = fc.letrec<{ expression: TargetExpression }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      someTerm(),
      tie("expression").map((operand) => ({ kind: "not" as const, operand })),
      fc.record({
        kind: fc.constantFrom("and" as const, "or" as const),
        operands: fc.array(tie("expression"), { minLength: 2, maxLength: 3 }),
      }, { noNullPrototype: true }),
    ),
  }));
  const seed = fc.constantFrom({}, { seed: "monday" }, { seed: "1" });
  const sample: fc.Arbitrary<TargetSample> = fc.oneof(
    fc.tuple(fc.integer({ min: 100, max: 10_000 }), seed).map(([n, seeded]) => ({
      kind: "share" as const,
      percent: n / 100,
      ...seeded,
    })),
    fc.tuple(fc.integer({ min: 1, max: 1000 }), seed).map(([count, seeded]) => ({
      kind: "count" as const,
      count,
      ...seeded,
    })),
  );
  return fc.oneof(
    expression.map((expression) => ({ expression })),
    fc.record({ expression, sample }, { noNullPrototype: true }),
  );
}

/** A term, mostly one that means some of the hosts. */
function someTerm(): fc.Arbitrary<TargetTerm> {
  return fc.oneof(
    fc.constant({ kind: "all" as const }),
    fc.constantFrom("web", "db", "eu", "canary", "all", "and", "n").map((tag) => ({
      kind: "tag" as const,
      tag,
    })),
    fc.constantFrom("linux", "macos", "freebsd").map((os) => ({ kind: "os" as const, os })),
    fc.constantFrom("x86_64", "aarch64").map((arch) => ({ kind: "arch" as const, arch })),
    fc.constantFrom("edit" as const, "plan" as const).map((mode) => ({ kind: "mode" as const, mode })),
    fc.constantFrom("w*", "[!a-z]*", "?1").map((glob) => ({ kind: "name" as const, glob })),
    fc.constantFrom("aaaa", "cccc").map((prefix) => ({ kind: "id" as const, prefix })),
  );
}

function host(
  name: string,
  { tags, family, arch, mode }: {
    tags: string[];
    family: TargetHost["platform"]["family"];
    arch: string;
    mode: TargetHost["mode"];
  },
): TargetHost {
  const letter = { w1: "a", w2: "b", d1: "c", m1: "d" }[name] ?? "e";
  return {
    id: letter.repeat(20),
    name,
    tags,
    platform: { os: family === "macos" ? "darwin" : family, family, arch },
    mode,
  };
}
