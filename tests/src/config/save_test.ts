import assert from "node:assert/strict";
import * as fc from "fast-check";
import { readConfigFile } from "../../../src/config/config_file.ts";
import { formatConfigFile, saveConfigFile } from "../../../src/config/save.ts";

Deno.test("formatConfigFile() reads back as what it was given", () => {
  const values = fc.record({
    room: fc.string({ unit: "grapheme", minLength: 1, maxLength: 16 }),
    token: fc.string({ unit: "grapheme", minLength: 8, maxLength: 40 }),
    tags: fc.array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { maxLength: 4 }),
    no_agent: fc.boolean(),
    max_running: fc.integer({ min: 1, max: 1000 }),
  }, { requiredKeys: [] });
  fc.assert(fc.property(values, (values) => {
    const source = readConfigFile(formatConfigFile(values), "x");
    const read = Object.fromEntries(Object.entries(source).map(([key, { value }]) => [key, value]));
    assert.deepEqual(read, JSON.parse(JSON.stringify(values)));
  }));
});

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("saveConfigFile() makes the folder and a file that its owner alone can read", async () => {
  await withFolder(async (root) => {
    const folder = `${root}/a/b`;
    const path = `${folder}/config.toml`;
    assert.equal(await saveConfigFile(path, "x = 1\n", { folder, replace: false }), undefined);
    assert.equal(await Deno.readTextFile(path), "x = 1\n");
    assert.deepEqual(namesIn(folder), ["config.toml"]);
    if (Deno.build.os === "windows") return;
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assert.equal(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
  });
});

Deno.test("saveConfigFile() leaves an existing file alone unless it may replace it", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/config.toml`;
    await Deno.writeTextFile(path, "old");
    await assert.rejects(saveConfigFile(path, "new", { folder, replace: false }), {
      name: "ConfigError",
      message: `Cannot write ${path}: it exists; --force replaces it and keeps a copy beside it`,
    });
    assert.equal(await Deno.readTextFile(path), "old");
    assert.deepEqual(namesIn(folder), ["config.toml"]);
  });
});

Deno.test("saveConfigFile() keeps a copy of each file that it replaces", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/config.toml`;
    await Deno.writeTextFile(path, "first");
    assert.equal(await saveConfigFile(path, "second", { folder, replace: true }), `${path}.1.bak`);
    assert.equal(await saveConfigFile(path, "third", { folder, replace: true }), `${path}.2.bak`);
    assert.deepEqual(namesIn(folder), ["config.toml", "config.toml.1.bak", "config.toml.2.bak"]);
    assert.equal(await Deno.readTextFile(`${path}.1.bak`), "first");
    assert.equal(await Deno.readTextFile(`${path}.2.bak`), "second");
    assert.equal(await Deno.readTextFile(path), "third");
    if (Deno.build.os === "windows") return;
    assert.equal(((await Deno.stat(`${path}.1.bak`)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("saveConfigFile() leaves nothing behind when it cannot write", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/config.toml`;
    await Deno.mkdir(path);
    await assert.rejects(saveConfigFile(path, "new", { folder, replace: true }), { name: "ConfigError" });
    assert.deepEqual(namesIn(folder), ["config.toml"]);
  });
});
