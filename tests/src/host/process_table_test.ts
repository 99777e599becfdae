import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePs, parseStat, processTable } from "../../../src/host/process_table.ts";

const TAIL = "4194560 63 0 1 0 0 0 0 0 20 0 1 0 117322 3923968 137";
for (
  const [what, name] of [["a plain name", "bash"], ["spaces and parentheses", "a) R 1 (b"], [
    "a line break",
    "a\nb",
  ]]
) {
  Deno.test(`parseStat() reads a line with ${what}`, () => {
    assert.deepEqual(parseStat(`4809 (${name}) S 4803 4807 4806 0 -1 ${TAIL}\n`), {
      pid: 4809,
      parentPid: 4803,
      groupId: 4807,
      sessionId: 4806,
      startedAt: "117322",
      isZombie: false,
    });
  });
}

Deno.test("parseStat() sees a zombie", () => {
  assert.equal(parseStat(`7 (x) Z 1 7 7 0 -1 ${TAIL}`)?.isZombie, true);
});

Deno.test("parseStat() gives undefined for what is not such a line", () => {
  for (const text of ["", "7", "7 (x) S 1 2", "x (y) S 1"]) assert.equal(parseStat(text), undefined);
  fc.assert(fc.property(fc.string(), (text) => {
    parseStat(text);
  }));
});

Deno.test("parsePs() reads the lines of ps and leaves others out", () => {
  const text = "    1     0     1 Ss   Mon Jan  6 10:00:00 2025\n" +
    "  812     1   812 Z+   Mon Jan  6 10:00:05 2025    \nps: a warning\n\n";
  assert.deepEqual(parsePs(text), [
    {
      pid: 1,
      parentPid: 0,
      groupId: 1,
      sessionId: 0,
      startedAt: "Mon Jan  6 10:00:00 2025",
      isZombie: false,
    },
    {
      pid: 812,
      parentPid: 1,
      groupId: 812,
      sessionId: 0,
      startedAt: "Mon Jan  6 10:00:05 2025",
      isZombie: true,
    },
  ]);
});

const hasPs = ["/bin/ps", "/usr/bin/ps"].some((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Not there.
    return false;
  }
});
for (
  const [how, os, ignore] of [
    ["/proc", "linux", Deno.build.os !== "linux"],
    ["ps", "darwin", Deno.build.os === "windows" || !hasPs],
  ] as const
) {
  Deno.test({
    name: `processTable() finds a child through ${how}, until it has ended`,
    ignore,
    fn: async () => {
      const table = processTable(os);
      const child = new Deno.Command("sleep", { args: ["60"], stdin: "null", stdout: "null" }).spawn();
      const found = (await table.list()).find(({ pid }) => pid === child.pid);
      assert.equal(found?.parentPid, Deno.pid);
      assert.deepEqual(await table.living([found]), [found]);
      assert.deepEqual(await table.living([{ ...found, startedAt: "another time" }]), []);
      table.signal(child.pid, "SIGKILL");
      assert.equal((await child.status).signal, "SIGKILL");
      assert.deepEqual(await table.living([found]), []);
      table.signal(child.pid, "SIGKILL");
    },
  });
}
