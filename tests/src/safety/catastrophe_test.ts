import assert from "node:assert/strict";
import * as fc from "fast-check";
import { findCatastrophe } from "../../../src/safety/catastrophe.ts";
import { CATASTROPHES, NO_CATASTROPHES } from "../../corpus/corpus.ts";

const OPTIONS = { os: "linux", homes: ["/home/me"] } as const;

Deno.test("the corpora of the deny-list are as large as they must be", () => {
  assert.ok(CATASTROPHES.length >= 80 && NO_CATASTROPHES.length >= 80);
});

for (const { rule, command } of CATASTROPHES) {
  Deno.test(`findCatastrophe() sees ${rule} in ${JSON.stringify(command)}`, () => {
    assert.equal(findCatastrophe({ command }, OPTIONS)?.rule, rule);
  });
}

for (const { command } of NO_CATASTROPHES) {
  Deno.test(`findCatastrophe() leaves ${JSON.stringify(command)} alone`, () => {
    assert.equal(findCatastrophe({ command }, OPTIONS), undefined);
  });
}

const argvs: readonly (readonly [argv: readonly string[], rule: string | undefined])[] = [
  [["rm", "-rf", "/"], "remove-great-folder"],
  [["/bin/rm", "-r", "/home/me"], "remove-great-folder"],
  [["sudo", "sh", "-c", "rm -rf ~"], "remove-great-folder"],
  [["dd", "of=/dev/sda"], "block-device"],
  [["pkill", "remote-agent"], "own-service"],
  [["bash", "-c", ":(){ :|:& };:"], "fork-bomb"],
  [["rm", "-rf", "~"], undefined],
  [["rm", "-rf", "*"], undefined],
  [["echo", "rm -rf /"], undefined],
  [[], undefined],
];
for (const [argv, rule] of argvs) {
  Deno.test(`findCatastrophe() sees ${rule ?? "nothing"} in the argv ${JSON.stringify(argv)}`, () => {
    assert.equal(findCatastrophe({ argv }, OPTIONS)?.rule, rule);
  });
}

Deno.test("findCatastrophe() knows where a command works", () => {
  assert.equal(
    findCatastrophe({ command: "rm -rf *" }, { ...OPTIONS, cwd: "/" })?.rule,
    "remove-great-folder",
  );
  assert.equal(
    findCatastrophe({ command: "rm -rf .." }, { ...OPTIONS, cwd: "/home/me" })?.rule,
    "remove-great-folder",
  );
  assert.equal(findCatastrophe({ command: "rm -rf *" }, { ...OPTIONS, cwd: "/home/me/x" }), undefined);
});

Deno.test("findCatastrophe() protects every home and what holds it", () => {
  const options = { os: "linux", homes: ["/data/users/me", "/home/other"] } as const;
  for (const target of ["/data/users/me", "/data/users", "/data/users/me/*", "~"]) {
    assert.equal(
      findCatastrophe({ command: `rm -rf ${target}` }, options)?.rule,
      "remove-great-folder",
      target,
    );
  }
  assert.equal(findCatastrophe({ command: "rm -rf /data/users/me/x" }, options), undefined);
});

Deno.test("findCatastrophe() protects the agent's own processes", () => {
  assert.equal(
    findCatastrophe({ command: "kill -9 4711" }, { ...OPTIONS, ownPids: [4711] })?.rule,
    "own-service",
  );
  assert.equal(findCatastrophe({ command: "kill -9 4712" }, { ...OPTIONS, ownPids: [4711] }), undefined);
});

Deno.test("findCatastrophe() sees rm -rf / through any chain of wrappers, quotes and blanks", () => {
  const wrappers = fc.constantFrom(
    "sudo",
    "sudo -n -u root",
    "env",
    "env A=1",
    "nice -n 5",
    "nohup",
    "timeout 5",
    "setsid",
    "command",
    "time",
    "ionice -c 3",
    "busybox",
    "doas",
    "xargs",
    "stdbuf -oL",
  );
  const words = fc.constantFrom(
    "rm -rf /",
    "rm  -fr  /",
    "rm -r -f -- /*",
    "'rm' -rf \"/\"",
    "\\rm --recursive /etc/..",
    "/bin/rm -Rf //",
    "rm -vrf ~",
    "find / -delete",
    "dd if=x of=/dev/sda",
  );
  const places = fc.constantFrom(
    "X",
    "ls; X",
    "ls && X || true",
    "(X)",
    "{ X; }",
    "if true; then X; fi",
    "for i in 1; do X; done",
    "echo $(X)",
    "X &",
    "X 2>/dev/null",
    "! X",
    "ls\nX",
  );
  fc.assert(fc.property(fc.array(wrappers, { maxLength: 4 }), words, places, (chain, command, place) => {
    const source = place.replace("X", () => [...chain, command].join(" "));
    assert.notEqual(findCatastrophe({ command: source }, OPTIONS), undefined, source);
    const quoted = `sh -c '${source.replaceAll("'", "'\\''")}'`;
    assert.notEqual(findCatastrophe({ command: quoted }, OPTIONS), undefined, quoted);
  }));
});

Deno.test("findCatastrophe() finds the last of many words and commands", () => {
  for (
    const padding of [
      "rm -rf " + "x ".repeat(30_000),
      "rm -rf x; ".repeat(10_000) + "rm -rf ",
      `find ${"x ".repeat(30_000)} -delete; rm -r `,
    ]
  ) {
    assert.equal(findCatastrophe({ command: `${padding}/` }, OPTIONS)?.rule, "remove-great-folder");
  }
});

Deno.test("findCatastrophe() never throws and is never slow, whatever it is given", () => {
  const piece = fc.constantFrom(
    ..."$( ) ` ' \" { } [[ (( )) ; & | < > << # \\ rm -rf / ~ * $x x= sudo sh -c find -exec dd of=/dev/sda f() pkill kill {a,b}"
      .split(" "),
    " ",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      findCatastrophe({ command: pieces.join(" ") }, OPTIONS);
      findCatastrophe({ argv: pieces }, OPTIONS);
    }),
    { numRuns: 300 },
  );
  const started = performance.now();
  findCatastrophe({ command: `rm -rf ${"{a,b}".repeat(60)} ${"*".repeat(2000)}` }, OPTIONS);
  findCatastrophe({ command: `x=$x$x$x$x; ${"x=$x$x; ".repeat(100)} rm -rf $x` }, OPTIONS);
  findCatastrophe({ command: "(".repeat(20_000) }, OPTIONS);
  findCatastrophe({ command: "sh -c '".repeat(500) }, OPTIONS);
  findCatastrophe({ command: `find ${"x -exec a ".repeat(5000)}` }, OPTIONS);
  findCatastrophe({ argv: ["pkill", "a*".repeat(30)] }, OPTIONS);
  assert.ok(performance.now() - started < 10_000);
});
