import assert from "node:assert/strict";
import { example } from "../../../src/cli/help_example.ts";

Deno.test("example() shows a line for the shell", () => {
  assert.equal(example("remote-agent agents"), "\nExample:\n  $ remote-agent agents");
});

Deno.test("example() with a title of its own shows what is no line for the shell", () => {
  assert.equal(example("mode = 1", "In config.toml:"), "\nIn config.toml:\n  mode = 1");
});
