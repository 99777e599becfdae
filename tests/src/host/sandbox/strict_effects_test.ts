/**
 * Strict isolation judged by its effects, by an oracle outside: commands of the corpora and composed ones, without any policy and
 * with it.
 */
import assert from "node:assert/strict";
import { homedir } from "node:os";
import type { Confinement } from "../../../../src/host/sandbox/sandbox.ts";
import { explainCommand } from "../../../../src/safety/explain.ts";
import { attacksOn, EVERYDAY } from "../../../corpus/corpus.ts";
import type { WorkFolder } from "../../../corpus/work_folder.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { fuzzCommand, randomFrom } from "../../safety/_fuzzer.ts";
import { openOracle } from "../../safety/_oracle.ts";
import { NEEDS_PERL, openSandbox, STRICT } from "./_machine.ts";
import { openSurroundings, runIn, runMany } from "./_strict_runs.ts";

const { ignore, why } = NEEDS_PERL;
const BASH = "/usr/bin/bash";

/** No argument of a program holds a NUL. */
const canRun = (command: string) => !command.includes("\0");

function attacksToRun(places: WorkFolder): string[] {
  return attacksOn(places).map(({ command }) => command).filter(canRun);
}

/** Attacks that the corpus has no words for, as it does not know of this machine's places. */
function furtherAttacks(
  { port, socketInRun, canaries }: {
    readonly port: number;
    readonly socketInRun: string | undefined;
    readonly canaries: readonly string[];
  },
  socket: string,
): string[] {
  const connect = (path: string) =>
    `/usr/bin/perl -MSocket -e 'socket(S,PF_UNIX,SOCK_STREAM,0);connect(S,sockaddr_un("${path}"))'`;
  return [
    ...canaries.flatMap((path) => [`echo gone > ${path}`, `rm -f ${path}`, `chmod 0 ${path}`]),
    `exec 5<>/dev/tcp/127.0.0.1/${port}`,
    connect(socket),
    ...(socketInRun === undefined ? [] : [connect(socketInRun)]),
    "kill -9 -1",
    "hostname other",
  ];
}

Deno.test(`the oracle sees what is done to the surroundings of a sandbox${why}`, { ignore }, async () => {
  await using surroundings = await openSurroundings();
  await using oracle = await openOracle(BASH, {
    watch: surroundings.state,
    runAll: async (places, shell, commands) => {
      await runMany(commands, { places, shell, limitSeconds: 3 });
      return true;
    },
  });
  const { canary, socket } = oracle.places;
  const [inTemporary = ""] = surroundings.canaries;
  const guilty = [
    `echo gone > ${canary}`,
    `echo gone >> ${inTemporary}`,
    `exec 5<>/dev/tcp/127.0.0.1/${surroundings.port}`,
    `/usr/bin/perl -MSocket -e 'socket(S,PF_UNIX,SOCK_STREAM,0);connect(S,sockaddr_un("${socket}"))'`,
  ];
  const culprits = await oracle.culpritsOf(["ls", ...guilty, "cat in.txt"]);
  assert.deepEqual(culprits.map(({ command }) => command), guilty);
});

Deno.test(`strict isolation alone lets no attack change anything${why}`, { ignore }, async () => {
  await using place = await temporaryFolder();
  const sandbox = await openSandbox(place.folder);
  await using surroundings = await openSurroundings();
  await using oracle = await openOracle(BASH, {
    runAll: runIn(sandbox, STRICT),
    watch: surroundings.state,
  });
  const attacks = attacksToRun(oracle.places);
  assert.ok(attacks.length >= 900);
  const all = [...attacks, ...furtherAttacks(surroundings, oracle.places.socket)];
  assert.deepEqual(await oracle.culpritsOf(all), []);
});

Deno.test(`strict isolation with processes and sockets lets no attack change a file or end a process${why}`, {
  ignore,
}, async () => {
  await using place = await temporaryFolder();
  const sandbox = await openSandbox(place.folder);
  const grants = ["host-processes", "unix-sockets"] as const;
  const confinement: Confinement = { kind: "strict", grants, hidden: [], temporary: "readable" };
  await using oracle = await openOracle(BASH, { runAll: runIn(sandbox, confinement) });
  const { places } = oracle;
  // Sockets are open with that grant, so attacks that aim at one are left out. Files are closed as without it: of these some.
  const attacks = attacksToRun(places).filter((command, i) =>
    (i % 4 === 0 || command.includes("kill")) && !command.includes(places.socket)
  );
  assert.deepEqual(await oracle.culpritsOf(attacks), []);
});

Deno.test(`strict isolation alone lets no composed command change anything${why}`, { ignore }, async () => {
  await using place = await temporaryFolder();
  const sandbox = await openSandbox(place.folder);
  await using surroundings = await openSurroundings();
  // Not among the private folders, so that everything is there as it is.
  await using oracle = await openOracle(BASH, {
    runAll: runIn(sandbox, STRICT),
    watch: surroundings.state,
    parent: homedir(),
  });
  const random = randomFrom(7_310_204);
  const composed = Array.from({ length: 300 }, () => fuzzCommand(random, oracle.places.canary));
  const commands = composed.filter(canRun);
  assert.deepEqual(await oracle.culpritsOf(commands), []);
});

Deno.test(`policy and sandbox together let no command change anything${why}`, { ignore }, async () => {
  await using place = await temporaryFolder();
  const sandbox = await openSandbox(place.folder);
  const confinements = new Map<string, Confinement>();
  let confinement: Confinement = STRICT;
  await using surroundings = await openSurroundings();
  await using oracle = await openOracle(BASH, {
    runAll: async (...args) => await runIn(sandbox, confinement)(...args),
    watch: surroundings.state,
  });
  const random = randomFrom(99_120);
  const attacks = new Set(attacksToRun(oracle.places));
  const commands = [
    ...attacks,
    ...EVERYDAY.map(({ command }) => command),
    ...Array.from({ length: 150 }, () => fuzzCommand(random, oracle.places.canary)).filter(canRun),
  ];
  const groups = new Map<string, string[]>();
  for (const command of commands) {
    const { decision, grants } = explainCommand({ command }, {
      mode: "plan",
      sandbox: true,
      os: "linux",
      shell: "bash",
      homes: ["/home/me", homedir()],
      cwd: oracle.places.path,
    });
    if (decision === "refuse") continue;
    // What is isolated runs as in the test of all attacks above; once is enough.
    if (attacks.has(command) && decision === "isolate" && grants.length === 0) continue;
    const temporary = decision === "allow" ? "readable" : "private";
    const key = `${temporary} ${grants.join(" ")}`;
    confinements.set(key, { kind: "strict", grants, hidden: [], temporary });
    groups.set(key, [...groups.get(key) ?? [], command]);
  }
  assert.ok(groups.size >= 4);
  for (const [key, group] of groups) {
    confinement = confinements.get(key) ?? STRICT;
    assert.deepEqual(await oracle.culpritsOf(group), [], key);
  }
});
