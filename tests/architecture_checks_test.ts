/**
 * The checks of the architecture on small samples, so that none of them passes by looking at nothing.
 */
import assert from "node:assert/strict";
import {
  importProblems,
  lengthProblems,
  namedUseProblems,
  pinProblems,
  purityProblems,
  reachProblems,
  type SourceFile,
  testPathOf,
  textProblems,
  type Units,
  unusedProblems,
} from "./helpers/architecture.ts";

const UNITS: Units = {
  "src/protocol": { isPure: true, uses: {}, packages: { "zod": "schemas" } },
  "src/crypto": { isPure: true, uses: { "src/protocol": "what is encrypted" } },
  "src/safety": { isPure: true, uses: { "src/protocol": "modes" } },
  "src/config": { uses: { "src/protocol": "shapes" } },
  "src/peer": { uses: { "src/protocol": "the wire", "src/crypto": "sessions" } },
  "src/mcp": { uses: {}, packages: { "zod": "schemas" } },
  "src/cli": { uses: { "src/mcp": "tools" } },
  "relay": { uses: { "relay/core": "rooms" } },
  "relay/core": { isPure: true, uses: { "src/protocol": "the wire" } },
};

const at = (path: string, text: string): SourceFile => ({ path, text });

/** What each check has to find. */
const BAD_SAMPLES: readonly (readonly [string, () => string[], RegExp])[] = [
  [
    "a lower layer that imports a higher one",
    () => importProblems(at("src/protocol/x.ts", 'import { a } from "../peer/peer.ts";'), UNITS),
    /may not use "src\/peer"/,
  ],
  [
    "the same over several lines, for types only",
    () => importProblems(at("src/safety/x.ts", 'import type {\n  A,\n} from "../config/load.ts";'), UNITS),
    /may not use "src\/config"/,
  ],
  [
    "a re-export",
    () => importProblems(at("relay/core/x.ts", 'export * from "../../src/crypto/noise.ts";'), UNITS),
    /may not use "src\/crypto"/,
  ],
  [
    "a dynamic import",
    () => importProblems(at("src/peer/x.ts", 'const a = await import("../cli/cli.ts");'), UNITS),
    /may not use "src\/cli"/,
  ],
  [
    "an import for its effects",
    () => importProblems(at("relay/x.ts", 'import "../src/crypto/noise.ts";'), UNITS),
    /may not use "src\/crypto"/,
  ],
  [
    "a dynamic import by a computed name",
    () => importProblems(at("src/peer/x.ts", "const a = await import(`../cli/${name}.ts`);"), UNITS),
    /computed name/,
  ],
  [
    "a package that the folder may not use",
    () => importProblems(at("src/peer/x.ts", 'import * as z from "zod";'), UNITS),
    /"src\/peer" may not use it/,
  ],
  [
    "a package from elsewhere than npm",
    () => importProblems(at("src/peer/x.ts", 'import { a } from "jsr:@std/path@1";'), UNITS),
    /only from npm/,
  ],
  [
    "a package that is not named in deno.json",
    () => importProblems(at("src/protocol/x.ts", 'import * as z from "npm:zod@4";'), UNITS),
    /name packages in deno.json/,
  ],
  [
    "a folder without a row",
    () => importProblems(at("src/utils/x.ts", ""), UNITS),
    /in no folder of the table/,
  ],
  [
    "a permission that nobody needs",
    () =>
      unusedProblems([at("a/x.ts", "")], {
        a: { uses: { b: "once" }, packages: { zod: "schemas" } },
        b: { uses: {} },
      }),
    /^"a" may use "b" and does not[^]*"zod"/,
  ],
  ["Deno in pure code", () => purityProblems(at("src/crypto/x.ts", "Deno.cwd();")), /uses Deno/],
  ["the clock in pure code", () => purityProblems(at("x.ts", "const t = `${Date.now()}`;")), /uses Date/],
  ["a timer in pure code", () => purityProblems(at("x.ts", "setTimeout(f, 1);")), /uses setTimeout/],
  ["a socket in pure code", () => purityProblems(at("x.ts", "new WebSocket(url);")), /uses WebSocket/],
  [
    "a module of Node in pure code",
    () => purityProblems(at("x.ts", 'import { join } from "node:path";')),
    /imports "node:path"/,
  ],
  [
    "a chain of imports to what must not be reached",
    () =>
      reachProblems([
        at("relay/a.ts", 'import "../src/protocol/b.ts";'),
        at("src/protocol/b.ts", 'export { c } from "../crypto/c.ts";'),
        at("src/crypto/c.ts", ""),
      ], { from: /^relay\//, to: /^src\/crypto\// }),
    /^relay\/a\.ts -> src\/protocol\/b\.ts -> src\/crypto\/c\.ts$/,
  ],
  [
    "console",
    () => namedUseProblems(at("src/a.ts", "console.log(1)"), { pattern: /\bconsole\b/, allowed: {} }),
    /uses console/,
  ],
  [
    "a long file",
    () => lengthProblems(at("src/a.ts", "\n".repeat(401)), { maxLines: 400, exceptions: {} }),
    /has 401 lines/,
  ],
  ["unfinished work", () => textProblems(at("src/a.ts", "// TODO: later")), /"TODO"/],
  ["a path of one machine", () => textProblems(at("a.md", "see `/root/main/x`")), /path of one machine/],
  ["a range of versions", () => pinProblems({ zod: "npm:zod@^4.6.7" }), /exact version/],
  ["a version that is cut short", () => pinProblems({ zod: "npm:zod@4" }), /exact version/],
  ["another registry", () => pinProblems({ path: "jsr:@std/path@1.0.0" }), /exact version from npm/],
];
for (const [what, check, expected] of BAD_SAMPLES) {
  Deno.test(`the checks find ${what}`, () => assert.match(check().join("\n"), expected));
}

/** What looks bad and is not. */
const GOOD_SAMPLES: readonly (readonly [string, () => string[]])[] = [
  [
    "imports in comments and texts",
    () =>
      importProblems(
        at(
          "src/safety/x.ts",
          '/* import "../cli/cli.ts" */ const a = \'import "../cli/cli.ts"\'; // from "x"',
        ),
        UNITS,
      ),
  ],
  ["what a table allows", () => importProblems(at("src/mcp/x.ts", 'import * as z from "zod";'), UNITS)],
  [
    "names in comments, texts, members and regular expressions",
    () =>
      purityProblems(
        at("x.ts", '// Deno\nconst a = "Deno" + b.location + /["Deno]/.source; type T = { process?: 1 };'),
      ),
  ],
  [
    "a long file with a reason",
    () =>
      lengthProblems(at("src/a.ts", "\n".repeat(401)), {
        maxLines: 400,
        exceptions: { "src/a.ts": "a table" },
      }),
  ],
  ["an exact version with a subpath", () => pinProblems({ a: "npm:@scope/name@1.2.3/sub/path" })],
];
for (const [what, check] of GOOD_SAMPLES) {
  Deno.test(`the checks let ${what} pass`, () => assert.deepEqual(check(), []));
}

Deno.test("testPathOf() mirrors the tree", () => {
  assert.equal(testPathOf("src/peer/streams.ts"), "tests/src/peer/streams_test.ts");
  assert.equal(testPathOf("relay/core/room.ts"), "tests/relay/core/room_test.ts");
});
