import assert from "node:assert/strict";
import { nameIn, ownerNames } from "../../../src/host/account_names.ts";

const LIST = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbroken\n:x:7:7\n";

Deno.test("nameIn() finds the name of a number", () => {
  assert.deepEqual([0, 1000, 1001, 7].map((id) => nameIn(LIST, id)), ["root", "ada", undefined, undefined]);
});

Deno.test("ownerNames() leaves out what is not known", async () => {
  const readList = (path: string) => Promise.resolve(path === "/etc/passwd" ? LIST : "");
  assert.deepEqual(await ownerNames({ uid: 1000, gid: 1000 }, readList), { owner: "ada" });
  assert.deepEqual(await ownerNames({ uid: null, gid: null }, readList), {});
});

Deno.test("ownerNames() reads the machine's own lists, if it has any", async () => {
  const { owner } = await ownerNames({ uid: 0, gid: 0 });
  assert.ok(owner === undefined || owner === "root");
});
