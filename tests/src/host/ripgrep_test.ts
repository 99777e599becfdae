import assert from "node:assert/strict";
import { join } from "node:path";
import { findRipgrep, parsePaths, pickFiles, type RipgrepOptions } from "../../../src/host/ripgrep.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const program = findRipgrep();
const OPTIONS: RipgrepOptions = {
  program: program ?? "/usr/bin/rg",
  confine: (argv) => argv,
  environment: { PATH: "/usr/bin:/bin" },
  signal: new AbortController().signal,
};

/** These run the real program. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: program === undefined ? `${name} (no rg here)` : name,
    ignore: program === undefined,
    fn,
  });
}

Deno.test("findRipgrep() takes the first absolute path that is there", () => {
  assert.equal(findRipgrep((path) => path.startsWith("/usr/local")), "/usr/local/bin/rg");
  assert.equal(findRipgrep(() => false), undefined);
});

const OUTPUTS: readonly (readonly [text: string, expected: readonly string[] | undefined])[] = [
  ["", []],
  ["/a\0", ["/a"]],
  ["/a\0/b\n\0", ["/a", "/b\n"]],
  ["/a", undefined],
  ["/c\0", undefined],
  ["\0", undefined],
  ["/a\0usage: rg", undefined],
];

for (const [text, expected] of OUTPUTS) {
  Deno.test(`parsePaths() takes ${JSON.stringify(text)} for ${expected === undefined ? "nothing" : "paths"}`, () => {
    const found = parsePaths(utf8(text), ["/a", "/b\n"]);
    assert.deepEqual(found === undefined ? undefined : [...found], expected);
  });
}

Deno.test("parsePaths() takes no bytes that are not UTF-8", () => {
  assert.equal(parsePaths(Uint8Array.of(0xff, 0), ["\uFFFD"]), undefined);
});

test("pickFiles() picks files with a match, whatever they are called", async () => {
  await using temporary = await temporaryFolder();
  const names = ["-e", "--pre=x", "a\nb", "\x1b[31m", "é", "plain", "other"];
  for (const name of names) {
    await Deno.writeTextFile(join(temporary.folder, name), name === "other" ? "no" : "needle\0");
  }
  const paths = names.map((name) => join(temporary.folder, name));
  const found = await pickFiles("(?-u)\\x6eeedle", paths, OPTIONS);
  assert.deepEqual([...found ?? []].sort(), paths.slice(0, -1).sort());
  assert.deepEqual(await pickFiles("absent", paths, OPTIONS), new Set());
});

test("pickFiles() gives no answer when anything is odd", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "a");
  await Deno.writeTextFile(path, "needle");
  assert.equal(await pickFiles("needle", [path, join(temporary.folder, "gone")], OPTIONS), undefined);
  assert.equal(await pickFiles("(", [path], OPTIONS), undefined);
  const instead = (script: string) =>
    pickFiles("x", [path], { ...OPTIONS, confine: () => ["/bin/sh", "-c", script] });
  assert.equal(await instead("printf '/etc/passwd\\0'"), undefined);
  assert.equal(await instead("exit 2"), undefined);
  assert.equal(await instead("echo wrong; exit 1"), undefined);
  assert.equal(await instead("kill -9 $$"), undefined);
  assert.equal(await instead("yes | head -c 100000"), undefined);
  assert.equal(await pickFiles("x", [path], { ...OPTIONS, confine: () => ["/nowhere/rg"] }), undefined);
});

Deno.test("pickFiles() starts nothing when there are no files", async () => {
  const confine = () => assert.fail("it was started");
  assert.deepEqual(await pickFiles("x", [], { ...OPTIONS, confine }), new Set());
});

test("pickFiles() takes no options from the user's configuration", async () => {
  await using temporary = await temporaryFolder();
  const path = join(temporary.folder, "a");
  const config = join(temporary.folder, "config");
  await Deno.writeTextFile(path, "needle");
  await Deno.writeTextFile(config, "--invert-match\n");
  const environment = { ...OPTIONS.environment, RIPGREP_CONFIG_PATH: config };
  assert.deepEqual(await pickFiles("needle", [path], { ...OPTIONS, environment }), new Set([path]));
});
