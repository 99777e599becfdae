import assert from "node:assert/strict";
import fc from "fast-check";
import { createTask, type Task } from "../../../../src/fleet/mapreduce/attempts.ts";
import { createShuffle, type Fetch } from "../../../../src/fleet/mapreduce/shuffle.ts";

function shuffleOf(count: number, { skipsEmpty = true } = {}) {
  const maps = Array.from({ length: count }, (_, i) => createTask("map", i, {}));
  let id = 0;
  const shuffle = createShuffle({ maps, skipsEmpty, nextId: () => ++id });
  const finish = (index: number, host: string, bytes: readonly number[], attempt = 0) => {
    const task = maps[index];
    assert.ok(task !== undefined);
    task.output = { host, attempt, bytes };
    shuffle.mapped(task);
  };
  const reducer = (index: number): Task => createTask("reduce", index, {});
  return { maps, shuffle, finish, reducer };
}

Deno.test("createShuffle() needs no way for what lies there or is empty", () => {
  const { shuffle, finish, reducer } = shuffleOf(3);
  const place = shuffle.place(reducer(1), "a");
  finish(0, "a", [0, 5]);
  finish(1, "b", [5, 0]);
  assert.equal(shuffle.nextFetch("a"), undefined);
  finish(2, "b", [5, 7], 4);
  const fetch = shuffle.nextFetch("a");
  assert.deepEqual(fetch?.parts, [{ name: "map.2.4.1", bytes: 7 }]);
  assert.equal(place.missing, 1);
  if (fetch !== undefined) shuffle.fetchEnded(fetch, true);
  assert.equal(place.missing, 0);
  assert.deepEqual(shuffle.inputsOf(place), ["map.0.0.1", "map.2.4.1"]);
});

Deno.test("createShuffle() has empty parts travel where they count", () => {
  const { shuffle, finish, reducer } = shuffleOf(1, { skipsEmpty: false });
  shuffle.place(reducer(0), "a");
  finish(0, "b", [0]);
  assert.deepEqual(shuffle.nextFetch("a")?.parts, [{ name: "map.0.0.0", bytes: 0 }]);
});

Deno.test("createShuffle() makes two requests of a host at a time, and one of each pair", () => {
  const { shuffle, finish, reducer } = shuffleOf(4);
  shuffle.place(reducer(0), "x");
  ["a", "a", "b", "c"].forEach((host, i) => finish(i, host, [1]));
  const [first, second] = [shuffle.nextFetch("x"), shuffle.nextFetch("x")];
  assert.deepEqual([first?.from, first?.parts.length, second?.from], ["a", 2, "b"]);
  assert.equal(shuffle.nextFetch("x"), undefined);
  if (first !== undefined) shuffle.fetchEnded(first, true);
  assert.equal(shuffle.nextFetch("x")?.from, "c");
});

Deno.test("createShuffle() asks again for what failed, unless it has moved", () => {
  const { shuffle, finish, reducer, maps } = shuffleOf(2);
  const place = shuffle.place(reducer(0), "x");
  finish(0, "a", [1]);
  finish(1, "a", [1]);
  const fetch = shuffle.nextFetch("x");
  const [lost] = maps;
  if (fetch === undefined || lost === undefined) throw new Error("There is nothing to fetch");
  shuffle.fetchEnded(fetch, false);
  lost.output = undefined;
  assert.equal(shuffle.isNeeded(lost), true);
  const again = shuffle.nextFetch("x");
  assert.deepEqual(again?.parts.map(({ name }) => name), ["map.1.0.0"]);
  finish(0, "b", [1], 1);
  assert.deepEqual(shuffle.nextFetch("x")?.parts.map(({ name }) => name), ["map.0.1.0"]);
  assert.equal(place.missing, 2);
});

Deno.test("createShuffle() cuts large requests", () => {
  const { shuffle, finish, reducer } = shuffleOf(3_000);
  shuffle.place(reducer(0), "x");
  for (let i = 0; i < 3_000; i++) finish(i, "a", [1]);
  const first = shuffle.nextFetch("x");
  assert.equal(first?.parts.length, 2_048);
  if (first !== undefined) shuffle.fetchEnded(first, true);
  assert.equal(shuffle.nextFetch("x")?.parts.length, 3_000 - 2_048);
  const large = shuffleOf(3);
  large.shuffle.place(large.reducer(0), "x");
  for (let i = 0; i < 3; i++) large.finish(i, "a", [200 * 1024 * 1024]);
  assert.equal(large.shuffle.nextFetch("x")?.parts.length, 2);
});

Deno.test("createShuffle() forgets a host with its requests and places", () => {
  const { shuffle, finish, reducer, maps } = shuffleOf(1);
  const task = reducer(0);
  const place = shuffle.place(task, "x");
  shuffle.place(reducer(1), "y");
  finish(0, "a", [1, 1]);
  const fetches = [shuffle.nextFetch("x"), shuffle.nextFetch("y")];
  const gone = shuffle.left("x");
  assert.deepEqual(gone, { fetches: [fetches[0]], placements: [place] });
  assert.deepEqual(shuffle.placementsOf(task), []);
  assert.deepEqual(shuffle.left("a"), { fetches: [fetches[1]], placements: [] });
  assert.deepEqual(shuffle.underWay(), []);
  assert.equal(shuffle.nextFetch("y"), undefined);
  assert.equal(maps.length, 1);
});

Deno.test("createShuffle() brings every part to its reducer exactly once, whatever fails on the way", () => {
  const given = fc.record({
    owners: fc.array(fc.nat(3), { maxLength: 20 }),
    places: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
    succeed: fc.array(fc.boolean(), { maxLength: 30 }),
  });
  fc.assert(fc.property(given, ({ owners, places, succeed }) => {
    const { shuffle, finish, reducer } = shuffleOf(owners.length);
    const all = places.map((host, i) => shuffle.place(reducer(i), `h${host}`));
    const sizes = places.map((_, i) => i);
    const open: Fetch[] = [];
    const arrived = new Map<string, number>();
    const fetchAll = () => {
      for (const to of shuffle.takeDirty()) {
        for (let fetch = shuffle.nextFetch(to); fetch; fetch = shuffle.nextFetch(to)) open.push(fetch);
      }
    };
    const endOne = (isSuccess: boolean) => {
      const fetch = open.shift();
      if (fetch === undefined) return;
      assert.notEqual(fetch.from, fetch.to);
      if (isSuccess) { for (const { name } of fetch.parts) arrived.set(name, (arrived.get(name) ?? 0) + 1); }
      shuffle.fetchEnded(fetch, isSuccess);
      fetchAll();
    };
    owners.forEach((owner, i) => {
      finish(i, `h${owner}`, sizes);
      fetchAll();
      endOne(succeed[i] ?? true);
    });
    while (open.length > 0) endOne(true);
    for (const place of all) {
      assert.equal(place.missing, 0);
      assert.equal(shuffle.inputsOf(place).length, place.reducer.index === 0 ? 0 : owners.length);
    }
    for (const [name, count] of arrived) assert.equal(count, 1, name);
  }));
});
