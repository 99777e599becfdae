import assert from "node:assert/strict";
import { PROGRAMS, rulesFor } from "../../../../src/safety/programs/mod.ts";

Deno.test("rulesFor() finds nothing for names that objects have of themselves", () => {
  for (const name of ["constructor", "__proto__", "toString", ""]) {
    assert.deepEqual(rulesFor(name, "linux"), []);
  }
});

Deno.test("rulesFor() keeps to the system", () => {
  assert.equal(rulesFor("sw_vers", "linux").length, 0);
  assert.equal(rulesFor("sw_vers", "macos").length, 1);
  assert.equal(rulesFor("ls", "windows").length, 0);
});

Deno.test("PROGRAMS holds no interpreter, editor or writer but for its version", () => {
  const never = "sh bash python3 perl node rm mv cp touch tee dd vi less man curl wget ssh sudo make npm"
    .split(" ");
  for (const name of never) {
    for (const rule of rulesFor(name, "linux")) {
      assert.ok(rule.harmless !== true && rule.match.every((command) => command.endsWith("--version")), name);
    }
  }
  assert.ok(PROGRAMS.every((rule) => rule.harmless !== true || rule.judge === undefined));
});
