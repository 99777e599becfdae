import assert from "node:assert/strict";
import {
  detectAccount,
  detectPlatform,
  familyOf,
  findShell,
  type Machine,
  parseOsRelease,
  parseSystemVersion,
  windowsName,
} from "../../../src/host/platform.ts";
import { Platform } from "../../../src/protocol/card.ts";

function machine(files: Readonly<Record<string, string>>, fields: Partial<Machine> = {}): Machine {
  return {
    os: "linux",
    arch: "x86_64",
    kernel: "6.1.0",
    env: {},
    readText: (path) => files[path],
    isFile: (path) => Object.hasOwn(files, path),
    ...fields,
  };
}

const releases: readonly [string, string, string | undefined][] = [
  [
    "Debian",
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n',
    "Debian GNU/Linux 12 (bookworm)",
  ],
  ["no quotes", "NAME=Alpine\nPRETTY_NAME=Alpine\n", "Alpine"],
  ["single quotes and escapes", "PRETTY_NAME='It\\'s \\$5'\r\n", "It's $5"],
  ["no pretty name", 'NAME="Void"\nVERSION="1"\n', "Void 1"],
  ["comments only", "# nothing\n\n", undefined],
];
for (const [what, text, expected] of releases) {
  Deno.test(`parseOsRelease() reads os-release: ${what}`, () => assert.equal(parseOsRelease(text), expected));
}

Deno.test("parseSystemVersion() reads name and version of macOS", () => {
  const plist =
    "<dict>\n<key>ProductName</key>\n\t<string>macOS</string>\n<key>ProductUserVisibleVersion</key>" +
    "<string>no</string><key>ProductVersion</key>\n\t<string>14.5</string>\n</dict>";
  assert.equal(parseSystemVersion(plist), "macOS 14.5");
  assert.equal(parseSystemVersion("<dict></dict>"), undefined);
});

for (
  const [kernel, expected] of [
    ["10.0.19045", "Windows 10.0.19045"],
    ["10.0.22631", "Windows 11 (10.0.22631)"],
    ["6.1.7601", "Windows 6.1.7601"],
  ] as const
) {
  Deno.test(`windowsName() names kernel ${kernel}`, () => assert.equal(windowsName(kernel), expected));
}

for (
  const [os, family] of [
    ["linux", "linux"],
    ["android", "linux"],
    ["darwin", "macos"],
    ["windows", "windows"],
    ["freebsd", "bsd"],
    ["aix", "other"],
  ] as const
) {
  Deno.test(`familyOf() counts ${os} as ${family}`, () => assert.equal(familyOf(os), family));
}

const shells: readonly [string, readonly string[], Partial<Machine>, string][] = [
  ["bash before sh", ["/bin/sh", "/usr/bin/bash"], {}, "/usr/bin/bash"],
  ["sh without bash", ["/bin/sh"], {}, "/bin/sh"],
  ["bash from PATH", ["/bin/sh", "/opt/nix/bash"], { env: { PATH: "/none:/opt/nix/" } }, "/opt/nix/bash"],
  ["no shell of a relative PATH", ["./bash", "/bin/sh"], { env: { PATH: ".:" } }, "/bin/sh"],
  [
    "the newer PowerShell",
    ["C:\\P\\pwsh.exe"],
    { os: "windows", env: { Path: "C:\\X;C:\\P\\" } },
    "C:\\P\\pwsh.exe",
  ],
  [
    "the PowerShell of Windows",
    [],
    { os: "windows", env: { SystemRoot: "D:\\Win" } },
    "D:\\Win\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
  ],
];
for (const [what, files, fields, expected] of shells) {
  Deno.test(`findShell() finds ${what}`, () => {
    assert.equal(findShell(machine(Object.fromEntries(files.map((path) => [path, ""])), fields)), expected);
  });
}

Deno.test("detectPlatform() describes a machine that tells nothing", () => {
  assert.deepEqual(detectPlatform(machine({})), {
    os: "linux",
    family: "linux",
    arch: "x86_64",
    kernel: "6.1.0",
    shell: "/bin/sh",
  });
});

Deno.test("detectPlatform() falls back to the second place of os-release", () => {
  assert.equal(detectPlatform(machine({ "/usr/lib/os-release": "PRETTY_NAME=Nix" })).distro, "Nix");
});

Deno.test("detectPlatform() makes lines without control characters, as cards hold them", () => {
  const odd = machine({ "/etc/os-release": 'PRETTY_NAME="A\tB\x1b[2J"' }, {
    kernel: "6\u202e1".padEnd(300, "x"),
  });
  const { distro, kernel } = Platform.parse(detectPlatform(odd));
  assert.deepEqual([distro, kernel.length], ["A B [2J", 128]);
});

Deno.test("detectPlatform() describes this machine, in the form of a card, with a shell that is there", () => {
  const platform = detectPlatform();
  Platform.parse(platform);
  assert.equal(platform.os, Deno.build.os);
  assert.ok(Deno.statSync(platform.shell).isFile);
});

Deno.test("detectAccount() names a user and an existing home", () => {
  const { user, home } = detectAccount();
  assert.notEqual(user, "");
  assert.ok(Deno.statSync(home).isDirectory);
});
