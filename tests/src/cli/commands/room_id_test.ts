import assert from "node:assert/strict";
import { cliHome } from "../_run_cli.ts";

Deno.test("room-id depends on room and token alone and stays the same", async () => {
  await using home = await cliHome('token = "hunter2hunter2"\nroom = "home"\n');
  const first = await home.run(["room-id"]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^[a-z2-7]{32}\n$/);
  const again = await home.run(["room-id"], {
    env: { REMOTE_AGENTS_NAME: "other", REMOTE_AGENTS_ENCRYPTION_KEY: "another secret" },
  });
  assert.equal(again.stdout, first.stdout);
  assert.notEqual((await home.run(["room-id", "--room", "office"])).stdout, first.stdout);
});

const errors: readonly (readonly [readonly string[], string])[] = [
  [[], "Cannot tell the room's id: room and token are not set; "],
  [["--room", "home"], "Cannot tell the room's id: token is not set; "],
  [["--room", "home", "--token", `ra1_${"a".repeat(55)}`], "Cannot use the token: it has a typing error; "],
];
for (const [words, expected] of errors) {
  Deno.test(`room-id refuses "${words.join(" ").slice(0, 24)}" with exit code 2`, async () => {
    await using home = await cliHome();
    const { code, stdout, stderr } = await home.run(["room-id", ...words]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.ok(stderr.startsWith(`remote-agent: ${expected}`), stderr);
  });
}
