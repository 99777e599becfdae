import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { OperationError } from "../../../src/errors.ts";
import type { HostPathGuard } from "../../../src/executors/path_guard.ts";
import { GUARD_FILES } from "../../../src/executors/real_path.ts";
import type { Mode } from "../../../src/protocol/mode.ts";
import { type GuardedHome, guardedHome, SECRET } from "../../helpers/guarded_home.ts";

const isWindows = Deno.build.os === "windows";

async function read(guard: HostPathGuard, path: string, mode: Mode = "plan"): Promise<string> {
  using opened = await guard.openFile(path, mode);
  const bytes = new Uint8Array(4096);
  return new TextDecoder().decode(bytes.subarray(0, await opened.file.read(bytes) ?? 0));
}

/** Runs a program of the system; the test needs what it makes. */
async function run(program: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" })
    .output();
  assert.ok(success);
}

function refused(text: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof OperationError, String(error));
    assert.equal(error.code, "refused", error.message);
    assert.match(error.message, text);
    assert.ok(!`${error.message} ${error.remedy}`.includes(SECRET));
    return true;
  };
}

function test(name: string, body: (home: GuardedHome) => Promise<void>, ignore = isWindows): void {
  Deno.test({
    name,
    ignore,
    fn: async () => {
      await using home = await guardedHome();
      await body(home);
    },
  });
}

test("openFile() opens what is allowed and tells its real path", async ({ home, guard, write }) => {
  await write("real/a.txt", "hello");
  await Deno.symlink("real", join(home, "link"));
  for (const path of ["real/a.txt", "~/link/a.txt", join(home, "link/../real//./a.txt"), "link/a.txt"]) {
    assert.equal(await read(guard, path), "hello");
    using opened = await guard.openFile(path, "plan");
    assert.equal(opened.path, join(home, "real/a.txt"));
    assert.equal(opened.info.size, 5);
  }
});

test("openFile() refuses closed files by every spelling and link, and bypass lifts it", async ({ home, guard, write }) => {
  await write("a/b/c.txt", "x");
  await Deno.symlink(".ssh", join(home, "innocent"));
  await Deno.symlink("../../innocent/id_test", join(home, "a/b/one"));
  await Deno.symlink("a/b/one", join(home, "two"));
  await Deno.link(join(home, ".ssh/id_test"), join(home, "a/hard"));
  await Deno.link(join(home, ".vault/deep/key"), join(home, "a/hard2"));
  await Deno.link(join(home, "state/host_key"), join(home, ".ssh/looks.pub"));
  const spellings = [
    ".ssh/id_test",
    "~/.ssh/id_test",
    "a/../.ssh/id_test",
    "innocent/id_test",
    "a/b/one",
    "two",
    "a/hard",
    "a/hard2",
    ".ssh/looks.pub",
    "./.ssh//./id_test",
    "a/b/../../innocent/../.ssh/id_test",
    "state/host_key",
    "config/config.toml",
    ".vault/deep/key",
    `/proc/self/root${home}/.ssh/id_test`,
    `/proc/self/cwd/..${home}/two`,
  ];
  for (const path of spellings) {
    if (path.startsWith("/proc") && Deno.build.os !== "linux") continue;
    for (const mode of ["plan", "edit", "disabled"] as const) {
      await assert.rejects(read(guard, path, mode), (error) => {
        // From the folder of the tests the last spelling leads nowhere.
        if (path.startsWith("/proc/self/cwd")) return error instanceof OperationError;
        return refused(/^Cannot read /)(error);
      }, path);
    }
    if (!path.startsWith("/proc")) assert.equal(await read(guard, path, "bypass"), SECRET);
  }
});

test("openFile() refuses where a link in a closed place leads to", async ({ home, write, guardWith }) => {
  await write("dotfiles/key", SECRET);
  await write("store/inner/key", SECRET);
  await Deno.symlink("../dotfiles/key", join(home, ".ssh/linked"));
  await Deno.symlink("store", join(home, "private"));
  const guard = guardWith({ deny: ["~/.ssh/*", "~/private"] });
  await assert.rejects(read(guard, "dotfiles/key"), refused(/a link among the closed files/));
  await assert.rejects(read(guard, "store/inner/key"), refused(/a link among the closed files/));
  assert.equal(guard.mayRead(join(home, "store/inner/key"), "plan"), false);
  assert.equal(guard.mayRead(join(home, "dotfiles"), "plan"), true);
});

test("openFile() takes exceptions of the owner into account", async ({ home, guardWith, write }) => {
  await write(".vault/open/a", "open");
  const guard = guardWith({ deny: ["~/.vault", "!~/.vault/open"] });
  assert.equal(await read(guard, ".vault/open/a"), "open");
  await assert.rejects(read(guard, ".vault/deep/key"), refused(/closed/));
  assert.equal(guard.mayRead(join(home, ".vault/open/a"), "edit"), true);
});

test("openFile() keeps to the folders of the owner, also where they are links", async ({ home, guardWith, write }) => {
  await write("data/projects/a", "in");
  await write("b", "out");
  await Deno.symlink("data/projects", join(home, "projects"));
  await Deno.symlink(join(home, "b"), join(home, "data/projects/escape"));
  const guard = guardWith({ allow: ["~/projects"] });
  assert.equal(await read(guard, "projects/a"), "in");
  for (const path of ["b", "projects/escape", "projects/../b", "/etc/hostname"]) {
    await assert.rejects(read(guard, path), refused(/opens only some folders/), path);
  }
  assert.equal((await guard.lookAt("data", "plan")).path, join(home, "data"));
});

test("openFile() never waits for what is no regular file", async ({ home, guard }) => {
  await run("mkfifo", join(home, "fifo"));
  await Deno.symlink("fifo", join(home, "to-fifo"));
  const socket = Deno.listen({ transport: "unix", path: join(home, "socket") });
  try {
    for (
      const [path, kind] of [["fifo", "fifo"], ["to-fifo", "fifo"], ["socket", "socket"], [
        "/dev/zero",
        "character device",
      ]]
    ) {
      for (const mode of ["plan", "bypass"] as const) {
        await assert.rejects(
          read(guard, path ?? "", mode),
          refused(new RegExp(`no regular file but a ${kind}`)),
        );
      }
    }
  } finally {
    socket.close();
  }
  await assert.rejects(read(guard, "~"), { code: "cannot_run", message: /it is a folder/ });
});

test("openFile() says what is wrong with a path", async ({ home, guard, write }) => {
  await write("file", "x");
  await Deno.symlink("loop2", join(home, "loop1"));
  await Deno.symlink("loop1", join(home, "loop2"));
  const cases: [string, string, RegExp][] = [
    ["missing", "cannot_run", /there is no such file or folder/],
    ["file/below", "cannot_run", /one of its folders is a file/],
    ["loop1", "cannot_run", /links lead in a circle/],
    ["x".repeat(300), "cannot_run", /too long/],
    ["a\0b", "bad_request", /NUL/],
    ["", "bad_request", /empty/],
    ["~root/x", "bad_request", /only ~ and paths below it/],
    ["\ud800", "bad_request", /half a character/],
    ["a\nb\u202e", "cannot_run", /"[^\n\u202e]*a\\u\{a\}b\\u\{202e\}"/],
    [".vault/deep/not-there", "refused", /closed/],
  ];
  for (const [path, code, message] of cases) {
    await assert.rejects(read(guard, path), { name: "OperationError", code, message }, path);
  }
});

/** A disk that swaps something right before, and maybe back right after, a file is opened. */
function swapping(before: () => void, after: () => void = () => {}) {
  return {
    files: {
      ...GUARD_FILES,
      open: async (path: string) => {
        before();
        try {
          return await Deno.open(path);
        } finally {
          after();
        }
      },
    },
  };
}

test("openFile() sees a file swapped for a link to a closed one", async ({ guardWith, write }) => {
  const path = await write("bait", "harmless");
  const guard = guardWith(
    {},
    swapping(() => {
      Deno.removeSync(path);
      Deno.symlinkSync(".ssh/id_test", path);
    }),
  );
  await assert.rejects(read(guard, "bait"), refused(/./));
});

test("openFile() sees a file swapped for a link that leaves the owner's folders", async ({ home, guardWith, write }) => {
  const path = await write("work/bait", "harmless");
  await write("outside", SECRET);
  const guard = guardWith(
    { allow: ["~/work"] },
    swapping(() => {
      Deno.removeSync(path);
      Deno.symlinkSync(join(home, "outside"), path);
    }),
  );
  await assert.rejects(read(guard, "work/bait"), refused(/opens only some folders/));
});

test("openFile() sees a folder swapped for a link and swapped back", async ({ home, guardWith, write }) => {
  await write("work/id_test", "harmless");
  const work = join(home, "work");
  const guard = guardWith(
    { ownSecrets: [] },
    swapping(() => {
      Deno.renameSync(work, join(home, "aside"));
      Deno.symlinkSync(".ssh", work);
    }, () => {
      Deno.removeSync(work);
      Deno.renameSync(join(home, "aside"), work);
    }),
  );
  await assert.rejects(read(guard, "work/id_test"), refused(/./));
});

test("openFile() sees a closed file moved under an open name while it is opened", async ({ home, guardWith, write }) => {
  const path = await write("bait", "harmless");
  let isFirst = true;
  const guard = guardWith(
    {},
    swapping(() => {
      if (!isFirst) return;
      isFirst = false;
      Deno.removeSync(path);
      Deno.linkSync(join(home, ".ssh/id_test"), path);
    }),
  );
  await assert.rejects(read(guard, "bait"), refused(/by another name/));
});

test("openFile() opens again what another program replaces, and gives up if it goes on", async ({ home, guardWith, write }) => {
  const path = await write("log", "old");
  let swaps = 0;
  const swapped = (times: number) => {
    swaps = 0;
    return guardWith(
      {},
      swapping(() => {}, () => {
        if (swaps++ >= times) return;
        Deno.writeTextFileSync(join(home, "next"), `new ${swaps}`);
        Deno.renameSync(join(home, "next"), path);
      }),
    );
  };
  assert.equal(await read(swapped(1), "log"), "new 1");
  await assert.rejects(read(swapped(99), "log"), refused(/replaced while it is opened/));
});

test("openFile() does not wait for a FIFO that takes a file's place", async ({ home, guardWith, write }) => {
  const path = await write("bait", "harmless");
  await run("mkfifo", join(home, "fifo"));
  const files = {
    ...GUARD_FILES,
    realPath: async (asked: string) => {
      const real = await GUARD_FILES.realPath(asked);
      if ((await Deno.lstat(path)).isFile) await Deno.rename(join(home, "fifo"), path);
      return real;
    },
  };
  await assert.rejects(read(guardWith({}, { files }), "bait"), refused(/fifo/));
});

test("lookAt() shows closed names but nothing inside closed folders", async ({ home, guard }) => {
  assert.equal((await guard.lookAt(".ssh/id_test", "plan")).info.isFile, true);
  assert.equal((await guard.lookAt(".ssh", "plan")).path, join(home, ".ssh"));
  for (const path of [".vault", ".vault/deep", ".vault/deep/key", "state", "state/host_key"]) {
    await assert.rejects(guard.lookAt(path, "plan"), refused(/^Cannot look at/), path);
  }
  await assert.rejects(guard.lookAt("~", "disabled"), refused(/refuses every operation/));
});

test("lookAtLink() shows a link and where it points", async ({ home, guard }) => {
  await Deno.symlink("nowhere", join(home, "dangling"));
  const { path, info, target } = await guard.lookAtLink("dangling", "plan");
  assert.deepEqual([path, info.isSymlink, target], [join(home, "dangling"), true, "nowhere"]);
  assert.equal((await guard.lookAtLink("~", "plan")).target, undefined);
  await assert.rejects(guard.lookAtLink("nowhere", "plan"), { code: "cannot_run" });
});

test("writeTarget() follows links, and finds what is there or may be made", async ({ home, guard, write }) => {
  await write("dir/a", "x");
  await Deno.symlink("dir", join(home, "link"));
  await Deno.symlink("link/a", join(home, "to-a"));
  await Deno.symlink("link/new", join(home, "to-new"));
  const cases: [string, string, boolean][] = [
    ["dir/a", "dir/a", true],
    ["link/a", "dir/a", true],
    ["to-a", "dir/a", true],
    ["to-new", "dir/new", false],
    ["link/x/y/z", "dir/x/y/z", false],
    ["link/../fresh", "fresh", false],
  ];
  for (const [path, expected, exists] of cases) {
    const target = await guard.writeTarget(path, "edit");
    assert.deepEqual([target.path, target.info !== undefined], [join(home, expected), exists], path);
  }
});

test("writeTarget() refuses what is closed, the agent's own, or no place for a file", async ({ home, guard, write }) => {
  await write("dir/a", "x");
  await Deno.symlink(".ssh/new_key", join(home, "to-key"));
  await Deno.symlink("config", join(home, "conf"));
  await Deno.symlink("gone/folder", join(home, "lost"));
  await Deno.symlink("self", join(home, "self"));
  await Deno.link(join(home, ".ssh/id_test"), join(home, "hard"));
  await run("mkfifo", join(home, "fifo"));
  const cases: [string, string][] = [
    [".ssh/id_new", "refused"],
    ["to-key", "refused"],
    ["config/x", "refused"],
    ["conf/new/deep", "refused"],
    ["state/deep/er/x", "refused"],
    ["hard", "refused"],
    ["fifo", "refused"],
    ["/dev/null", "refused"],
    ["dir", "cannot_run"],
    ["dir/", "cannot_run"],
    ["dir/.", "cannot_run"],
    ["dir/..", "cannot_run"],
    ["/", "cannot_run"],
    ["dir/a/b", "cannot_run"],
    ["no/../x", "cannot_run"],
    ["lost/x", "cannot_run"],
    ["self", "cannot_run"],
    ["new/", "cannot_run"],
  ];
  for (const [path, code] of cases) {
    await assert.rejects(guard.writeTarget(path, "edit"), { name: "OperationError", code }, path);
  }
  await assert.rejects(guard.writeTarget("dir/a", "plan"), refused(/only reads/));
  assert.equal((await guard.writeTarget("config/x", "bypass")).path, join(home, "config/x"));
  assert.equal(guard.mayWrite(join(home, "config/x"), "edit"), false);
  assert.equal(guard.mayWrite(join(home, "dir/a"), "edit"), true);
});

test("removeTarget() takes a link for itself, and finds what is there", async ({ home, guard, write }) => {
  await write("dir/a", "x");
  await Deno.symlink("dir", join(home, "link"));
  const links = [["to-key", ".ssh/id_test"], ["lost", "gone/a"], ["self", "self"], [
    "to-dir",
    "dir",
  ]] as const;
  for (const [name, target] of links) await Deno.symlink(target, join(home, name));
  const cases: [string, string, boolean, string | undefined][] = [
    ["dir/a", "dir/a", true, undefined],
    ["link/a", "dir/a", true, undefined],
    ["link/new", "dir/new", false, undefined],
    ["gone/x/y", "gone/x/y", false, undefined],
    ...links.map(([name, target]): [string, string, boolean, string] => [name, name, true, target]),
    ["link/../to-key", "to-key", true, ".ssh/id_test"],
  ];
  for (const [path, expected, exists, link] of cases) {
    const target = await guard.removeTarget(path, "edit");
    assert.deepEqual([target.path, target.info !== undefined, target.link], [
      join(home, expected),
      exists,
      link,
    ], path);
  }
});

test("removeTarget() refuses what is closed, the agent's own, or no file", async ({ home, guard, write }) => {
  await write("dir/a", "x");
  await Deno.symlink("../dir/a", join(home, ".ssh/linked"));
  await Deno.symlink(".ssh", join(home, "innocent"));
  await Deno.link(join(home, ".ssh/id_test"), join(home, "hard"));
  await run("mkfifo", join(home, "fifo"));
  const cases: [string, string, RegExp][] = [
    [".ssh/id_test", "refused", /closed/],
    [".ssh/linked", "refused", /closed/],
    ["innocent/linked", "refused", /closed/],
    ["innocent/", "cannot_run", /folder/],
    ["hard", "refused", /another name/],
    ["config/x", "refused", /belongs to the agent/],
    ["fifo", "refused", /fifo/],
    ["/dev/null", "refused", /device/],
    ["dir", "cannot_run", /^Cannot remove ".*": it is a folder$/],
    ["dir/", "cannot_run", /folder/],
    ["dir/.", "cannot_run", /folder/],
    ["/", "cannot_run", /folder/],
    ["dir/a/", "cannot_run", /is a file/],
    ["dir/a/b", "cannot_run", /is a file/],
    ["no/../x", "cannot_run", /goes back/],
  ];
  for (const [path, code, message] of cases) {
    await assert.rejects(guard.removeTarget(path, "edit"), { name: "OperationError", code, message }, path);
  }
  await assert.rejects(guard.removeTarget("dir/a", "plan"), refused(/only reads/));
});

test("a refusal of the guard tells the rule", async ({ guard, guardWith, write }) => {
  await write("dir/a", "x");
  const confined = guardWith({ allow: ["~/elsewhere"] });
  const refusals: [string, () => Promise<unknown>][] = [
    ["denied-path", () => guard.openFile(".ssh/id_test", "edit")],
    ["own-file", () => guard.writeTarget("config/x", "edit")],
    ["plan-reads-only", () => guard.writeTarget("dir/a", "plan")],
    ["mode-disabled", () => guard.lookAt("dir/a", "disabled")],
    ["outside-allowed", () => confined.openFile("dir/a", "edit")],
    ["no-regular-file", () => guard.openFile("/dev/zero", "bypass")],
  ];
  for (const [rule, refuse] of refusals) {
    await assert.rejects(refuse(), { name: "OperationError", code: "refused", rule }, rule);
  }
});

test("openFile() finds no spelling that gives a closed file away", async ({ home, guard, write }) => {
  await write("d/e/f", "x");
  await Deno.symlink("..", join(home, "d/up"));
  await Deno.symlink("../../.ssh", join(home, "d/e/keys"));
  await Deno.symlink("/", join(home, "slash"));
  await Deno.link(join(home, ".ssh/id_test"), join(home, "d/e/same"));
  const part = fc.constantFrom(
    "d",
    "e",
    "up",
    "keys",
    "..",
    ".",
    "",
    ".ssh",
    "id_test",
    "same",
    "slash",
    home,
    "f",
    ".vault",
    "deep",
    "key",
    "state",
    "host_key",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 8 }),
      fc.constantFrom("", "~/", `${home}/`),
      async (parts, start) => {
        try {
          assert.ok(!(await read(guard, start + parts.join("/"))).includes(SECRET));
        } catch (error) {
          assert.ok(error instanceof OperationError, String(error));
          assert.notEqual(error.code, "internal");
        }
      },
    ),
    { numRuns: 300 },
  );
});
