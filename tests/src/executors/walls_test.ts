import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createWalls } from "../../../src/executors/walls.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("createWalls() finds what is closed and what is the agent's own, and looks again after a second", async () => {
  await using temporary = await temporaryFolder();
  const folder = await Deno.realPath(temporary.folder);
  await Deno.mkdir(`${folder}/agent`);
  await Deno.writeTextFile(`${folder}/a.key`, "secret");
  let now = 0;
  const walls = createWalls({
    rules: {
      allow: [],
      deny: [`${folder}/*.key`],
      own: [],
      ownSecrets: [{ path: `${folder}/agent` }],
    },
    system: { os: "linux", homes: [folder], isCaseInsensitive: false },
    own: [`${folder}/agent`, `${folder}/unit.service`],
    onIncomplete: () => assert.fail("There is little to find"),
    now: () => now,
  });
  const first = walls();
  assert.equal(first.writable, undefined);
  assert.deepEqual([...new Set(first.hidden)].sort(), [`${folder}/a.key`, `${folder}/agent`]);
  assert.deepEqual(first.readOnly, [`${folder}/agent`]);
  await Deno.writeTextFile(`${folder}/b.key`, "secret");
  assert.equal(walls(), first);
  now = 1_000;
  assert.ok(walls().hidden.includes(`${folder}/b.key`));
});

Deno.test("createWalls() covers the agent's own folders whole, and no unit, which is no secret", async () => {
  await using temporary = await temporaryFolder();
  const folder = await Deno.realPath(temporary.folder);
  await Deno.mkdir(`${folder}/config`);
  await Deno.writeTextFile(`${folder}/unit.service`, "");
  const walls = createWalls({
    rules: { allow: [], deny: [], own: [], ownSecrets: [{ path: `${folder}/config/config.toml` }] },
    system: { os: "linux", homes: [folder], isCaseInsensitive: false },
    own: [`${folder}/config`, `${folder}/unit.service`],
    onIncomplete: () => assert.fail("There is little to find"),
  });
  assert.deepEqual(walls().hidden, [`${folder}/config`]);
  assert.deepEqual(walls().readOnly, [`${folder}/config`, `${folder}/unit.service`]);
});

Deno.test("createWalls() lets nothing start while there is more to cover than it finds", async () => {
  await using temporary = await temporaryFolder();
  const folder = await Deno.realPath(temporary.folder);
  for (const name of ["a", "b", "c"]) await Deno.writeTextFile(`${folder}/${name}.key`, "secret");
  let told = 0;
  const walls = createWalls({
    rules: { allow: [], deny: [`${folder}/*.key`], own: [], ownSecrets: [] },
    system: { os: "linux", homes: [folder], isCaseInsensitive: false },
    own: [],
    onIncomplete: () => told++,
    search: { maxPaths: 2 },
  });
  for (let i = 0; i < 2; i++) {
    assert.throws(
      walls,
      (error) => error instanceof OperationError && error.rule === "credentials-uncovered",
    );
  }
  assert.equal(told, 1);
  await Deno.remove(`${folder}/a.key`);
  await Deno.remove(`${folder}/b.key`);
  assert.deepEqual(walls().hidden, [`${folder}/c.key`]);
});

Deno.test("createWalls() lets commands write only where allow_paths says, in what it names without wildcards", async () => {
  await using temporary = await temporaryFolder();
  const { writable } = createWalls({
    rules: { allow: ["~/work/**", "/srv", "/var/*/logs"], deny: [], own: [], ownSecrets: [] },
    system: { os: "linux", homes: [temporary.folder], isCaseInsensitive: false },
    own: [],
    onIncomplete: () => assert.fail("There is nothing to find"),
  })();
  assert.deepEqual(writable, [`${temporary.folder}/work`, "/srv"]);
});
