import assert from "node:assert/strict";
import type { Confinement, Sandbox } from "../../../../src/host/sandbox/sandbox.ts";
import { judgeGranted, judgeGuarded, judgeStrict, tryOut } from "../../../../src/host/sandbox/trial.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { BWRAP, NEEDS_BWRAP, NEEDS_PERL, openSandbox } from "./_machine.ts";

const HOLDS = [
  "in",
  "status Seccomp: 2",
  "status NoNewPrivs: 1",
  "status CapEff: 0000000000000000",
  "net lo:",
];
const lines = (...more: readonly string[]) => ({ lines: new Set([...HOLDS, ...more]) });
const without = (line: string) => ({ lines: new Set(HOLDS.filter((held) => held !== line)) });

const cases = [
  [lines(), undefined],
  [lines("net Inter-|", "net face"), undefined],
  [lines("wrote"), "does not keep a command from writing"],
  [lines("unix"), "does not keep a command from connecting to Unix sockets"],
  [lines("tcp"), "does not keep a command from the network"],
  [lines("net eth0:"), "does not keep a command from the network"],
  [lines("start 4711"), "shows the processes of the machine"],
  [without("status Seccomp: 2"), "does not filter system calls"],
  [without("status NoNewPrivs: 1"), "does not keep a command from gaining privileges"],
  [without("status CapEff: 0000000000000000"), "leaves a command with capabilities"],
  [{ failure: "does not work here: no" }, "does not work here: no"],
] as const;
for (const [attempt, expected] of cases) {
  Deno.test(`judgeStrict() says ${expected ?? "that it holds"}`, () => {
    assert.equal(judgeStrict(attempt, { os: "linux", agent: "4711" }), expected);
  });
}

Deno.test("judgeStrict() asks a Mac for no word of a Linux kernel", () => {
  assert.equal(judgeStrict({ lines: new Set(["in"]) }, { os: "darwin", agent: undefined }), undefined);
});
Deno.test("judgeGranted() wants files, processes and their folders closed", () => {
  assert.equal(judgeGranted(lines("unix", "tcp", "start 4711")), undefined);
  for (const line of ["wrote", "signal", "root"]) {
    assert.match(judgeGranted(lines(line)) ?? "", /^with grants /);
  }
});
Deno.test("judgeGuarded() wants protected files closed", () => {
  assert.equal(judgeGuarded(lines("unix", "signal")), undefined);
  assert.match(judgeGuarded(lines("wrote")) ?? "", /protected/);
});

/** Sandboxes that are broken in one way each. */
const leaks: readonly (readonly [
  what: string,
  change: (argv: string[], confinement: Confinement) => string[],
  problem: RegExp,
])[] = [
  ["writes", (argv) => argv.slice(argv.indexOf("--") + 1), /^does not keep a command from writing$/],
  [
    "opens Unix sockets",
    (argv, { kind }) =>
      kind === "strict"
        ? argv.map((arg) => arg === "--seccomp" ? "--setenv" : arg === "9" ? "X" : arg)
          .flatMap((arg) => arg === "X" ? ["X", "Y"] : [arg])
        : argv,
    /Unix sockets$/,
  ],
  ["opens the network", (argv) => argv.map((arg) => arg.replace(" --unshare-net", "")), /network$/],
  [
    "shows processes",
    (argv) =>
      argv.map((arg) => arg.replace("--unshare-pid", "").replace("--proc /proc --remount-ro /proc", "")),
    /processes|signal/,
  ],
  ["does not start", () => ["/nowhere/bwrap"], /^cannot be started: /],
  ["fails", () => ["/bin/sh", "-c", "echo broken >&2; exit 3"], /^does not work here: broken$/],
  ["is silent", () => ["/bin/false"], /^does not work here: exit code 1$/],
  [
    "ends early",
    (argv, { kind }) => kind === "guarded" ? ["/bin/false"] : argv,
    /^for edit mode does not work/,
  ],
  [
    "protects nothing",
    (argv, { kind }) => kind === "guarded" ? argv.slice(argv.indexOf("--") + 1) : argv,
    /protected files$/,
  ],
];
const { ignore, why } = NEEDS_PERL;
for (const [what, change, problem] of leaks) {
  Deno.test(`tryOut() finds a sandbox that ${what}${why}`, { ignore }, async () => {
    await using place = await temporaryFolder();
    const real = await openSandbox(place.folder);
    const broken: Sandbox = {
      name: "bubblewrap",
      confine: (argv, confinement) => {
        const [program = "", ...args] = change(real.confine(argv, confinement), confinement);
        return [program, ...args];
      },
    };
    assert.match(await tryOut(broken, { folder: place.folder, os: "linux" }) ?? "it holds", problem);
    const left = (await Array.fromAsync(Deno.readDir(place.folder))).map(({ name }) => name).sort();
    assert.deepEqual(left, ["seccomp-closed.bpf", "seccomp-sockets.bpf"]);
  });
}

Deno.test(`tryOut() says so where namespaces cannot be made${NEEDS_BWRAP.why}`, NEEDS_BWRAP, async () => {
  await using place = await temporaryFolder();
  const real = await openSandbox(place.folder);
  // A sandbox within a sandbox: the outer one lets nobody make namespaces.
  const inner: Sandbox = {
    name: "bubblewrap",
    confine: (argv) => [BWRAP, "--ro-bind", "/", "/", "--unshare-pid", "--", ...argv],
  };
  const nested: Sandbox = {
    name: "bubblewrap",
    confine: (argv, confinement) =>
      real.confine(inner.confine(argv, confinement), { kind: "strict", grants: [], hidden: [] }),
  };
  assert.match(
    await tryOut(nested, { folder: place.folder, os: "linux" }) ?? "",
    /^does not work here: bwrap: .*(?:namespace|permit)/i,
  );
});
