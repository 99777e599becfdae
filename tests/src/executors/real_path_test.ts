import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "../../../src/errors.ts";
import {
  absolutePath,
  explain,
  GUARD_FILES,
  joinLink,
  nearestReal,
  regularOnly,
} from "../../../src/executors/real_path.ts";
import { NotRegularError } from "../../../src/host/open_file.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const LINUX = { os: "linux", homes: ["/home/ada"], isCaseInsensitive: false } as const;
const WINDOWS = { os: "windows", homes: ["C:\\Users\\ada"], isCaseInsensitive: true } as const;

const meanings: [typeof LINUX | typeof WINDOWS, string, string][] = [
  [LINUX, "~", "/home/ada"],
  [LINUX, "~/a", "/home/ada/a"],
  [LINUX, "a/../b", "/home/ada/a/../b"],
  [LINUX, "/a//b", "/a//b"],
  [LINUX, "./~x", "/home/ada/./~x"],
  [LINUX, "-rf", "/home/ada/-rf"],
  [LINUX, "a\\b", "/home/ada/a\\b"],
  [WINDOWS, "~\\a", "C:\\Users\\ada\\a"],
  [WINDOWS, "a/../b", "C:\\Users\\ada\\b"],
  [WINDOWS, "D:/x/../y", "D:\\y"],
];
for (const [system, path, expected] of meanings) {
  Deno.test(`absolutePath() on ${system.os} takes "${path}" for ${expected}`, () =>
    assert.equal(absolutePath(path, system), expected));
}

for (const path of ["", "a\0", "~bob", "~bob/x", "\udc00", "x".repeat(40_000)]) {
  Deno.test(`absolutePath() refuses ${JSON.stringify(path.slice(0, 20))}`, () => {
    assert.throws(() => absolutePath(path, LINUX), { name: "OperationError", code: "bad_request" });
  });
}

Deno.test({
  name: "nearestReal() resolves folders as far as they exist",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const base = await Deno.realPath(temporary.folder);
    await Deno.mkdir(join(base, "d"));
    await Deno.writeTextFile(join(base, "d/file"), "x");
    await Deno.symlink("d", join(base, "link"));
    await Deno.symlink("gone", join(base, "broken"));
    const near = async (path: string) => {
      const { path: found, rest } = await nearestReal(`${base}/${path}`, { files: GUARD_FILES, os: "linux" });
      return [found.slice(base.length), rest];
    };
    assert.deepEqual(await near("link/file"), ["/d/file", 1]);
    assert.deepEqual(await near("link"), ["/link", 1]);
    assert.deepEqual(await near("link/"), ["/d", 1]);
    assert.deepEqual(await near("link/.."), ["", 1]);
    assert.deepEqual(await near("link/a/b/c"), ["/d/a/b/c", 3]);
    await assert.rejects(near("a/../b/c"), OperationError);
    await assert.rejects(near("broken/x"), /leads to nothing/);
    await assert.rejects(near("d/file/x"), Deno.errors.NotADirectory);
  },
});

Deno.test("joinLink() reads a link as the system does", () => {
  assert.equal(joinLink("/a/link", "../b", "linux"), "/a/../b");
  assert.equal(joinLink("/a/link", "/b", "linux"), "/b");
  assert.equal(joinLink("C:\\a\\link", "..\\b", "windows"), "C:\\b");
});

const answers: [Error, string, RegExp][] = [
  [new Deno.errors.NotFound("x"), "cannot_run", /no such file or folder$/],
  [new Deno.errors.NotADirectory("x"), "cannot_run", /one of its folders is a file$/],
  [new Deno.errors.PermissionDenied("x"), "cannot_run", /does not let the agent's user/],
  [new Deno.errors.FilesystemLoop("x"), "cannot_run", /circle/],
  [new Error("File name too long (os error 36): realpath 'x'"), "cannot_run", /too long$/],
  [new NotRegularError("fifo"), "refused", /fifo/],
  [new NotRegularError("folder"), "cannot_run", /folder/],
  [new Error("strange (os error 99), open '/a\nb'"), "cannot_run", /strange/],
];
for (const [error, code, message] of answers) {
  Deno.test(`explain() says what "${error.message.slice(0, 20)}" (${error.name}) means`, () => {
    const explained = explain(error, "Cannot x");
    assert.equal(explained.code, code);
    assert.match(explained.message, message);
    assert.ok(explained.message.startsWith("Cannot x: ") && !/\p{Cc}/u.test(explained.message));
  });
}

Deno.test("regularOnly() lets only regular files pass", async () => {
  await assert.rejects(async () => regularOnly(await Deno.stat("."), "Cannot x"), { code: "cannot_run" });
  const device = {
    isFile: false,
    isDirectory: false,
    isSymlink: false,
    isFifo: null,
    isSocket: null,
    isCharDevice: true,
    isBlockDevice: null,
  };
  assert.throws(() => regularOnly(device, "Cannot x"), { code: "refused", message: /character device/ });
});
