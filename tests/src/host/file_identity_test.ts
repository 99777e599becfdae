import assert from "node:assert/strict";
import { join } from "node:path";
import { identitiesIn, identityOf } from "../../../src/host/file_identity.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("identityOf() is the same for every name of a file, and unknown where the system does not tell", async () => {
  await using temporary = await temporaryFolder();
  const [a, b] = [join(temporary.folder, "a"), join(temporary.folder, "b")];
  await Deno.writeTextFile(a, "x");
  await Deno.link(a, b);
  assert.equal(identityOf(await Deno.stat(a)), identityOf(await Deno.stat(b)));
  assert.equal(identityOf({ dev: 1, ino: null }), undefined);
});

Deno.test("identitiesIn() collects files, also inside folders, that count", async () => {
  await using temporary = await temporaryFolder();
  const at = (name: string) => join(temporary.folder, name);
  await Deno.mkdir(at("d/e"), { recursive: true });
  for (const name of ["a", "d/b", "d/e/c"]) await Deno.writeTextFile(at(name), "x");
  const { identities, isComplete } = identitiesIn(
    [at("a"), at("d"), at("missing")],
    (path) => !path.endsWith("c"),
  );
  const expected = await Promise.all(["a", "d/b"].map(async (name) => identityOf(await Deno.stat(at(name)))));
  assert.deepEqual([[...identities].toSorted(), isComplete], [expected.toSorted(), true]);
});
