/**
 * Edit mode in the sandbox: everything as usual, but for paths that cannot be changed and others that cannot be read.
 */
import assert from "node:assert/strict";
import type { Confinement } from "../../../../src/host/sandbox/sandbox.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { isAlive } from "../../../helpers/is_alive.ts";
import { NEEDS_BWRAP, NEEDS_ROOT, openSandbox, run, runConfined } from "./_machine.ts";

/** Ways to write or replace `$OWN/config`, and to read `$KEY` and what is in `$VAULT`; `$TOP` is the folder above them all. */
const ATTEMPTS = [
  'echo gone > "$OWN/config"',
  'echo gone >> "$OWN/config"',
  'rm -rf "$OWN"',
  'mv "$OWN" "$OWN.old" && mkdir "$OWN" && echo gone > "$OWN/config"',
  'mv "$TOP/a/b" "$TOP/a/b2" && mkdir -p "$OWN" && echo gone > "$OWN/config"',
  'mv "$TOP/a" "$TOP/a2" && mkdir -p "$OWN" && echo gone > "$OWN/config"',
  'mv "$TOP" "$TOP.old" && mkdir -p "$OWN" && echo gone > "$OWN/config"',
  'touch "$OWN/new"',
  'echo gone > "$OWN/new"; mv "$OWN/new" "$OWN/config"',
  'chmod 777 "$OWN/config" "$OWN"',
  'touch -d 2001-01-01 "$OWN/config"',
  'truncate -s 0 "$OWN/config"',
  'ln "$OWN/config" "$TOP/second" && echo gone > "$TOP/second"',
  'ln -s "$OWN" "$TOP/link"; echo gone > "$TOP/link/config"',
  'ln -s config "$OWN/second"',
  'cd "$OWN" && echo gone > config',
  'echo gone > "/proc/self/root$OWN/config"',
  'echo gone > "/proc/$AGENT/root$OWN/config"',
  'echo gone > "/proc/1/root$OWN/config"',
  'umount "$OWN"; echo gone > "$OWN/config"',
  'umount -l "$OWN"; echo gone > "$OWN/config"',
  'mount -o remount,rw,bind "$OWN"; echo gone > "$OWN/config"',
  'mkdir "$TOP/evil"; echo gone > "$TOP/evil/config"; mount --bind "$TOP/evil" "$OWN"',
  'mount --bind / "$TOP/other"; echo gone > "$TOP/other$OWN/config"',
  'unshare -rm sh -c "umount $OWN; echo gone > $OWN/config"',
  'unshare -rm sh -c "mount -o remount,rw,bind $OWN; echo gone > $OWN/config"',
  'unshare -m sh -c "umount $OWN; echo gone > $OWN/config"',
  'nsenter -t "$AGENT" -m sh -c "echo gone > $OWN/config"',
  'nsenter -t 1 -m sh -c "echo gone > $OWN/config"',
  'cat "$KEY"',
  'cat "$VAULT"/*',
  'cat "/proc/self/root$KEY" "/proc/$AGENT/root$KEY"',
  'umount "$KEY" "$VAULT"; cat "$KEY" "$VAULT"/*',
  'unshare -rm sh -c "umount $KEY $VAULT; cat $KEY $VAULT/*"',
  'cp -r "$TOP" "$TOP/../copy-$$"; cat "$TOP/../copy-$$/key"; rm -rf "$TOP/../copy-$$"',
  'ln "$KEY" "$TOP/second-key"; cat "$TOP/second-key"',
  'mv "$TOP/keys" "$TOP/keys2"; cat "$TOP/keys2/key"',
  'nsenter -t 1 -m cat "$KEY"',
];

/** Root gets at any process without capabilities, bubblewrap's own among them; docs/SANDBOX.md says so. */
const ATTEMPTS_OF_USERS = [
  'for f in /proc/[0-9]*/root; do echo gone > "$f$OWN/config"; done',
  'cat /proc/[0-9]*/root"$KEY"',
];

for (const asNobody of [false, true]) {
  const { ignore, why } = asNobody ? NEEDS_ROOT : NEEDS_BWRAP;
  const who = asNobody ? " of an ordinary user" : "";
  Deno.test(
    `guarded commands${who} cannot change what is theirs to read alone, nor see what is hidden${why}`,
    { ignore },
    async () => {
      await using place = await openPlace(asNobody);
      const { sandbox, confinement, env, state } = place;
      const before = await state();
      const found: string[] = [];
      const isRoot = Deno.uid() === 0 && !asNobody;
      for (const line of isRoot ? ATTEMPTS : [...ATTEMPTS, ...ATTEMPTS_OF_USERS]) {
        const { stdout } = await runConfined(sandbox, line, { confinement, env, asNobody });
        const after = await state();
        if (after !== before || stdout.includes("secret")) found.push(line);
        assert.equal(after, before, `${line} changed what it must not`);
      }
      assert.deepEqual(found, []);
    },
  );

  Deno.test(`guarded commands${who} do everything else as usual${why}`, { ignore }, async () => {
    await using place = await openPlace(asNobody);
    const { sandbox, confinement, env, folder } = place;
    using listener = Deno.listen({ transport: "unix", path: `${folder}/socket` });
    await Deno.chmod(`${folder}/socket`, 0o777);
    const say = async (line: string) => {
      const { stdout, stderr } = await runConfined(sandbox, line, {
        confinement,
        env,
        asNobody,
        cwd: folder,
      });
      return stdout === "" ? stderr : stdout;
    };
    assert.equal(
      await say(
        'echo new > "$TOP/a/file"; mkdir "$TOP/a/b/c"; mv "$TOP/a/file" "$TOP/a/b/c/file"; cat "$TOP/a/b/c/file"',
      ),
      "new\n",
    );
    assert.equal(await Deno.readTextFile(`${folder}/a/b/c/file`), "new\n");
    assert.equal(await say('cat "$OWN/config"; echo x > /dev/null; pwd'), `config\n${folder}\n`);
    assert.equal(await say("sleep 100 & kill $! && wait $!; echo $?"), "143\n");
    assert.equal(await say('[ -e "/proc/$AGENT/stat" ] && echo seen'), "seen\n");
    assert.equal(await say("tail -n +3 /proc/net/dev | wc -l"), `${await hostInterfaces()}\n`);
    assert.equal(await say("rm -rf a/b/c; sh -c 'exit 5'; echo $?"), "5\n");
    assert.equal(listener.addr.transport, "unix");
  });
}

Deno.test(
  `guarded commands cannot carry what is hidden to a place where the next one finds it${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await openPlace(false);
    const { sandbox, confinement, env, folder } = place;
    for (
      const line of [
        'mv "$TOP/keys" "$TOP/keys2"',
        'mv "$TOP" "$TOP.old"',
        'mv "$TOP/vault" "$TOP/vault2"',
        'mv "$KEY" "$KEY.pub"',
      ]
    ) {
      await runConfined(sandbox, line, { confinement, env });
      for (const name of ["key", "keys/key", "vault/key"]) {
        assert.equal(await Deno.readTextFile(`${folder}/${name}`).catch(() => "gone"), "secret\n", line);
      }
    }
  },
);

Deno.test(
  `guarded commands write only where they may, if that is limited${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await openPlace(false);
    const { sandbox, env, folder } = place;
    await Deno.mkdir(`${folder}/open`);
    const confinement: Confinement = {
      kind: "guarded",
      readOnly: [`${folder}/open/own`],
      hidden: [`${folder}/keys`],
      writable: [`${folder}/open`, `${folder}/nowhere`],
    };
    await Deno.mkdir(`${folder}/open/own`);
    const say = async (line: string) => (await runConfined(sandbox, line, { confinement, env })).stdout;
    assert.equal(await say('echo new > "$TOP/open/file" && cat "$TOP/open/file"'), "new\n");
    assert.equal(await say('echo x > "$TMPDIR/scratch" && echo x > /dev/null && echo done'), "done\n");
    for (
      const line of [
        'echo x > "$TOP/file"',
        'mv "$TOP/open" "$TOP/moved"',
        'echo x > "$TOP/open/own/file"',
        'mv "$TOP/open/own" "$TOP/open/moved"',
        'mount -o remount,rw,bind /; echo x > "$TOP/file"',
        'cat "$TOP/keys/key"',
      ]
    ) {
      assert.doesNotMatch(await say(line), /secret/, line);
    }
    const names = async (path: string) =>
      (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
    assert.deepEqual(await names(`${folder}/open`), ["file", "own"]);
    assert.deepEqual(await names(`${folder}/open/own`), []);
    assert.ok(!(await names(folder)).includes("file"));
  },
);

Deno.test(
  `guarded commands cannot read the environment of a process outside${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await openPlace(false);
    const holder = new Deno.Command("/bin/sleep", { args: ["1000"], env: { HELD: "secret" }, stdin: "null" })
      .spawn();
    const env = { ...place.env, HOLDER: String(holder.pid) };
    const line = 'cat "/proc/$HOLDER/environ" "/proc/$HOLDER/maps"';
    const inside = await runConfined(place.sandbox, line, { confinement: place.confinement, env });
    const outside = await run(["/bin/sh", "-c", line], { env });
    holder.kill("SIGKILL");
    await holder.status;
    assert.equal(inside.stdout, "");
    assert.match(outside.stdout, /HELD=secret/);
  },
);

Deno.test("what these tests look for is found without a sandbox", async () => {
  await using place = await openPlace(false);
  const { env, state } = place;
  // Only what stays within the folder of the test.
  for (const line of [ATTEMPTS[0], ATTEMPTS[3], ATTEMPTS[4], ATTEMPTS[7], ATTEMPTS[9]]) {
    const before = await state();
    await run(["/bin/sh", "-c", line ?? ""], { env });
    assert.notEqual(await state(), before, String(line));
    await run(["/bin/sh", "-c", 'rm -rf "$TOP/a" "$TOP/a2"; mkdir -p "$OWN"; echo config > "$OWN/config"'], {
      env,
    });
  }
  assert.equal((await run(["/bin/sh", "-c", 'cat "$KEY" "$VAULT"/*'], { env })).stdout, "secret\nsecret\n");
});

Deno.test(`guarded commands have the time between TERM and KILL${NEEDS_BWRAP.why}`, NEEDS_BWRAP, async () => {
  await using place = await openPlace(false);
  const line = "trap 'echo cleaned; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
  const [program, ...args] = place.sandbox.confine(["/bin/sh", "-c", line], place.confinement);
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", detached: true }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, "ready\n");
  Deno.kill(-child.pid, "SIGTERM");
  assert.equal((await reader.read()).value, "cleaned\n");
  await reader.cancel();
  await child.status;
});

Deno.test(
  `strictly isolated commands end with what they started, and with bubblewrap${NEEDS_BWRAP.why}`,
  NEEDS_BWRAP,
  async () => {
    await using place = await openPlace(false);
    const confinement: Confinement = { kind: "strict", grants: ["host-processes"], hidden: [] };
    // With the host's /proc a command sees its own number there.
    const line =
      "sleep 1000 & setsid sleep 1000 & readlink /proc/self >/dev/null; grep -lsx sleep /proc/[0-9]*/comm; echo end";
    const { stdout } = await runConfined(place.sandbox, `${line}; sleep 0.05`, { confinement });
    assert.match(stdout, /end\n$/);
    const [program, ...args] = place.sandbox.confine([
      "/bin/sh",
      "-c",
      "readlink /proc/self; exec sleep 1000",
    ], confinement);
    const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped" }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const inner = Number((await reader.read()).value);
    assert.ok(inner > 0);
    child.kill("SIGKILL");
    await child.status;
    // The pipe ends when nobody holds it any more.
    while (!(await reader.read()).done);
    assert.ok(!isAlive(inner));
  },
);

/** A folder with what is protected and hidden, and a text that changes if any of it does. */
async function openPlace(asNobody: boolean) {
  const temporary = await temporaryFolder();
  const root = await Deno.realPath(temporary.folder);
  const folder = `${root}/top`;
  for (const inner of ["a/b/own", "vault", "keys", "other"]) {
    await Deno.mkdir(`${folder}/${inner}`, { recursive: true });
  }
  await Deno.writeTextFile(`${folder}/a/b/own/config`, "config\n");
  for (const name of ["key", "keys/key", "vault/key"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "secret\n");
  }
  const sandbox = await openSandbox(root);
  if (asNobody) await run(["/bin/chown", "-R", "65534:65534", root]);
  const own = `${folder}/a/b/own`;
  const confinement: Confinement = {
    kind: "guarded",
    readOnly: [own, `${folder}/missing`],
    hidden: [`${folder}/key`, `${folder}/keys/key`, `${folder}/vault`, `${folder}/missing-key`],
  };
  return {
    folder,
    sandbox,
    confinement,
    env: { TOP: folder, OWN: own, KEY: `${folder}/key`, VAULT: `${folder}/vault`, AGENT: String(Deno.pid) },
    state: async () => {
      const texts: string[] = [];
      for (const path of [own, `${own}/config`]) {
        const info = await Deno.lstat(path).catch(() => undefined);
        texts.push(`${info?.ino} ${info?.mode} ${info?.mtime?.getTime()}`);
      }
      const names = await Array.fromAsync(Deno.readDir(own), ({ name }) => name).catch(() => []);
      const config = await Deno.readTextFile(`${own}/config`).catch(() => "gone");
      return [...texts, ...names, config].join("; ");
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

async function hostInterfaces(): Promise<number> {
  return (await Deno.readTextFile("/proc/net/dev")).trim().split("\n").length - 2;
}
