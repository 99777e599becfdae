import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../../../src/errors.ts";
import { loadHostSeed } from "../../../src/host/host_key.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const createSeed = () => crypto.getRandomValues(new Uint8Array(32));

function mustNotMake(): never {
  throw new Error("A seed was made although there is one");
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("loadHostSeed() makes a seed on first use and reads it afterwards", async () => {
  await using temporary = await temporaryFolder();
  const state = join(temporary.folder, "a", "state");
  const seed = new Uint8Array(32).fill(7);
  assert.deepEqual(await loadHostSeed(state, () => seed), seed);
  assert.deepEqual(await loadHostSeed(state, mustNotMake), seed);
  assert.deepEqual(await namesIn(state), ["host_key"]);
});

Deno.test({
  name: "loadHostSeed() lets nobody else read the seed or the folder",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const state = join(temporary.folder, "state");
    await loadHostSeed(state, createSeed);
    assert.equal(((await Deno.stat(state)).mode ?? 0) & 0o777, 0o700);
    assert.equal(((await Deno.stat(join(state, "host_key"))).mode ?? 0) & 0o777, 0o600);
  },
});

Deno.test("loadHostSeed() agrees on one seed when many make it at the same time", async () => {
  await using temporary = await temporaryFolder();
  const state = join(temporary.folder, "state");
  const seeds = await Promise.all(Array.from({ length: 20 }, () => loadHostSeed(state, createSeed)));
  assert.equal(new Set(seeds.map((seed) => seed.toHex())).size, 1);
  assert.deepEqual(await namesIn(state), ["host_key"]);
});

for (const length of [0, 31, 33]) {
  Deno.test(`loadHostSeed() refuses a file of ${length} bytes and leaves it as it is`, async () => {
    await using temporary = await temporaryFolder();
    const file = join(temporary.folder, "host_key");
    const content = new Uint8Array(length).fill(0x41);
    await Deno.writeFile(file, content);
    await assert.rejects(loadHostSeed(temporary.folder, mustNotMake), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, new RegExp(`is ${length} bytes, not 32; restore it, or remove it`));
      return !error.message.includes("AAA");
    });
    assert.deepEqual(await Deno.readFile(file), content);
    assert.deepEqual(await namesIn(temporary.folder), ["host_key"]);
  });
}

const unusable: readonly [string, (folder: string) => Promise<string>][] = [
  ["a folder in the place of the file", async (folder) => {
    await Deno.mkdir(join(folder, "host_key"));
    return folder;
  }],
  ["a file in the place of the folder", async (folder) => {
    await Deno.writeTextFile(join(folder, "state"), "");
    return join(folder, "state");
  }],
];
for (const [what, prepare] of unusable) {
  Deno.test(`loadHostSeed() reports ${what} with its path`, async () => {
    await using temporary = await temporaryFolder();
    const state = await prepare(temporary.folder);
    await assert.rejects(loadHostSeed(state, createSeed), (error) => {
      assert.ok(error instanceof ConfigError);
      return error.message.includes(join(state, "host_key"));
    });
  });
}

Deno.test("loadHostSeed() leaves no draft behind when no seed can be made", async () => {
  await using temporary = await temporaryFolder();
  const fail = () => {
    throw new Error("No randomness");
  };
  await assert.rejects(loadHostSeed(temporary.folder, fail), ConfigError);
  assert.deepEqual(await namesIn(temporary.folder), []);
});
