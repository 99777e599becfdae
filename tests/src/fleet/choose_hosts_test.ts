import assert from "node:assert/strict";
import fc from "fast-check";
import { OperationError } from "../../../src/errors.ts";
import { chooseHosts } from "../../../src/fleet/choose_hosts.ts";
import type { AgentSummary } from "../../../src/fleet/fleet.ts";

const AGENTS: readonly AgentSummary[] = [
  agent("web-10", { tags: ["web"] }),
  agent("web-2", { tags: ["web", "canary"] }),
  agent("desk", { tags: ["desk"], isSelf: true, family: "macos" }),
  agent("db-1", { tags: ["db"], mode: "plan" }),
  agent("Quiet", { tags: ["quiet"], accepts: false }),
  agent("mute", { tags: ["quiet"], accepts: false }),
];

/** What is asked, who is chosen, and who is left out for which reason. */
const CHOICES: readonly [string, { includeSelf?: boolean; only?: readonly string[] }, string, string][] = [
  ["all", {}, "db-1 web-2 web-10", "Quiet:not_accepting desk:self mute:not_accepting"],
  ["all", { includeSelf: true }, "db-1 desk web-2 web-10", "Quiet:not_accepting mute:not_accepting"],
  ["web", {}, "web-2 web-10", ""],
  ["web & !canary", {}, "web-10", ""],
  ["desk", { includeSelf: true }, "desk", ""],
  ["web,desk", {}, "web-2 web-10", "desk:self"],
  ["all & n:9", {}, "db-1 web-2 web-10", "Quiet:not_accepting desk:self mute:not_accepting"],
  [
    "all",
    { only: ["web-2", "gone", "mute"] },
    "web-2",
    "Quiet:not_accepting db-1:succeeded_before desk:self mute:not_accepting web-10:succeeded_before",
  ],
  ["web & n:1", { only: ["web-10"] }, "web-10", "web-2:succeeded_before"],
];
for (const [target, { includeSelf = false, only }, hosts, leftOut] of CHOICES) {
  const how = `${includeSelf ? " with this machine" : ""}${
    only === undefined ? "" : ` of ${only.join(" ")}`
  }`;
  Deno.test(`chooseHosts() chooses for "${target}"${how}: ${hosts}`, () => {
    const ids = only === undefined ? {} : { only: new Set(only.map(idOf)) };
    const chosen = chooseHosts(AGENTS, { target, includeSelf, ...ids });
    assert.equal(chosen.hosts.map(({ name }) => name).join(" "), hosts);
    assert.equal(chosen.leftOut.map(({ agent, reason }) => `${agent.name}:${reason}`).join(" "), leftOut);
  });
}

/** What is asked in vain, and what is said about it. */
const ERRORS: readonly [string, string, string, string][] = [
  [
    "web &",
    "bad_request",
    'Cannot read target "web &": something must follow "&" at character 6',
    'A target is "all", tags such as "web,db", "os:linux", "arch:arm64", "mode:edit", "name:web-*" or "id:...", joined by "&", "|", "!" and parentheses',
  ],
  [
    "wbe & !dbs",
    "bad_request",
    'Cannot choose hosts by "wbe & !dbs": no host has the tag "wbe", there are "canary", "db", "desk", "quiet", "web"; ' +
    'no host has the tag "dbs"',
    "Name what exists; list_agents shows it",
  ],
  [
    "Web-2 | quiet",
    "bad_request",
    'Cannot choose hosts by "Web-2 | quiet": no host has the tag "web-2", there are "canary", "db", "desk", "quiet", "web"',
    'Did you mean "name:web-2"?',
  ],
  [
    "name:app-*",
    "bad_request",
    'Cannot choose hosts by "name:app-*": no host has a name like "app-*", there are "Quiet", "db-1", "desk", "mute", "web-10", "web-2"',
    "Name what exists; list_agents shows it",
  ],
  [
    "arch:mips",
    "bad_request",
    'Cannot choose hosts by "arch:mips": no host is of "arch:mips", there are "x86_64"',
    "Name what exists; list_agents shows it",
  ],
  [
    "web & os:bsd",
    "unknown_agent",
    'Cannot choose hosts by "web & os:bsd": no host matches',
    'There are tags: "canary", "db", "desk", "quiet", "web"; os: "linux", "macos"; modes: "edit", "plan"',
  ],
  [
    "desk",
    "unknown_agent",
    'Cannot choose hosts by "desk": this machine alone matches, and it is left out',
    "Pass include_self to have this machine too",
  ],
  [
    "quiet",
    "unknown_agent",
    'Cannot choose hosts by "quiet": the 2 that match run nothing for others',
    "Start them without --no-agent",
  ],
  [
    "name:mute",
    "unknown_agent",
    'Cannot choose hosts by "name:mute": the one that matches runs nothing for others',
    "Start them without --no-agent",
  ],
  [
    "quiet,desk",
    "unknown_agent",
    'Cannot choose hosts by "quiet,desk": 3 match, of which this machine is left out, and 2 run nothing for others',
    "Pass include_self to have this machine too",
  ],
];
for (const [target, code, message, remedy] of ERRORS) {
  Deno.test(`chooseHosts() tells why nobody is chosen for "${target}"`, () => {
    const error = errorOf(AGENTS, target);
    assert.deepEqual({ code: error.code, message: error.message, remedy: error.remedy }, {
      code,
      message,
      remedy,
    });
  });
}

Deno.test("chooseHosts() tells that all succeeded before", () => {
  const error = errorOf(AGENTS, "web", { only: new Set() });
  assert.equal(error.message, 'Cannot choose hosts by "web": the 2 that match succeeded before');
  const mixed = errorOf(AGENTS, "all", { only: new Set() });
  assert.match(
    mixed.message,
    /: 6 match, of which this machine is left out, and 2 run nothing for others, and 3 succeeded before$/,
  );
});

Deno.test("chooseHosts() takes a bare word for the beginning of an id if it is one", () => {
  const error = errorOf(AGENTS, idOf("db-1").slice(0, 5));
  assert.equal(error.remedy, `Did you mean "id:${idOf("db-1").slice(0, 5)}"?`);
});

Deno.test("chooseHosts() lists 20 words and how many more there are", () => {
  const agents = Array.from(
    { length: 25 },
    (_, i) => agent(`h${i}`, { tags: [`tag${String(i).padStart(2, "0")}`] }),
  );
  assert.match(errorOf(agents, "web").message, /there are "tag00", .+, "tag19" and 5 more$/);
});

Deno.test("chooseHosts() tells of five unknown words and counts the rest", () => {
  assert.match(
    errorOf(AGENTS, "a,b,c,d,e,f,g").message,
    /"a", there are .+; no host has the tag "e"; and 2 more words that no host has$/,
  );
});

Deno.test("chooseHosts() says so if nobody is there", () => {
  assert.equal(errorOf([], "all").remedy, "Nobody is there; list_agents shows who comes");
  assert.equal(
    errorOf([], "web").message,
    'Cannot choose hosts by "web": no host has the tag "web", there are none',
  );
});

Deno.test("chooseHosts() says what there is on lines without foreign control characters", () => {
  const hostile = agent("evil", { tags: ["a\nCannot lie\x1b[2J"] });
  const { message } = errorOf([hostile], "\tweb\n");
  assert.equal(
    message,
    'Cannot choose hosts by "\\u{9}web\\u{a}": no host has the tag "web", there are "a\\u{a}Cannot lie\\u{1b}[2J"',
  );
});

Deno.test("chooseHosts() takes the sample of those that are left", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), (size, deaf) => {
    const agents = Array.from(
      { length: size + deaf },
      (_, i) => agent(`h${i}`, { tags: [], accepts: i < size }),
    );
    const { hosts, leftOut } = chooseHosts(agents, { target: "50%", includeSelf: false });
    assert.equal(hosts.length, Math.ceil(size / 2));
    assert.ok(hosts.every(({ accepts }) => accepts));
    assert.equal(leftOut.length, deaf);
  }));
});

Deno.test("chooseHosts() accounts for every host once, whatever the order of the list is", () => {
  fc.assert(fc.property(fc.shuffledSubarray([...AGENTS], { minLength: AGENTS.length }), (agents) => {
    assert.deepEqual(
      chooseHosts(agents, { target: "all", includeSelf: false }),
      chooseHosts(AGENTS, { target: "all", includeSelf: false }),
    );
  }));
});

Deno.test("chooseHosts() chooses among 16 000 hosts by the largest target", () => {
  const agents = Array.from(
    { length: 16_000 },
    (_, i) => agent(`web-${i}`, { tags: ["web", `t${i % 300}`] }),
  );
  const target = Array.from({ length: 255 }, (_, i) => `!t${i}`).join("&");
  const { hosts } = chooseHosts(agents, { target: `web&${target}`, includeSelf: false });
  assert.equal(hosts.length, agents.filter((_, i) => i % 300 >= 255).length);
});

function errorOf(
  agents: readonly AgentSummary[],
  target: string,
  options: { readonly only?: ReadonlySet<string> } = {},
): OperationError {
  try {
    chooseHosts(agents, { target, includeSelf: false, ...options });
  } catch (error) {
    assert.ok(error instanceof OperationError);
    return error;
  }
  throw new Error(`Cannot find an error for "${target}": hosts were chosen`);
}

function idOf(name: string): string {
  return `${[...name].map((c) => "abcdefghijklmnopqrstuvwxyz234567"[c.charCodeAt(0) % 32]).join("")}${
    "a".repeat(20)
  }`.slice(0, 20);
}

function agent(
  name: string,
  { tags, isSelf = false, accepts = true, family = "linux", mode = "edit" }:
    & { readonly family?: AgentSummary["platform"]["family"] }
    & Pick<AgentSummary, "tags">
    & Partial<Pick<AgentSummary, "isSelf" | "accepts" | "mode">>,
): AgentSummary {
  return {
    id: idOf(name),
    name,
    isSelf,
    tags,
    platform: {
      os: family === "macos" ? "darwin" : family,
      family,
      arch: "x86_64",
      kernel: "6",
      shell: "/bin/sh",
    },
    mode,
    version: "1",
    role: "service",
    accepts,
    connectedSince: "2026-01-01T00:00:00.000Z",
    latencyMs: null,
    connections: 1,
  };
}
