import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { type Agent, agentsOf, createRoster, findAgent } from "../../../src/peer/roster.ts";
import { sampleAddress, sampleCard, sampleMember } from "../../helpers/sample_card.ts";

const A = "a".repeat(20);
const B = "b".repeat(20);

const outcomes = [
  ["added", undefined, { seq: 1 }, A],
  ["updated", 1, { seq: 2 }, A],
  ["stale", 2, { seq: 2 }, A],
  ["stale", 3, { seq: 2 }, A],
  ["imposter", 1, { seq: 9 }, B],
  ["imposter", 9, { seq: 1 }, B],
] as const;
for (const [expected, known, card, agentId] of outcomes) {
  Deno.test(`accept() tells "${expected}" for seq ${card.seq} of ${agentId[0]} after ${known ?? "nothing"} of a`, () => {
    const roster = createRoster();
    const first = sampleCard({ seq: known ?? 0, name: "first" }, { agentId: A });
    if (known !== undefined) roster.accept(sampleAddress(1), first);
    assert.equal(
      roster.accept(sampleAddress(1), sampleCard({ ...card, name: "second" }, { agentId })),
      expected,
    );
    const name = roster.get(sampleAddress(1))?.card.name;
    assert.equal(name, expected === "added" || expected === "updated" ? "second" : "first");
    assert.equal(roster.members.length, 1);
  });
}

Deno.test("accept() keeps an address of its own, not the view that it was given", () => {
  const roster = createRoster();
  const view = sampleAddress(1);
  roster.accept(view, sampleCard());
  view.fill(9);
  assert.deepEqual(roster.get(sampleAddress(1))?.address, sampleAddress(1));
});

Deno.test("remove() and clear() forget, also how new the card was", () => {
  const roster = createRoster();
  roster.accept(sampleAddress(1), sampleCard({ seq: 5 }));
  roster.accept(sampleAddress(2), sampleCard());
  roster.remove(sampleAddress(1));
  assert.deepEqual(roster.members.map(({ address }) => address), [sampleAddress(2)]);
  assert.equal(roster.accept(sampleAddress(1), sampleCard({ seq: 1 })), "added");
  roster.clear();
  assert.deepEqual(roster.members, []);
});

Deno.test("accept() keeps a bounded number of connections, and lets the one go that was there longest", () => {
  const roster = createRoster(3);
  for (const fill of [1, 2, 3]) roster.accept(sampleAddress(fill), sampleCard());
  roster.accept(sampleAddress(1), sampleCard({ seq: 2 }));
  assert.equal(roster.members.length, 3);
  roster.accept(sampleAddress(4), sampleCard());
  assert.deepEqual(roster.members.map(({ address }) => address[0]), [2, 3, 4]);
});

Deno.test("agents is computed once after each change, and the same until the next", () => {
  const roster = createRoster();
  roster.accept(sampleAddress(1), sampleCard({ name: "one" }, { agentId: A }));
  const before = roster.agents;
  assert.equal(roster.agents, before);
  assert.equal(roster.accept(sampleAddress(1), sampleCard({ name: "old" }, { agentId: A })), "stale");
  assert.equal(roster.agents, before);
  roster.accept(sampleAddress(2), sampleCard({ name: "two" }, { agentId: B }));
  assert.deepEqual(roster.agents.map(({ name }) => name), ["one", "two"]);
  assert.equal(roster.size, 2);
  roster.remove(sampleAddress(1));
  assert.deepEqual(roster.agents.map(({ name }) => name), ["two"]);
  assert.deepEqual(before.map(({ name }) => name), ["one"], "a list that was given out stays as it was");
});

Deno.test("onChange() tells of every change and of nothing else, until it is ended", () => {
  const roster = createRoster();
  let changes = 0;
  const told = (action: () => void) => {
    const before = changes;
    action();
    return changes - before;
  };
  const end = roster.onChange(() => void changes++);
  assert.equal(told(() => roster.clear()), 0);
  assert.equal(told(() => roster.accept(sampleAddress(1), sampleCard({ seq: 1 }))), 1);
  assert.equal(told(() => roster.accept(sampleAddress(1), sampleCard({ seq: 1 }))), 0);
  assert.equal(told(() => roster.accept(sampleAddress(1), sampleCard({ seq: 2 }))), 1);
  assert.equal(told(() => roster.accept(sampleAddress(1), sampleCard({ seq: 3 }, { agentId: B }))), 0);
  assert.equal(told(() => roster.remove(sampleAddress(2))), 0);
  assert.equal(told(() => roster.remove(sampleAddress(1))), 1);
  roster.accept(sampleAddress(1), sampleCard());
  assert.equal(told(() => roster.clear()), 1);
  end();
  assert.equal(told(() => roster.accept(sampleAddress(1), sampleCard())), 0);
});

const orders: readonly (readonly [string, readonly number[], Parameters<typeof sampleMember>[1][]])[] = [
  ["the service before sessions", [2, 1, 3], [{ role: "session", startedAt: 9_000 }, { role: "service" }, {
    role: "session",
  }]],
  ["the newest session first", [2, 3, 1], [
    { role: "session", startedAt: 1 },
    { role: "session", startedAt: 3 },
    { role: "session", startedAt: 2 },
  ]],
  ["who accepts before a service that does not", [2, 1], [{ accepts: false }, { role: "session" }]],
  ["the newest of several services", [2, 1], [{ startedAt: 1 }, { startedAt: 2 }]],
];
for (const [what, expected, cards] of orders) {
  Deno.test(`agentsOf() puts ${what}`, () => {
    const [agent, ...others] = agentsOf(cards.map((card, i) => sampleMember(i + 1, card)));
    assert.deepEqual(others, []);
    assert.deepEqual(agent?.members.map(({ address }) => address[0]), expected);
  });
}

Deno.test("agentsOf() groups by machine, sorts by name and id, and names an agent by its first connection", () => {
  const agents = agentsOf([
    sampleMember(1, { name: "zeta" }, { agentId: A }),
    sampleMember(2, { name: "beta" }, { agentId: "d".repeat(20) }),
    sampleMember(3, { name: "beta" }, { agentId: "c".repeat(20) }),
    sampleMember(4, { name: "session-name", role: "session" }, { agentId: A }),
  ]);
  assert.deepEqual(agents.map(({ id, name }) => [id[0], name]), [["c", "beta"], ["d", "beta"], [
    "a",
    "zeta",
  ]]);
});

const agent = (id: string, name: string): Agent => ({ id, name, members: [sampleMember(1)] });
const agents = [
  agent("abcd".padEnd(20, "2"), "web"),
  agent("abce".padEnd(20, "2"), "db"),
  agent("xyzz".padEnd(20, "2"), "twin"),
  agent("xyza".padEnd(20, "2"), "twin"),
  agent("qqqq".padEnd(20, "2"), "abc"),
  agent("wwww".padEnd(20, "2"), "abcd".padEnd(20, "2")),
  agent("vvvv".padEnd(20, "2"), "away".padEnd(20, "2")),
];
const queries = [
  ["abcd2", "abcd"],
  ["web", "abcd"],
  ["db", "abce"],
  ["abcd".padEnd(20, "2"), "abcd"], // The full id comes before an equal name,
  ["abc", "ambiguous_agent"], // but a name must not catch what is meant for an id that begins with it.
  ["away".padEnd(20, "2"), "unknown_agent"], // Nor may it catch what is meant for an agent that is away.
  ["x", "ambiguous_agent"],
  ["xyzz", "xyzz"],
  ["twin", "ambiguous_agent"],
  ["ab", "ambiguous_agent"],
  ["", "unknown_agent"],
  ["nobody", "unknown_agent"],
  ["WEB", "unknown_agent"],
] as const;
for (const [query, expected] of queries) {
  Deno.test(`findAgent() answers "${query}" with ${expected}`, () => {
    if (!expected.includes("_")) return assert.equal(findAgent(agents, query).id.slice(0, 4), expected);
    assert.throws(() => findAgent(agents, query), (error) => {
      assert.ok(error instanceof OperationError && error.code === expected);
      assert.notEqual(error.remedy, undefined);
      return true;
    });
  });
}

Deno.test("findAgent() names the candidates of an ambiguous query, and no others", () => {
  assert.throws(() => findAgent(agents, "twin"), ({ message }: Error) => {
    assert.match(message, /xyzz2+/);
    assert.match(message, /xyza2+/);
    assert.doesNotMatch(message, /abcd/);
    return true;
  });
});

Deno.test("findAgent() says who is there, at most 20 of them, or that nobody is", () => {
  assert.throws(() => findAgent([], "web"), /no agent is connected/);
  const many = Array.from({ length: 25 }, (_, i) => agent(`${i}`.padEnd(20, "z"), `n${i}`));
  assert.throws(() => findAgent(many, "web"), ({ message }: Error) => {
    assert.match(message, /n19 \(19z+\) and 5 more$/);
    assert.doesNotMatch(message, /n20/);
    return true;
  });
});

Deno.test("accept() lets go of the member that was there longest when the roster is full", () => {
  const roster = createRoster(2);
  for (const n of [1, 2, 3]) roster.accept(sampleAddress(n), sampleCard());
  assert.deepEqual(roster.members.map(({ address }) => address), [sampleAddress(2), sampleAddress(3)]);
});
