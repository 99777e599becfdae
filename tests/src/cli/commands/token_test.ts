import assert from "node:assert/strict";
import { cliHome } from "../_run_cli.ts";

Deno.test("token prints a new token each time, also beside a broken config.toml, and stores nothing", async () => {
  await using home = await cliHome("broken = ");
  const first = await home.run(["token"]);
  const second = await home.run(["token"]);
  for (const { code, stdout, stderr } of [first, second]) {
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^ra1_[a-z2-7]{55}\n$/);
  }
  assert.notEqual(first.stdout, second.stdout);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(home.folder))).map(({ name }) => name), [
    "config.toml",
  ]);
});
