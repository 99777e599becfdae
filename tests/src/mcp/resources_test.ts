import assert from "node:assert/strict";
import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from "@modelcontextprotocol/server";
import { readResource } from "../../../src/mcp/resources.ts";
import { jsonBytes, MAX_READ_BYTES } from "../../../src/mcp/text_slice.ts";
import { OperationError } from "../../../src/errors.ts";
import { resourceSource, summary } from "./_resource_source.ts";

const RUN = "r_abcdefghij2345672345";
const JOB = "j_abcdefghij2345672345";
const { signal } = new AbortController();

Deno.test("readResource() gives the roster as JSON, without a latency that nobody measured", async () => {
  const source = resourceSource([summary("web-1", { tags: ["web"] }), summary("web-2")]);
  const [content] = await readResource("agents://", { source, signal });
  const roster = JSON.parse(content?.text ?? "");
  assert.equal(content?.mimeType, "application/json");
  assert.deepEqual({ count: roster.count, leftOut: roster.leftOut }, { count: 2, leftOut: 0 });
  assert.deepEqual(roster.agents[0].tags, ["web"]);
  assert.ok(!("latencyMs" in roster.agents[0]));
});

Deno.test("readResource() cuts a roster that is larger than a message may be, and says so", async () => {
  const tags = Array.from({ length: 60 }, (_, i) => `tag-${i}-${"x".repeat(20)}`);
  const source = resourceSource(Array.from({ length: 8_000 }, (_, i) => summary(`host-${i}`, { tags })));
  const [content] = await readResource("agents://", { source, signal });
  const roster = JSON.parse(content?.text ?? "");
  assert.ok(jsonBytes(content?.text ?? "") <= MAX_READ_BYTES);
  assert.equal(roster.leftOut, 8_000 - roster.agents.length);
  assert.ok(roster.leftOut > 0 && roster.agents.length > 1_000);
});

Deno.test("readResource() gives an agent's card and what it answers, by id and by name", async () => {
  const web = summary("web-1", { tags: ["web"] });
  for (const query of [web.id, "web-1"]) {
    const [content] = await readResource(`agent://${query}`, { source: resourceSource([web]), signal });
    const facts = JSON.parse(content?.text ?? "");
    assert.deepEqual([facts.name, facts.tags, facts.info.hostname], ["web-1", ["web"], "there.example"]);
  }
});

Deno.test("readResource() gives an agent's card when it does not answer, with the reason", async () => {
  const web = summary("web-1");
  const source = resourceSource([web], {
    agentInfo: () => Promise.reject(new OperationError("peer_gone", "Cannot ask: it left")),
  });
  const [content] = await readResource(`agent://${web.id}`, { source, signal });
  const facts = JSON.parse(content?.text ?? "");
  assert.deepEqual([facts.name, facts.info], ["web-1", null]);
  assert.match(facts.error, /it left \[peer_gone\]/);
});

Deno.test("readResource() gives a run in pieces that lose nothing", async () => {
  const whole = `${"host: ü\u0000\n".repeat(900_000)}end`;
  const source = resourceSource([], { run: (id) => Promise.resolve(id === RUN ? whole : undefined) });
  let [uri, read, reads]: [string | undefined, string, number] = [`run://${RUN}`, "", 0];
  while (uri !== undefined) {
    const contents: { uri: string; text: string }[] = await readResource(uri, { source, signal });
    const [piece, remark] = contents;
    assert.ok(jsonBytes(piece?.text ?? "") <= MAX_READ_BYTES);
    read += piece?.text ?? "";
    reads++;
    if (remark !== undefined) assert.ok(remark.text.endsWith(remark.uri), remark.text);
    uri = remark?.uri;
  }
  assert.ok(read === whole, "every byte is read");
  assert.ok(reads > 1);
});

for (
  const uri of [
    "nothing",
    "file:///etc/passwd",
    "agent://",
    "agent://nobody",
    `run://${RUN}`,
    "run://r_1",
    `job://web-1/${JOB}`,
    `x${"y".repeat(5_000)}\n\u001b[2J`,
  ]
) {
  Deno.test(`readResource() finds nothing at ${JSON.stringify(uri.slice(0, 40))}`, async () => {
    const error: unknown = await readResource(uri, { source: resourceSource([]), signal }).catch((cause) =>
      cause
    );
    assert.ok(error instanceof ResourceNotFoundError, String(error));
    assert.equal(error.uri, uri);
    assert.match(error.message, /^Cannot read resource "[\x20-\x7e]{0,210}": .+$/);
  });
}

for (
  const [code, expected] of [
    ["ambiguous_agent", ProtocolErrorCode.InvalidParams],
    ["bad_request", ProtocolErrorCode.InvalidParams],
    ["refused", ProtocolErrorCode.InternalError],
    ["peer_gone", ProtocolErrorCode.InternalError],
  ] as const
) {
  Deno.test(`readResource() tells of ${code} with the reason and the remedy`, async () => {
    const source = resourceSource([], {
      jobPage: () => Promise.reject(new OperationError(code, "Cannot do it", { remedy: "Do that" })),
    });
    const error: unknown = await readResource(`job://a/${JOB}/output`, { source, signal }).catch((cause) =>
      cause
    );
    assert.ok(error instanceof ProtocolError && !(error instanceof ResourceNotFoundError));
    assert.equal(error.code, expected);
    assert.match(error.message, new RegExp(`Cannot do it. Do that \\[${code}\\]`));
  });
}
