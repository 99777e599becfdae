import assert from "node:assert/strict";
import { join } from "node:path";
import { findSetsid, startProcess } from "../../../src/host/start_process.ts";

const isLinux = Deno.build.os === "linux";
const setsid = findSetsid();

/** A folder with `tool`, which prints its name and arguments, `data`, which is not executable, and `folder`. */
async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "tool"), '#!/bin/sh\necho "$0" "$@"\n', { mode: 0o755 });
    await Deno.writeTextFile(join(folder, "data"), "no program", { mode: 0o644 });
    await Deno.mkdir(join(folder, "folder"));
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function outputOf(
  argv: [string, ...string[]],
  options: { cwd: string; path: string },
): Promise<string> {
  const { cwd, path } = options;
  const child = startProcess({ argv, cwd, env: { PATH: path }, hasInput: false, setsid });
  return new TextDecoder().decode((await child.output()).stdout);
}

Deno.test({
  name: "startProcess() finds a program as execvp(3) does, and passes arguments as they are",
  ignore: !isLinux,
  fn: () =>
    withFolder(async (folder) => {
      const tool = join(folder, "tool");
      const args = ["--help", "a b", "$HOME", "", "-c"];
      const said = (path: string) => `${path} --help a b $HOME  -c\n`;
      const nowhere = { cwd: "/", path: "/nowhere" };
      assert.equal(await outputOf([tool, ...args], nowhere), said(tool));
      assert.equal(await outputOf(["./tool", ...args], { ...nowhere, cwd: folder }), said(tool));
      assert.equal(
        await outputOf(["tool", ...args], { cwd: "/", path: `/nowhere:${folder}:/bin` }),
        said(tool),
      );
      assert.equal(await outputOf(["tool", ...args], { cwd: folder, path: "/nowhere:." }), said(tool));
    }),
});

const refusals: [program: string, expected: new () => Error][] = [
  ["missing", Deno.errors.NotFound],
  ["./missing", Deno.errors.NotFound],
  ["data", Deno.errors.NotFound],
  ["./data", Deno.errors.PermissionDenied],
  ["./folder", Deno.errors.PermissionDenied],
  ["folder", Deno.errors.NotFound],
];
for (const [program, expected] of refusals) {
  Deno.test({
    name: `startProcess() refuses "${program}" with ${expected.name}`,
    ignore: !isLinux,
    fn: () =>
      withFolder((folder) => assert.rejects(outputOf([program], { cwd: folder, path: folder }), expected)),
  });
}

Deno.test({
  name: "startProcess() makes the program the leader of a session of its own",
  ignore: !isLinux,
  fn: async () => {
    const line = 'read -r pid _ _ _ group session _ </proc/$$/stat; echo "$pid $group $session"';
    for (const way of [setsid, undefined]) {
      const child = startProcess({
        argv: ["/bin/bash", "-c", line.replaceAll("$$", "self")],
        cwd: "/",
        env: {},
        hasInput: false,
        setsid: way,
      });
      const [pid, group, session] = new TextDecoder().decode((await child.output()).stdout).trim().split(" ");
      assert.deepEqual([pid, group, session], Array(3).fill(String(child.pid)));
    }
  },
});
