import assert from "node:assert/strict";
import {
  createPathPolicy,
  decidePath,
  type PathAccess,
  type PathRules,
} from "../../../src/safety/path_policy.ts";
import type { PathSystem } from "../../../src/safety/path_tree.ts";
import type { Mode } from "../../../src/protocol/mode.ts";

const LINUX: PathSystem = { os: "linux", homes: ["/home/ada"], isCaseInsensitive: false };
const MACOS: PathSystem = { os: "macos", homes: ["/Users/ada"], isCaseInsensitive: true };
const WINDOWS: PathSystem = { os: "windows", homes: ["C:\\Users\\ada"], isCaseInsensitive: true };
const RULES: PathRules = {
  allow: [],
  deny: ["~/.vault", "~/.key", "~/.npmrc", "!~/.npmrc"],
  own: [{ path: "/home/ada/.config/remote-agents" }],
  ownSecrets: [{ path: "/home/ada/.config/remote-agents/config.toml" }, {
    path: "/home/ada/.local/state/remote-agents",
  }],
};

const cases: [Mode, PathAccess, string, string][] = [
  ["plan", "read", "/etc/hosts", "allow"],
  ["plan", "write", "/tmp/x", "plan-reads-only"],
  ["edit", "write", "/tmp/x", "allow"],
  ["disabled", "look", "/tmp/x", "mode-disabled"],
  ["bypass", "write", "/home/ada/.vault/x", "allow"],
  ["bypass", "write", "/home/ada/.config/remote-agents/config.toml", "allow"],
  ["plan", "read", "/home/ada/.key", "denied-path"],
  ["edit", "read", "/home/ada/.key", "denied-path"],
  ["edit", "write", "/home/ada/.key", "denied-path"],
  ["plan", "look", "/home/ada/.key", "allow"],
  ["plan", "look", "/home/ada/.vault/x", "denied-path"],
  ["plan", "read", "/home/eve/.vault/x", "denied-path"],
  ["plan", "read", "/home/ada/.npmrc", "allow"],
  ["edit", "write", "/home/ada/.config/remote-agents/x", "own-file"],
  ["edit", "read", "/home/ada/.config/remote-agents/x", "allow"],
  ["edit", "read", "/home/ada/.config/remote-agents/config.toml", "own-file"],
  ["plan", "look", "/home/ada/.config/remote-agents/config.toml", "allow"],
  ["plan", "read", "/home/ada/.local/state/remote-agents/host_key", "own-file"],
  ["plan", "look", "/home/ada/.local/state/remote-agents/host_key", "own-file"],
  ["plan", "read", "relative", "unclear-path"],
  ["plan", "read", "/a/../b", "unclear-path"],
];
for (const [mode, access, path, expected] of cases) {
  Deno.test(`decidePath() in ${mode} mode: ${access} ${path} is ${expected}`, () => {
    const decision = decidePath({ path, access, mode }, RULES, LINUX);
    assert.equal(decision.decision === "allow" ? "allow" : decision.rule, expected);
    if (decision.decision === "allow") return;
    assert.match(decision.reason, /^Cannot (?:look at|read|write) "/);
    assert.ok(!/you (?:can|may|should)|set_mode/i.test(`${decision.reason} ${decision.remedy}`));
  });
}

Deno.test("decidePath() shows nothing of a folder that is closed as a whole", () => {
  const look = { path: "/home/ada/.vault", access: "look", mode: "plan" } as const;
  assert.equal(decidePath(look, RULES, LINUX).decision, "allow");
  assert.equal(decidePath({ ...look, isFolder: true }, RULES, LINUX).decision, "refuse");
});

Deno.test("createPathPolicy() keeps to the folders of the owner, and lets one look on the way to them", () => {
  const policy = createPathPolicy({ ...RULES, allow: ["~/projects", "/srv/**/shared"] }, LINUX);
  const decide = (access: PathAccess, path: string) =>
    policy({ path, access, mode: "edit" }).decision === "allow";
  assert.ok(
    ["/home/ada/projects/x", "/home/ada/projects", "/srv/a/b/shared/c"].every((path) =>
      decide("write", path)
    ),
  );
  assert.ok(!["/home/ada/x", "/home/eve/projects/x", "/srv/x", "/"].some((path) => decide("read", path)));
  assert.ok(["/", "/home", "/home/ada", "/srv/a"].every((path) => decide("look", path)));
  assert.ok(!["/home/eve", "/etc", "/home/ada/x"].some((path) => decide("look", path)));
});

Deno.test("createPathPolicy() refuses names of macOS that stand for other files", () => {
  const policy = createPathPolicy(RULES, MACOS);
  for (
    const path of [
      "/.vol/16777220/12345",
      "/.nofollow/Users/x",
      "/x/file/..namedfork/data",
      "/x/..NamedFork/rsrc",
    ]
  ) {
    assert.equal(policy({ path, access: "read", mode: "plan" }).decision, "refuse", path);
  }
  assert.equal(policy({ path: "/Users/ada/.volume", access: "read", mode: "plan" }).decision, "allow");
});

Deno.test("createPathPolicy() refuses what Windows could take for another file", () => {
  const policy = createPathPolicy({ ...RULES, own: [], ownSecrets: [] }, WINDOWS);
  const decide = (path: string) => policy({ path, access: "read", mode: "plan" }).decision;
  for (
    const path of [
      "C:\\Users\\ADA\\.VAULT\\x",
      "C:\\Users\\ada\\.key::$DATA",
      "C:\\Users\\ada\\.key.",
      "C:\\Users\\ADA~1\\x",
      "\\\\localhost\\c$\\x",
    ]
  ) {
    assert.equal(decide(path), "refuse", path);
  }
  assert.equal(decide("C:\\Users\\ada\\notes.txt"), "allow");
});

Deno.test("createPathPolicy() refuses globs that mean nothing", () => {
  assert.throws(() => createPathPolicy({ ...RULES, deny: ["oops"] }, LINUX), SyntaxError);
});
