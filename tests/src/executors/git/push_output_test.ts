import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePush } from "../../../../src/executors/git/push_output.ts";
import { anyText } from "../../../helpers/any_text.ts";

const HEAD = "refs/heads/main:refs/heads/main";
const CASES: readonly [string, string, string, string | null][] = [
  [` \t${HEAD}\t1a..2b`, "updated", "1a..2b", null],
  [`*\t${HEAD}\t[new branch]`, "created", "[new branch]", null],
  [`+\t${HEAD}\t1a...2b (forced update)`, "forced", "1a...2b", null],
  [`=\t${HEAD}\t[up to date]`, "up_to_date", "[up to date]", null],
  [`!\t${HEAD}\t[rejected] (fetch first)`, "rejected", "[rejected]", "fetch first"],
  [`!\t${HEAD}\t[remote rejected] (hook (x) declined)`, "rejected", "[remote rejected]", "hook (x) declined"],
  [`!\t${HEAD}\t[rejected]`, "rejected", "[rejected]", "[rejected]"],
];
for (const [line, outcome, summary, reason] of CASES) {
  Deno.test(`parsePush() reads ${JSON.stringify(line)}`, () => {
    const ref = { local: "refs/heads/main", remote: "refs/heads/main", outcome, summary, reason };
    assert.deepEqual(parsePush(`To /x\n${line}\nDone\n`), [ref]);
  });
}

Deno.test("parsePush() passes over everything else", () => {
  fc.assert(fc.property(anyText(), (text) => {
    assert.ok(Array.isArray(parsePush(text)));
    assert.deepEqual(parsePush(text.replaceAll("\t", " ")), []);
  }));
});
