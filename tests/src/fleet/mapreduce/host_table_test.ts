import assert from "node:assert/strict";
import fc from "fast-check";
import { createHostTable } from "../../../../src/fleet/mapreduce/host_table.ts";

const any = () => true;

function tableOf(slots: number, ...ids: string[]) {
  const table = createHostTable(slots);
  for (const id of ids) table.add(id);
  const get = (id: string) => {
    const host = table.get(id);
    assert.ok(host !== undefined);
    return host;
  };
  return { table, get };
}

Deno.test("createHostTable() picks the least busy host that is accepted", () => {
  const { table, get } = tableOf(2, "a", "b", "c");
  table.load(get("a"), { active: 1 });
  table.load(get("b"), { active: 2 });
  assert.equal(table.pick("slot", any)?.id, "c");
  assert.equal(table.pick("slot", ({ id }) => id !== "c")?.id, "a");
  assert.equal(table.pick("slot", ({ id }) => id === "b"), undefined);
  // It may take an input ahead.
  assert.equal(table.pick("room", ({ id }) => id === "b")?.id, "b");
  table.load(get("b"), { ahead: 1 });
  assert.equal(table.pick("room", ({ id }) => id === "b"), undefined);
});

Deno.test("createHostTable() suspects a host that fails three partitions in a row whilst others succeed", () => {
  const { table, get } = tableOf(1, "bad", "good");
  for (const partition of ["map 1", "map 2", "map 2", "map 2"]) table.record(get("bad"), partition, "failed");
  table.record(get("good"), "map 3", "succeeded");
  assert.equal(table.isSuspect(get("bad")), false);
  table.record(get("bad"), "map 4", "failed");
  assert.equal(table.isSuspect(get("bad")), true);
  table.load(get("good"), { ahead: 1 });
  // Others first, even if they are busier; it alone if there is no other.
  assert.equal(table.pick("room", any)?.id, "good");
  table.load(get("good"), { active: 1 });
  assert.equal(table.pick("room", any)?.id, "bad");
  table.record(get("bad"), "map 5", "succeeded");
  assert.equal(table.isSuspect(get("bad")), false);
});

Deno.test("createHostTable() suspects nobody while nobody succeeds", () => {
  const { table, get } = tableOf(1, "a");
  for (let i = 0; i < 9; i++) table.record(get("a"), `map ${i}`, "failed");
  assert.equal(table.isSuspect(get("a")), false);
});

Deno.test("createHostTable() forgets a host that leaves, also for attempts that end later", () => {
  const { table, get } = tableOf(1, "a");
  const host = get("a");
  table.load(host, { active: 1 });
  table.remove("a");
  table.load(host, { active: -1 });
  assert.equal(table.pick("slot", any), undefined);
  assert.equal(table.size, 0);
  table.add("a");
  table.add("a");
  assert.deepEqual([...table.ids()], ["a"]);
  assert.notEqual(table.get("a"), host);
});

Deno.test("createHostTable() never picks a host without room, whatever its load was", () => {
  const steps = fc.array(fc.record({ host: fc.nat(3), isBegin: fc.boolean() }), { maxLength: 60 });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 3 }), (all, slots) => {
    const { table, get } = tableOf(slots, "0", "1", "2", "3");
    for (const { host, isBegin } of all) {
      const picked = table.pick("slot", any);
      const least = Math.min(...[...table.ids()].map((id) => get(id).active));
      assert.equal(picked === undefined, least >= slots);
      if (picked !== undefined) assert.equal(picked.active, least);
      const one = get(String(host));
      if (isBegin && picked !== undefined) table.load(picked, { active: 1 });
      else if (!isBegin && one.active > 0) table.load(one, { active: -1 });
    }
  }));
});
