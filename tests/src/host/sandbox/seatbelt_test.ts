import assert from "node:assert/strict";
import { createSeatbelt, SANDBOX_EXEC, seatbeltProfile } from "../../../../src/host/sandbox/seatbelt.ts";

Deno.test("seatbeltProfile() denies all that strict isolation does not name", () => {
  const profile = seatbeltProfile({ kind: "strict", grants: [], hidden: ["/Users/ada/.ssh/id_rsa"] });
  const lines = profile.split("\n");
  assert.deepEqual(lines.slice(0, 2), ["(version 1)", "(deny default)"]);
  assert.equal(lines.at(-1), '(deny file-read* file-write* (subpath "/Users/ada/.ssh/id_rsa"))');
  assert.doesNotMatch(profile, /network|unix-socket|mach-lookup|allow file-write\*|allow default/);
});

const grants = [
  ["network", /network-outbound \(remote ip\)/],
  ["unix-sockets", /network-outbound \(remote unix-socket\)/],
  ["host-processes", /^\(allow process-info\*\)$/m],
] as const;
for (const [grant] of grants) {
  Deno.test(`seatbeltProfile() opens for ${grant} only that`, () => {
    const profile = seatbeltProfile({ kind: "strict", grants: [grant], hidden: [] });
    for (const [other, pattern] of grants) assert.equal(pattern.test(profile), other === grant);
    assert.doesNotMatch(profile, /allow file-write\*/);
  });
}

Deno.test("seatbeltProfile() protects paths and the folders above them in edit mode", () => {
  const profile = seatbeltProfile({ kind: "guarded", readOnly: ["/a/b/c"], hidden: ["/k"] });
  assert.deepEqual(profile.split("\n"), [
    "(version 1)",
    "(allow default)",
    '(deny file-write* (subpath "/a/b/c"))',
    '(deny file-write-unlink (literal "/a"))',
    '(deny file-write-unlink (literal "/a/b"))',
    '(deny file-read* file-write* (subpath "/k"))',
  ]);
});

const hostile = [
  ['/a"b', '"/a\\"b"'],
  ["/a\\", '"/a\\\\"'],
  ['/a\\")(allow default)', '"/a\\\\\\")(allow default)"'],
  ["/a\n(allow default)", '"/a\\n(allow default)"'],
  ["/a;b", '"/a;b"'],
] as const;
for (const [path, quoted] of hostile) {
  Deno.test(`seatbeltProfile() quotes ${JSON.stringify(path)}`, () => {
    const profile = seatbeltProfile({ kind: "strict", grants: [], hidden: [path] });
    assert.equal(profile.split("\n").at(-1), `(deny file-read* file-write* (subpath ${quoted}))`);
  });
}

Deno.test("createSeatbelt() puts the profile before the command", () => {
  const confinement = { kind: "strict", grants: [], hidden: [] } as const;
  const profile = seatbeltProfile(confinement);
  const { confine } = createSeatbelt();
  assert.deepEqual(confine(["ls", "-l"], confinement), [SANDBOX_EXEC, "-p", profile, "ls", "-l"]);
});
