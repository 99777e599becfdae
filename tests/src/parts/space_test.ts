import assert from "node:assert/strict";
import { PART_LIMITS } from "../../../src/parts/rules.ts";
import { createSpace, diskSpaceOf } from "../../../src/parts/space.ts";

Deno.test("take() asks the disk now and then, not at every write", async () => {
  let asked = 0;
  const space = createSpace(PART_LIMITS, () => {
    asked++;
    return Promise.resolve({ totalBytes: 1e12, availableBytes: 1e11 });
  });
  for (let i = 0; i < 2_000; i++) await space.take(65_536);
  assert.equal(space.taken, 2_000 * 65_536);
  assert.ok(asked >= 2 && asked <= 4, String(asked));
});

Deno.test("take() of what does not fit takes nothing", async () => {
  const space = createSpace({ ...PART_LIMITS, totalBytes: 10 }, () => Promise.resolve(undefined));
  await space.take(8);
  await assert.rejects(space.take(3), /their limit is 10$/);
  assert.equal(space.taken, 8);
  space.free(8);
  await space.take(10);
});

Deno.test("diskSpaceOf() asks the system, and does not fail", async () => {
  const disk = await diskSpaceOf("/");
  assert.ok(disk === undefined || disk.availableBytes <= disk.totalBytes);
  assert.equal(await diskSpaceOf("/no such folder"), undefined);
});
