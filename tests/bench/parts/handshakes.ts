/**
 * Handshakes a second, both sides in one process, with the node's cipher suite and with Web Crypto alone.
 */
import type { CipherSuite } from "../../../src/crypto/cipher_suite.ts";
import { createHandshake, publicKeyOf } from "../../../src/crypto/noise.ts";
import { webSuite } from "../../../src/crypto/web_suite.ts";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import type { PartOptions, PartReport } from "../report.ts";
import { measureInRounds } from "../rounds.ts";
import { formatRatio, formatSpread, median } from "../statistics.ts";

/** About what a sealed card and the counter before it take. */
const PAYLOAD = new Uint8Array(700);
const IN_FLIGHT = 16;

/** Measures handshakes. */
export async function measureHandshakes({ quick }: PartOptions): Promise<PartReport> {
  const rounds = quick ? 3 : 7;
  const count = quick ? 64 : 128;
  const sides = {
    hybrid: await rateOf(hybridSuite, { count, inFlight: 1 }),
    web: await rateOf(webSuite, { count, inFlight: 1 }),
    hybridMany: await rateOf(hybridSuite, { count, inFlight: IN_FLIGHT }),
    webMany: await rateOf(webSuite, { count, inFlight: IN_FLIGHT }),
  };
  await measureInRounds(sides, { rounds: 1 });
  const rates = await measureInRounds(sides, { rounds });
  const row = (label: string, hybrid: readonly number[], web: readonly number[]) => [
    label,
    formatSpread(hybrid),
    formatSpread(web),
    formatRatio(median(hybrid), median(web)),
  ];
  return {
    method:
      "Noise_IKpsk2 between two sides in one process: both messages with 700 bytes of payload in the first, " +
      `and the transport keys of both. ${rounds} rounds of ${count} handshakes, suites in turns; median (lowest to ` +
      "highest).",
    tables: [{
      title: "Handshakes a second",
      columns: ["", "hybrid suite", "Web Crypto", "hybrid / web"],
      rows: [
        row("one after the other", rates.hybrid, rates.web),
        row(`${IN_FLIGHT} at once`, rates.hybridMany, rates.webMany),
      ],
    }],
    goals: [],
    notes: ["In use the two sides are in processes of their own, and checking the card comes to it."],
  };
}

async function rateOf(
  suite: CipherSuite,
  { count, inFlight }: { readonly count: number; readonly inFlight: number },
): Promise<() => Promise<number>> {
  const [psk, initiatorKey, responderKey] = [32, 32, 32].map((length) => suite.randomBytes(length));
  if (psk === undefined || initiatorKey === undefined || responderKey === undefined) throw new TypeError();
  const remoteStaticKey = await publicKeyOf(responderKey, suite);
  const shake = async () => {
    const initiator = await createHandshake({
      role: "initiator",
      staticKey: initiatorKey,
      remoteStaticKey,
      psk,
      suite,
    });
    const responder = await createHandshake({ role: "responder", staticKey: responderKey, psk, suite });
    await responder.readMessage(await initiator.writeMessage(PAYLOAD));
    await initiator.readMessage(await responder.writeMessage());
    await Promise.all([initiator.split(), responder.split()]);
  };
  return async () => {
    const startedAt = performance.now();
    for (let done = 0; done < count; done += inFlight) {
      await Promise.all(Array.from({ length: inFlight }, shake));
    }
    return count / ((performance.now() - startedAt) / 1000);
  };
}
