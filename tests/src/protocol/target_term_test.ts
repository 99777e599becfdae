import assert from "node:assert/strict";
import {
  canonicalArch,
  formatTerm,
  matchesTerm,
  readTerm,
  type TargetTerm,
} from "../../../src/protocol/target_term.ts";

/** Every word that is a term, and its canonical form. */
const WORDS: readonly [string, TargetTerm, string][] = [
  ["ALL", { kind: "all" }, "all"],
  ["Web", { kind: "tag", tag: "web" }, "web"],
  ["10", { kind: "tag", tag: "10" }, "10"],
  ["TAG:Web", { kind: "tag", tag: "web" }, "web"],
  ["tag:all", { kind: "tag", tag: "all" }, "tag:all"],
  ["tag:not", { kind: "tag", tag: "not" }, "tag:not"],
  ["os:Linux", { kind: "os", os: "linux" }, "os:linux"],
  ["os:darwin", { kind: "os", os: "macos" }, "os:macos"],
  ["os:freebsd", { kind: "os", os: "freebsd" }, "os:freebsd"],
  ["arch:arm64", { kind: "arch", arch: "aarch64" }, "arch:aarch64"],
  ["arch:AMD64", { kind: "arch", arch: "x86_64" }, "arch:x86_64"],
  ["arch:x64", { kind: "arch", arch: "x86_64" }, "arch:x86_64"],
  ["arch:riscv64", { kind: "arch", arch: "riscv64" }, "arch:riscv64"],
  ["mode:EDIT", { kind: "mode", mode: "edit" }, "mode:edit"],
  ["Name:Web-*", { kind: "name", glob: "Web-*" }, "name:Web-*"],
  ["id:KQ3V", { kind: "id", prefix: "kq3v" }, "id:kq3v"],
];
for (const [word, term, canonical] of WORDS) {
  Deno.test(`readTerm() reads "${word}" as ${canonical}`, () => {
    assert.deepEqual(readTerm(word), term);
    assert.equal(formatTerm(term), canonical);
    assert.deepEqual(readTerm(canonical), term);
  });
}

/** Words that are none, with a part of what is said about them. */
const SLIPS: readonly [string, RegExp][] = [
  ["*", /write "all"$/],
  ["web-*", /write "name:web-\*"$/],
  ["and", /write "&", or "tag:and" for a tag$/],
  ["OR", /write "\|"/],
  ["not", /write "!"/],
  ["os=linux", /write "os:linux"$/],
  ["name==web", /write "name:web"$/],
  ['"web"', /has quotes; write names and tags without them$/],
  ["-web", /write "!web"$/],
  ["os:", /"os:" has no value/],
  [":linux", /keys are "tag", "os"/],
  ["host:web-1", /write "name:web-1"$/],
  ["tags:web", /write "tag:web"$/],
  ["colour:red", /"colour:" is no key; keys are/],
  ["os:beos", /no system is called "beos"; known are "linux", "macos", "windows", "bsd", "other", "android"/],
  ["mode:root", /modes are "disabled", "plan", "edit", "bypass"$/],
  ["arch:a/b", /no processor/],
  ["id:abc", /give 4 to 20 of its letters/],
  ["id:web-1", /no beginning of an id/],
  ["tag:a*", /is no tag; tags have/],
  ["a_very_long_tag_that_is_over_the_limit_of_cards", /is no tag; tags have/],
  ["wéb", /is no tag/],
  ["name:web-[1-40]", /stands for one character; write each name/],
  ["name:a/b", /holds what no name does/],
];
for (const [word, expected] of SLIPS) {
  Deno.test(`readTerm() tells what is wrong with "${word}"`, () => {
    const problem = readTerm(word);
    assert.ok("why" in problem);
    assert.match(problem.hint === undefined ? problem.why : `${problem.why}; ${problem.hint}`, expected);
  });
}

Deno.test("matchesTerm() knows a processor and a system by any of their names", () => {
  const host = {
    id: "kq3vaaaaaaaaaaaaaaaa",
    name: "x",
    tags: [],
    platform: { os: "freebsd", family: "bsd" as const, arch: "ARM64" },
    mode: "plan" as const,
  };
  const matching = ["arch:aarch64", "os:bsd", "os:freebsd", "mode:plan", "id:kq3v", "name:x", "all"];
  const others = ["arch:x64", "os:openbsd", "os:linux", "mode:edit", "id:aaaa", "name:X", "x"];
  for (const word of [...matching, ...others]) {
    const term = readTerm(word);
    assert.ok(!("why" in term));
    assert.equal(matchesTerm(term, host), matching.includes(word), word);
  }
});

Deno.test("canonicalArch() leaves processors alone that it does not know", () => {
  assert.equal(canonicalArch("s390x"), "s390x");
});
