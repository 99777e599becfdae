import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ChainState,
  genesis,
  MAX_LINE_BYTES,
  readChainLine,
  readPlace,
  sealLine,
} from "../../../src/audit/chain.ts";
import { anyText } from "../../helpers/any_text.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const START = genesis("agent");

/** SHA-256 by another implementation, of what the documentation says. */
async function documentedHash(line: string): Promise<string> {
  const covered = `remote-agents audit 1\n${line.slice(0, line.lastIndexOf(',"hash"'))}`;
  const digest = await crypto.subtle.digest("SHA-256", utf8(covered));
  return new Uint8Array(digest).toHex();
}

Deno.test("sealLine() seals as the documentation says, whatever the record holds", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyText(), { minLength: 1, maxLength: 5 }), async (texts) => {
      let state: ChainState = START;
      for (const text of texts) {
        const before = state;
        const sealed = sealLine(before, JSON.stringify({ text }));
        state = sealed.state;
        const parsed = JSON.parse(sealed.line);
        assert.deepEqual(parsed, {
          seq: before.seq + 1,
          prev: before.hash,
          text: parsed.text,
          hash: state.hash,
        });
        assert.equal(parsed.text, text);
        assert.equal(sealed.line.indexOf("\n"), sealed.line.length - 1);
        assert.equal(await documentedHash(sealed.line), state.hash);
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("readChainLine() reads what sealLine() wrote", () => {
  fc.assert(fc.property(anyText(), fc.nat(1_000_000), (text, seq) => {
    const { line, state } = sealLine({ seq, hash: START.hash }, JSON.stringify({ text }));
    const read = readChainLine(utf8(line.slice(0, -1)));
    assert.deepEqual(read, { ...state, prev: START.hash, isIntact: true });
  }));
});

Deno.test("readChainLine() sees every changed bit and every cut", () => {
  const { line } = sealLine(START, JSON.stringify({ text: 'a "b" \u00fc', n: 12 }));
  const bytes = utf8(line.slice(0, -1));
  for (const { at, bytes: changed } of eachFlip(bytes)) {
    assert.ok(readChainLine(changed)?.isIntact !== true, `byte ${at}`);
  }
  for (const cut of eachCut(bytes)) assert.ok(readChainLine(cut)?.isIntact !== true);
});

Deno.test("readChainLine() takes no other bytes for a line", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readChainLine(bytes) === undefined));
  const { line } = sealLine(START, JSON.stringify({ text: "x".repeat(MAX_LINE_BYTES) }));
  assert.equal(readPlace(utf8(line.slice(0, -1))), undefined);
});

Deno.test("genesis() is another one for each agent", () => {
  assert.notEqual(genesis("a").hash, genesis("b").hash);
  assert.equal(genesis("a").seq, 0);
});
