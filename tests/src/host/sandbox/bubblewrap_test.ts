/**
 * What is in and around strict isolation: files, folders, descriptors, and what each grant opens.
 */
import assert from "node:assert/strict";
import { type BubblewrapOptions, createBubblewrap } from "../../../../src/host/sandbox/bubblewrap.ts";
import type { Confinement } from "../../../../src/host/sandbox/sandbox.ts";
import type { Grant } from "../../../../src/safety/grants.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { NEEDS_BWRAP, NEEDS_PERL, NEEDS_ROOT, openSandbox, run, runConfined, STRICT } from "./_machine.ts";
import { openSurroundings } from "./_strict_runs.ts";

const OPTIONS: BubblewrapOptions = {
  program: "/usr/bin/bwrap",
  filters: { closed: "/state/closed", unixSockets: "/state/sockets" },
  look: (path) =>
    path === "/etc/resolv.conf"
      ? { path: "/run/resolve/resolv.conf", isFolder: false }
      : { path, isFolder: !path.endsWith(".key") },
  shell: "/bin/sh",
  canBound: true,
  userNamespace: false,
};

Deno.test("createBubblewrap() takes the filter that leaves Unix sockets open only where they are granted", () => {
  const { confine } = createBubblewrap(OPTIONS);
  for (const grant of ["host-processes", "network"] as const) {
    assert.equal(confine(["ls"], { kind: "strict", grants: [grant], hidden: [] })[3], "/state/closed");
  }
  assert.equal(
    confine(["ls"], { kind: "strict", grants: ["unix-sockets"], hidden: [] })[3],
    "/state/sockets",
  );
});

Deno.test("createBubblewrap() shows the resolver's file only with the network", () => {
  const { confine } = createBubblewrap(OPTIONS);
  const shows = (grants: readonly Grant[]) =>
    confine(["dig"], { kind: "strict", grants, hidden: [] }).some((arg) =>
      arg.includes("/run/resolve/resolv.conf")
    );
  assert.deepEqual([shows(["network"]), shows([]), shows(["host-processes"])], [true, false, false]);
});

Deno.test("createBubblewrap() masks the outermost of hidden paths, after all else, and keeps the command apart", () => {
  const argv = createBubblewrap(OPTIONS).confine(["--", "-x", "--tmpfs"], {
    ...STRICT,
    hidden: ["/h/ssh/id.key", "/h/a.key", "/h/ssh"],
  });
  assert.deepEqual(argv.slice(5, 12), [
    ...["--ro-bind", "/dev/null", "/h/a.key"],
    ...["--tmpfs", "/h/ssh", "--remount-ro", "/h/ssh"],
  ]);
  assert.deepEqual(argv.slice(-4), ["--", "--", "-x", "--tmpfs"]);
});

Deno.test("createBubblewrap() goes without bounds, and with a user namespace, where it must", () => {
  const text = (options: Partial<BubblewrapOptions>) =>
    createBubblewrap({ ...OPTIONS, ...options }).confine(["ls"], STRICT).join(" ");
  assert.match(text({}), /--size 1073741824 --tmpfs \/tmp /);
  assert.doesNotMatch(text({ canBound: false }), /--size/);
  assert.doesNotMatch(text({}), /--unshare-user/);
  assert.match(text({ userNamespace: true }), /--unshare-user/);
});

Deno.test(
  `createBubblewrap() passes nothing but input, output and errors on${NEEDS_PERL.why}`,
  NEEDS_PERL,
  async () => {
    await using place = await temporaryFolder();
    const sandbox = await openSandbox(place.folder);
    const list =
      'opendir(D,"/proc/self/fd"); $own=fileno(D); print join " ", sort grep {/\\d/ && $_ != $own} readdir D';
    // As if the agent had been started with more than it knows of.
    const handOn = [
      "/bin/bash",
      "-c",
      'exec 3<&0 7</dev/null 9</dev/null 42</dev/null 251<&0; exec "$@"',
      "bash",
    ];
    for (const confinement of [STRICT, { kind: "guarded", readOnly: [], hidden: [] } as const]) {
      const argv = sandbox.confine(["/usr/bin/perl", "-e", list], confinement);
      assert.equal((await run([...handOn, ...argv])).stdout, "0 1 2");
    }
  },
);

Deno.test(
  `createBubblewrap() starts nothing if its filter is gone or damaged${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await temporaryFolder();
    const sandbox = await openSandbox(place.folder);
    for (
      const spoil of [
        () => Deno.writeTextFile(sandbox.filters.closed, "x"),
        () => Deno.remove(sandbox.filters.closed),
      ]
    ) {
      await spoil();
      const { code, stdout } = await runConfined(sandbox, "echo ran", { confinement: STRICT });
      assert.notEqual(code, 0);
      assert.equal(stdout, "");
    }
  },
);

const PRIVATE: readonly (readonly [what: string, line: string, said: string])[] = [
  ["an empty /tmp that can be written", "ls -A /tmp; echo x > /tmp/x && cat /tmp/x", "x\n"],
  ["an empty /var/tmp that can be written", "ls -A /var/tmp; echo x > /var/tmp/x && cat /var/tmp/x", "x\n"],
  ["a folder for temporary files", 'echo x > "$TMPDIR/x" && cat "$TMPDIR/x"', "x\n"],
  [
    "no way to write elsewhere",
    "for f in /x /etc/x /dev/x /proc/self/comm /proc/sys/kernel/hostname /sys/x; do (echo x > $f) && echo $f; done",
    "",
  ],
  [
    "devices that are safe",
    "echo x > /dev/null; head -c 3 /dev/zero | wc -c; ls /dev/kmsg /dev/mem /dev/vda /dev/sda",
    "3\n",
  ],
  ["no processes of the machine", "set -- /proc/[0-9]*; [ $# -lt 8 ] && echo few", "few\n"],
  ["no network but its own loopback", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", "lo\n"],
  [
    "no capabilities and no way to new ones",
    "grep -cE '^(CapEff:\\s0+|CapPrm:\\s0+|NoNewPrivs:\\s1|Seccomp:\\s2)$' /proc/self/status",
    "4\n",
  ],
];
for (const asNobody of [false, true]) {
  const { ignore, why } = asNobody ? NEEDS_ROOT : NEEDS_BWRAP;
  const who = asNobody ? " as an ordinary user" : "";
  for (const [what, line, said] of PRIVATE) {
    Deno.test(
      `createBubblewrap() gives a command in strict isolation${who} ${what}${why}`,
      { ignore },
      async () => {
        await using place = await openReadable();
        const sandbox = await openSandbox(place.folder);
        await Promise.all(Object.values(sandbox.filters).map((file) => Deno.chmod(file, 0o644)));
        const outcome = await runConfined(sandbox, line, { confinement: STRICT, asNobody });
        assert.equal(outcome.stdout, said, outcome.stderr);
      },
    );
  }
}

Deno.test(
  `createBubblewrap() shows of the temporary folders what it is told to${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await openReadable();
    const sandbox = await openSandbox(place.folder);
    const file = `${place.folder}/log`;
    await Deno.writeTextFile(file, "line\n");
    const say = async (line: string, temporary: "private" | "readable", cwd: string) =>
      (await runConfined(sandbox, line, { confinement: { ...strict([]), temporary }, cwd, args: [file] }))
        .stdout;
    const line = 'cat "$1"; (echo x > "$1") 2>/dev/null && echo wrote; pwd';
    assert.equal(await say(line, "private", "/"), "/\n");
    assert.equal(await say(line, "readable", "/"), "line\n/\n");
    // The working folder is always there, and what lies beside it is not.
    assert.equal(await say(line, "private", place.folder), `line\n${place.folder}\n`);
    assert.equal(await say("cat log", "private", place.folder), "line\n");
    const inner = `${place.folder}/inner`;
    await Deno.mkdir(inner);
    // What is written goes into the private folder.
    assert.equal(await say(line, "private", inner), `wrote\n${inner}\n`);
    assert.equal(await Deno.readTextFile(file), "line\n");
    const [, top = ""] = place.folder.split("/");
    assert.equal(await say('cat "$1"', "private", `/${top}`), "line\n");
  },
);

Deno.test(
  `createBubblewrap() says so if the working folder is not there inside${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await openReadable();
    const sandbox = await openSandbox(place.folder);
    await Deno.mkdir(`${place.folder}/hidden/cwd`, { recursive: true });
    const outcome = await runConfined(sandbox, "echo ran", {
      confinement: { ...STRICT, hidden: [`${place.folder}/hidden`] },
      cwd: `${place.folder}/hidden/cwd`,
    });
    assert.equal(outcome.code, 1);
    assert.equal(outcome.stdout, "");
    assert.match(outcome.stderr, /^bwrap: Can't chdir to .*: No such file or directory/);
  },
);

const HOSTILE = [
  "a b",
  "-rf",
  "$(touch x)",
  "`touch x`",
  "'",
  '"',
  "a'b\"c",
  "\n",
  "*",
  "é\u202e",
  "\x01",
  "\\",
  ";",
  "--",
  "--bind",
];
Deno.test(
  `createBubblewrap() takes working folders, hidden files and arguments of any name${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await openReadable();
    const sandbox = await openSandbox(place.folder);
    for (const name of HOSTILE) {
      const cwd = `${place.folder}/${name}`;
      await Deno.mkdir(cwd);
      const secret = `${cwd}/secret ${name}`;
      await Deno.writeTextFile(secret, "secret");
      await Deno.writeTextFile(`${cwd}/open`, "open");
      const outcome = await runConfined(sandbox, 'cat open "$2"; printf %s "$1"; pwd', {
        confinement: { ...STRICT, hidden: [secret] },
        cwd,
        args: [name, secret],
      });
      assert.equal(outcome.stdout, `open${name}${cwd}\n`, JSON.stringify(name));
      assert.match(outcome.stderr, /Permission denied/);
    }
  },
);

Deno.test(
  `createBubblewrap() hides hundreds of paths, through links too${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await openReadable();
    const sandbox = await openSandbox(place.folder);
    const hidden: string[] = [];
    for (let i = 0; i < 400; i++) {
      hidden.push(`${place.folder}/key-${i}`);
      await Deno.writeTextFile(`${place.folder}/key-${i}`, "secret\n");
    }
    await Deno.mkdir(`${place.folder}/vault`);
    await Deno.writeTextFile(`${place.folder}/vault/key`, "secret\n");
    await Deno.symlink(`${place.folder}/vault`, `${place.folder}/link`);
    const outcome = await runConfined(
      sandbox,
      "cat key-* vault/* link/*; echo x > vault/new; ls -A vault; umount vault key-1",
      {
        confinement: { ...STRICT, hidden: [...hidden, `${place.folder}/link`, `${place.folder}/gone`] },
        cwd: place.folder,
      },
    );
    assert.equal(outcome.stdout, "");
    assert.equal(outcome.stderr.match(/key-\d+: Permission denied/g)?.length, 400);
    assert.match(outcome.stderr, /Read-only file system/);
  },
);

const ATTEMPTS = {
  file: '(echo x > "$1/file") 2>/dev/null && echo yes',
  process: '[ -e "/proc/$2/stat" ] && grep -q "$3" "/proc/$2/cmdline" && echo yes',
  signal: 'kill -0 "$2" 2>/dev/null && echo yes',
  folder: '[ -e "/proc/$2/root/etc" ] && echo yes',
  environment: '[ "$(cat "/proc/$2/environ" 2>/dev/null)" ] && echo yes',
  unix:
    '/usr/bin/perl -MSocket -e \'socket(S,PF_UNIX,SOCK_STREAM,0)&&connect(S,sockaddr_un($ARGV[0]))&&print "yes\\n"\' "$1/socket"',
  datagram:
    '/usr/bin/perl -MSocket -e \'socketpair(S,T,PF_UNIX,SOCK_DGRAM,0)&&send(S,"x",0,sockaddr_un($ARGV[0]))&&print "yes\\n"\' "$1/datagram"',
  run: '[ -z "$5" ] || [ -S "$5" ] && echo yes',
  tcp:
    '/usr/bin/perl -MSocket -e \'socket(S,PF_INET,SOCK_STREAM,0);connect(S,sockaddr_in($ARGV[0],inet_aton("127.0.0.1")))&&print "yes\\n"\' "$4"',
  owner: '/usr/bin/perl -MFcntl -e \'pipe(R,W);print "yes\\n" if fcntl(R,8,int($ARGV[0]))\' "$2"',
  priority: 'renice -n 5 -p "$2" >/dev/null 2>&1 && echo yes',
} as const;
const OPENED: Readonly<Record<string, readonly (keyof typeof ATTEMPTS)[]>> = {
  "": [],
  "host-processes": ["process"],
  "unix-sockets": ["unix", "datagram", "run"],
  "network": ["tcp"],
  "host-processes unix-sockets network": ["process", "unix", "datagram", "run", "tcp"],
};
for (const asNobody of [false, true]) {
  const { ignore, why } = asNobody ? NEEDS_ROOT : NEEDS_PERL;
  for (const [text, opened] of Object.entries(OPENED)) {
    const who = asNobody ? " to an ordinary user" : "";
    Deno.test(
      `createBubblewrap() opens${who} with "${text}" ${opened.join(", ") || "nothing"} and no more${why}`,
      { ignore },
      async () => {
        await using stack = new AsyncDisposableStack();
        const { folder } = stack.use(await openReadable());
        const surroundings = stack.use(await openSurroundings());
        const sandbox = await openSandbox(folder);
        await Promise.all(Object.values(sandbox.filters).map((file) => Deno.chmod(file, 0o644)));
        await Deno.writeTextFile(`${folder}/file`, "");
        await Deno.chmod(`${folder}/file`, 0o666);
        stack.use(Deno.listen({ transport: "unix", path: `${folder}/socket` }));
        const datagrams = await openTarget(`${folder}/datagram`, asNobody);
        stack.defer(datagrams.close);
        for (const name of ["socket", "datagram"]) await Deno.chmod(`${folder}/${name}`, 0o777);
        const grants = text.split(" ").filter((grant): grant is Grant => grant !== "");
        const confinement: Confinement = { kind: "strict", grants, hidden: [], temporary: "readable" };
        const args = [
          folder,
          String(datagrams.pid),
          "datagram",
          String(surroundings.port),
          surroundings.socketInRun ?? "",
        ];
        const found: string[] = [];
        for (const [name, line] of Object.entries(ATTEMPTS)) {
          const { stdout } = await runConfined(sandbox, line, { confinement, args, asNobody });
          if (stdout.includes("yes")) found.push(name);
        }
        const runIsOpen = surroundings.socketInRun === undefined && !opened.includes("run");
        assert.deepEqual(found.filter((name) => !(runIsOpen && name === "run")), opened);
      },
    );
  }
}

/**
 * A process of the machine that is to be left alone: of the same user, and without capabilities, so that nothing but the sandbox
 * stands before it. It takes datagrams.
 */
async function openTarget(
  path: string,
  asNobody: boolean,
): Promise<{ pid: number; close: () => Promise<void> }> {
  const code =
    'use Socket; $|=1; socket(S,PF_UNIX,SOCK_DGRAM,0); bind(S,sockaddr_un($ARGV[0])) or die; print "ready\\n"; sleep 600';
  const perl = ["/usr/bin/perl", "-e", code, path];
  const drop = ["--bounding-set=-all", "--inh-caps=-all"];
  const become = Deno.uid() !== 0 ? [] : [
    "/usr/bin/setpriv",
    ...drop,
    ...(asNobody ? ["--reuid", "65534", "--regid", "65534", "--clear-groups"] : []),
  ];
  const [program = "", ...args] = [...become, ...perl];
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    pid: child.pid,
    close: async () => {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

function strict(grants: readonly Grant[]): Confinement & { readonly kind: "strict" } {
  return { kind: "strict", grants, hidden: [] };
}

/** A folder that other users may look into. */
async function openReadable(): Promise<AsyncDisposable & { readonly folder: string }> {
  const place = await temporaryFolder();
  await Deno.chmod(place.folder, 0o777);
  return {
    folder: await Deno.realPath(place.folder),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

Deno.test(`createBubblewrap() hands on exit codes and output${NEEDS_BWRAP.why}`, NEEDS_BWRAP, async () => {
  await using place = await temporaryFolder();
  const sandbox = await openSandbox(place.folder);
  for (const confinement of [STRICT, { kind: "guarded", readOnly: [], hidden: [] } as const]) {
    assert.deepEqual(await runConfined(sandbox, "echo out; echo err >&2; exit 7", { confinement }), {
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    assert.equal((await run(sandbox.confine(["/bin/sh", "-c", "kill -9 $$"], confinement))).code, 137);
  }
});
