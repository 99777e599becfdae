import assert from "node:assert/strict";
import fc from "fast-check";
import { formatResourceUri, parseResourceUri, type ResourceUri } from "../../../src/mcp/uris.ts";

const JOB = "j_abcdefghij2345672345";
const RUN = "r_abcdefghij2345672345";
const id = (prefix: string) =>
  fc.array(fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567"), { minLength: 20, maxLength: 20 })
    .map((letters) => `${prefix}_${letters.join("")}`);
const agent = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) =>
  text.length <= 128
);
const from = fc.option(fc.nat({ max: 1e14 }), { nil: undefined });
const defined = <T extends object>(value: T) =>
  // Fields that are absent in an address are absent in what is read, too.
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as ResourceUri;

const anyUri: fc.Arbitrary<ResourceUri> = fc.oneof(
  fc.constant({ kind: "agents" } as const),
  agent.map((name) => ({ kind: "agent", agent: name }) as const),
  fc.tuple(agent, id("j"), fc.constantFrom("stdout", "stderr"), from).map(([name, job, stream, first]) =>
    defined({ kind: "job", agent: name, job, stream, from: first })
  ),
  fc.tuple(agent, id("j")).map(([name, job]) => ({ kind: "job", agent: name, job }) as const),
  fc.tuple(id("r"), from).map(([run, first]) => defined({ kind: "run", run, from: first })),
);

Deno.test("parseResourceUri() reads what formatResourceUri() writes, whatever the names", () => {
  fc.assert(fc.property(anyUri, (uri) => {
    const text = formatResourceUri(uri);
    assert.match(text, /^[\x21-\x7e]+$/, "an address is printable ASCII");
    assert.deepEqual(parseResourceUri(text), uri);
  }));
});

Deno.test("parseResourceUri() takes any text without throwing", () => {
  const pieces = fc.array(
    fc.constantFrom(
      "agents",
      "agent",
      "job",
      "run",
      "://",
      "/",
      "?",
      "&",
      "from=",
      "stream=stdout",
      "%",
      "%2",
      "%ff",
      "1",
      JOB,
      RUN,
    ),
    { maxLength: 10 },
  ).map((all) => all.join(""));
  fc.assert(fc.property(fc.oneof(fc.string(), pieces), (text) => {
    const uri = parseResourceUri(text);
    if (uri !== undefined) assert.deepEqual(parseResourceUri(formatResourceUri(uri)), uri);
  }));
});

for (
  const [text, expected] of [
    ["agents://", { kind: "agents" }],
    ["agents:///", { kind: "agents" }],
    ["agent://web-1", { kind: "agent", agent: "web-1" }],
    ["agent://web-1/", { kind: "agent", agent: "web-1" }],
    ["agent://a%2Fb%0A", { kind: "agent", agent: "a/b\n" }],
    [`job://web-1/${JOB}/output`, { kind: "job", agent: "web-1", job: JOB }],
    [`job://web-1/${JOB}/output?from=5&stream=stderr`, {
      kind: "job",
      agent: "web-1",
      job: JOB,
      stream: "stderr",
      from: 5,
    }],
    [`run://${RUN}`, { kind: "run", run: RUN }],
    [`run://${RUN}?from=10`, { kind: "run", run: RUN, from: 10 }],
  ] as const
) {
  Deno.test(`parseResourceUri() reads "${text}"`, () => assert.deepEqual(parseResourceUri(text), expected));
}

for (
  const text of [
    "",
    "agents",
    "agents://web",
    "agent://",
    "agent://a/b",
    "agent://%",
    "agent://%ff",
    "agent://a?from=1",
    `agent://${"a".repeat(129)}`,
    "job://web-1/j_1/output",
    `job://web-1/${JOB}`,
    `job://web-1/${JOB}/output/more`,
    `job:///${JOB}/output`,
    `job://web-1/${JOB}/output?from=5`,
    `job://web-1/${JOB}/output?stream=both`,
    `job://web-1/${JOB}/output?stream=stdout&stream=stdout`,
    `run://${RUN}?from=-1`,
    `run://${RUN}?from=1e3`,
    `run://${RUN}?other=1`,
    "run://../etc/passwd",
    `file:///etc/passwd`,
    `run://${RUN}#part`,
  ]
) {
  Deno.test(`parseResourceUri() knows nothing of "${text.slice(0, 60)}"`, () => {
    assert.equal(parseResourceUri(text), undefined);
  });
}
