import assert from "node:assert/strict";
import { join } from "node:path";
import { createPicker } from "../../../src/executors/pick_files.ts";
import { findRipgrep } from "../../../src/host/ripgrep.ts";
import { Matcher } from "../../../src/host/search/matcher.ts";
import { parseExpression } from "../../../src/host/search/parse_expression.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const signal = new AbortController().signal;
const budget = { signal, isOver: () => false, breathe: () => Promise.resolve() };
const matcher = new Matcher(parseExpression("nee+dle").pattern);
const program = findRipgrep();

const FILES: readonly (readonly [name: string, content: string, expected: boolean])[] = [
  ["a", "a needle", true],
  ["b", "nothing", false],
  ["c", "", false],
  ["large", `${"x\n".repeat(300_000)}neeeedle`, true],
  ["d", "needle\0", true],
];

async function pick(ripgrep: Parameters<typeof createPicker>[1]["ripgrep"]) {
  await using temporary = await temporaryFolder();
  const files = await Promise.all(FILES.map(async ([name, content]) => {
    const realPath = join(temporary.folder, name);
    await Deno.writeTextFile(realPath, content);
    return { realPath, size: content.length };
  }));
  const gone = { realPath: join(temporary.folder, "gone"), size: 1 };
  const picker = createPicker(matcher, { maxFileBytes: 10_000_000, ripgrep });
  const picks = await picker.pick(files, budget);
  return { picks, gone: await picker.pick([gone], budget), engine: picker.engine };
}

const EXPECTED = FILES.map(([, , expected]) => expected);

Deno.test("pick() by reading picks what matches, and what cannot be read", async () => {
  assert.deepEqual(await pick(undefined), { picks: EXPECTED, gone: [true], engine: "built-in" });
});

Deno.test({
  name: `pick() by ripgrep picks the same${program === undefined ? " (no rg here)" : ""}`,
  ignore: program === undefined,
  fn: async () => {
    const ripgrep = {
      program: program ?? "",
      confine: (argv: readonly [string, ...string[]]) => argv,
      environment: {},
      signal,
    };
    assert.deepEqual(await pick(ripgrep), { picks: EXPECTED, gone: [true], engine: "ripgrep" });
  },
});

Deno.test("pick() reads by itself where ripgrep does not work, and soon stops trying", async () => {
  let tries = 0;
  const ripgrep = {
    program: "/nowhere/rg",
    confine: (argv: readonly [string, ...string[]]) => {
      tries++;
      return argv;
    },
    environment: {},
    signal,
  };
  assert.deepEqual(await pick(ripgrep), { picks: EXPECTED, gone: [true], engine: "built-in" });
  const picker = createPicker(matcher, { maxFileBytes: 10, ripgrep });
  tries = 0;
  for (let run = 0; run < 5; run++) await picker.pick([{ realPath: "/nowhere/file", size: 1 }], budget);
  assert.equal(tries, 2);
});

Deno.test("pick() has nothing for ripgrep to do where every line matches", () => {
  const ripgrep = {
    program: "rg",
    confine: (argv: readonly [string, ...string[]]) => argv,
    environment: {},
    signal,
  };
  assert.equal(
    createPicker(new Matcher(parseExpression("a*").pattern), { maxFileBytes: 1, ripgrep }).engine,
    "built-in",
  );
});
