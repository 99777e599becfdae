import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChainState, genesis, sealLine } from "../../../src/audit/chain.ts";
import { type ChainReport, ChainVerifier } from "../../../src/audit/verify_chain.ts";
import { anyText } from "../../helpers/any_text.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";

const START = genesis("agent");
const utf8 = (text: string) => new TextEncoder().encode(text);

interface Log {
  /** With their ends. */
  readonly lines: readonly string[];
  readonly head: ChainState;
}

function makeLog(texts: readonly string[], start: ChainState = START): Log {
  let state = start;
  const lines = texts.map((text) => {
    const sealed = sealLine(state, JSON.stringify({ time: "t", event: "call", text }));
    state = sealed.state;
    return sealed.line;
  });
  return { lines, head: state };
}

/** Goes through bytes as through a file. */
function check(bytes: Uint8Array, head: ChainState | "damaged" | undefined): ChainReport {
  const verifier = new ChainVerifier({ start: START, head });
  let line = 0;
  let at = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
    verifier.push(bytes.subarray(at, end), { file: "f", line: ++line });
    at = end + 1;
  }
  if (at < bytes.length) verifier.pushTorn(bytes.length - at, { file: "f", line: line + 1 });
  return verifier.finish({ file: "f", line });
}

const checkLines = (lines: readonly string[], head: ChainState) => check(utf8(lines.join("")), head);
const somePlace = (report: ChainReport) => {
  const [first] = report.problems;
  return first && { kind: first.kind, line: first.line };
};
const texts = fc.array(anyText(), { minLength: 2, maxLength: 8 });

Deno.test("ChainVerifier finds nothing wrong with a log as it was written", () => {
  fc.assert(fc.property(texts, (some) => {
    const { lines, head } = makeLog(some);
    const report = checkLines(lines, head);
    assert.deepEqual(report, { records: some.length, end: head, problems: [], problemCount: 0, notes: [] });
  }));
});

Deno.test("ChainVerifier finds every changed bit, in its line", () => {
  const { lines, head } = makeLog(["one", "two \u00fc", "three"]);
  const bytes = utf8(lines.join(""));
  const lineOf = (at: number) => bytes.subarray(0, at).filter((byte) => byte === 10).length + 1;
  for (const { at, bytes: changed } of eachFlip(bytes)) {
    const found = somePlace(check(changed, head));
    // Without its end the last line is one that was never finished: it is missing.
    const expected = at === bytes.length - 1
      ? { kind: "cut", line: 2 }
      : { kind: "edited", line: lineOf(at) };
    assert.deepEqual(found, expected, `byte ${at}`);
  }
});

Deno.test("ChainVerifier finds every cut of the end", () => {
  const { lines, head } = makeLog(["one", "two", "three"]);
  for (const cut of eachCut(utf8(lines.join("")))) {
    const { problems: [first], problemCount } = check(cut, head);
    const whole = cut.filter((byte) => byte === 10).length;
    assert.equal(problemCount, 1);
    assert.deepEqual([first?.kind, first?.line, first?.seq], ["cut", whole, whole]);
  }
});

Deno.test("ChainVerifier finds any removed line where the next one stands", () => {
  fc.assert(fc.property(texts, fc.nat(), (some, n) => {
    const { lines, head } = makeLog(some);
    const at = n % lines.length;
    const found = somePlace(checkLines(lines.toSpliced(at, 1), head));
    const isLast = at === lines.length - 1;
    assert.deepEqual(found, isLast ? { kind: "cut", line: at } : { kind: "missing", line: at + 1 });
  }));
});

Deno.test("ChainVerifier finds any repeated line", () => {
  fc.assert(fc.property(texts, fc.nat(), fc.nat(), (some, n, m) => {
    const { lines, head } = makeLog(some);
    const from = n % lines.length;
    const to = from + 1 + m % (lines.length - from);
    const found = somePlace(checkLines(lines.toSpliced(to, 0, lines[from] ?? ""), head));
    assert.deepEqual(found, { kind: "out of order", line: to + 1 });
  }));
});

Deno.test("ChainVerifier finds any two swapped lines", () => {
  fc.assert(fc.property(texts, fc.nat(), fc.nat(), (some, n, m) => {
    const { lines, head } = makeLog(some);
    const a = n % (lines.length - 1);
    const b = a + 1 + m % (lines.length - 1 - a);
    const swapped = lines.with(a, lines[b] ?? "").with(b, lines[a] ?? "");
    assert.deepEqual(somePlace(checkLines(swapped, head)), { kind: "out of order", line: a + 1 });
  }));
});

Deno.test("ChainVerifier finds a record that was replaced and sealed again", () => {
  fc.assert(fc.property(texts, fc.nat(), (some, n) => {
    const { lines, head } = makeLog(some);
    const at = n % lines.length;
    const forged = makeLog(some.with(at, `${some[at]} forged`)).lines[at] ?? "";
    const found = somePlace(checkLines(lines.with(at, forged), head));
    const isLast = at === lines.length - 1;
    // The line that follows was sealed to another one; behind the last there is only the note of the end.
    assert.deepEqual(found, { kind: "edited", line: isLast ? at + 1 : at + 2 });
  }));
});

Deno.test("ChainVerifier finds the log of another agent, and one without the note of its end", () => {
  const other = makeLog(["one", "two"], genesis("other"));
  assert.deepEqual(somePlace(checkLines(other.lines, other.head)), { kind: "edited", line: 1 });
  const { lines } = makeLog(["one", "two"]);
  for (const head of [undefined, "damaged"] as const) {
    assert.deepEqual(somePlace(check(utf8(lines.join("")), head)), { kind: "cut", line: 2 });
  }
  assert.equal(check(new Uint8Array(0), undefined).problemCount, 0);
});

Deno.test("ChainVerifier takes any bytes, and names a bounded number of places", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void check(bytes, START)));
  const report = check(utf8("x\n".repeat(1000)), START);
  assert.equal(report.problemCount, 1000);
  assert.equal(report.problems.length, 20);
});

Deno.test("ChainVerifier tells what the log says of itself: repairs, gaps, and a note that was tampered with", () => {
  const events = [
    [{ event: "repair", repair: { found: ["torn"], torn: { bytes: 5 } } }, undefined, /torn and moved aside/],
    [
      { event: "gap", gap: { lost: 3, since: "t", reason: "disk full" } },
      undefined,
      /3 records could not be written/,
    ],
    [{ event: "repair", repair: { found: ["head"] } }, "cut", undefined],
    [{ event: "repair", repair: "?" }, "edited", undefined],
  ] as const;
  for (const [event, kind, note] of events) {
    const { line, state } = sealLine(START, JSON.stringify({ time: "t", ...event }));
    const report = check(utf8(line), state);
    assert.equal(report.problems[0]?.kind, kind);
    assert.equal(report.notes.length, note === undefined ? 0 : 1);
    if (note !== undefined) assert.match(report.notes[0] ?? "", note);
  }
});
