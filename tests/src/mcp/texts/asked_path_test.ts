import assert from "node:assert/strict";
import { asAsked, askedPath } from "../../../../src/mcp/texts/asked_path.ts";

const paths: readonly (readonly [path: string, asked: string, shown: string])[] = [
  ["/home/ann/app.conf", "app.conf", "~/app.conf"],
  ["/home/ann/app.conf", "~/app.conf", "~/app.conf"],
  ["/home/ann/a/b", "./a/b/", "~/a/b"],
  ["C:\\Users\\ann\\a\\b", "a/b", "~/a/b"],
  ["/etc/app.conf", "/etc/app.conf", "/etc/app.conf"],
  ["/srv/other.conf", "app.conf", "/srv/other.conf"],
  ["/home/ann/my-app.conf", "app.conf", "/home/ann/my-app.conf"],
  ["/home/app.conf", "../app.conf", "/home/app.conf"],
  ["/home/bob/x", "~bob/x", "/home/bob/x"],
  ["/home/ann", "~", "/home/ann"],
  ["/home/ann", "", "/home/ann"],
  ["D:\\a", "D:\\a", "D:\\a"],
];
for (const [path, asked, shown] of paths) {
  Deno.test(`askedPath() shows "${path}", asked for as "${asked}", as "${shown}"`, () => {
    assert.equal(askedPath(path, asked), shown);
  });
}

Deno.test("asAsked() changes the paths of a result and nothing else of it", () => {
  assert.deepEqual(asAsked({ path: "/home/ann/x", bytes: 1 }, { path: "x" }), { path: "~/x", bytes: 1 });
  assert.deepEqual(asAsked({ root: "/home/ann/x", clean: true }, { path: "~/x" }), {
    root: "~/x",
    clean: true,
  });
  for (
    const [result, params] of [[{ path: "/a/x" }, undefined], ["text", { path: "x" }], [{ path: 1 }, {
      path: "x",
    }]]
  ) {
    assert.equal(asAsked(result, params), result);
  }
  assert.deepEqual(asAsked({ path: "/a/x" }, { command: "x" }), { path: "/a/x" });
});
