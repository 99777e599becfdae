/**
 * Sealing and opening of records: the node's cipher suite against Web Crypto and `node:crypto` alone, and the size at
 * which the suite should change from one to the other.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { CipherSuite } from "../../../src/crypto/cipher_suite.ts";
import { createRecordLayer, type RecordLayer } from "../../../src/crypto/session.ts";
import { webSuite } from "../../../src/crypto/web_suite.ts";
import { hybridSuite, WEB_CRYPTO_FROM_BYTES } from "../../../src/host/hybrid_suite.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { decodePacket } from "../../../src/protocol/packet.ts";
import type { PartOptions, PartReport } from "../report.ts";
import { measureInRounds } from "../rounds.ts";
import { formatRatio, median } from "../statistics.ts";

const KIB = 1024;
const SIZES = [64, KIB, 64 * KIB] as const;
const SWEEP = [2, 4, 8, 16, 32, 64, 128].map((kib) => kib * KIB);
const TAG_BYTES = 16;

/** Seals and opens records again and again; returns microseconds for one record. */
type Work = (count: number, inFlight: number) => Promise<{ sealUs: number; openUs: number }>;

interface Times {
  readonly sealUs: number;
  readonly openUs: number;
}

/** Measures records. */
export async function measureRecords({ quick }: PartOptions): Promise<PartReport> {
  const rounds = quick ? 3 : 5;
  const budget = quick ? 4 : 8;
  const rows: string[][] = [];
  for (const size of SIZES) {
    for (const inFlight of [1, 16]) {
      const sides = sidesOf(size);
      const times = await measureAll(sides, { size, inFlight, rounds, budget });
      const cells = (["hybrid", "web", "node"] as const).map((side) => {
        const { sealUs, openUs } = middle(times[side]);
        return `${us(sealUs)} / ${us(openUs)}`;
      });
      const [hybrid, web, node] = (["hybrid", "web", "node"] as const).map((side) => sum(times[side]));
      if (hybrid === undefined || web === undefined || node === undefined) continue;
      const label = inFlight === 1 ? "one after the other" : `${inFlight} at once`;
      rows.push([
        nameOf(size),
        label,
        ...cells,
        formatRatio(web, hybrid),
        `${((size * 2) / hybrid).toFixed(0)} MB/s`,
      ]);
    }
  }
  const sweep: string[][] = [];
  for (const size of SWEEP) {
    const cells: string[] = [];
    for (const inFlight of [1, 4, 16]) {
      const { web, node } = sidesOf(size);
      const times = await measureAll({ web, node }, { size, inFlight, rounds, budget });
      cells.push(`${us(sum(times.node))} / ${us(sum(times.web))}`);
    }
    sweep.push([nameOf(size), ...cells]);
  }
  return {
    method:
      "The record layer of a session with each suite, and `node:crypto` with nothing around it. Counts are " +
      `chosen for about ${budget} ms a round; ${rounds} rounds, sides in turns, median.`,
    tables: [
      {
        title: "Microseconds a record, seal / open",
        columns: [
          "size",
          "calls",
          "hybrid suite",
          "Web Crypto",
          "bare node:crypto",
          "web / hybrid",
          "hybrid",
        ],
        rows,
      },
      {
        title: "Where to change over: microseconds for seal and open together, node:crypto / Web Crypto",
        columns: ["size", "one after the other", "4 at once", "16 at once"],
        rows: sweep,
      },
    ],
    goals: [],
    notes: [`The suite changes over at ${nameOf(WEB_CRYPTO_FROM_BYTES)} (\`WEB_CRYPTO_FROM_BYTES\`).`],
  };
}

function sidesOf(size: number) {
  return {
    hybrid: layerWork(hybridSuite, size),
    web: layerWork(webSuite, size),
    node: nodeWork(size),
  };
}

async function measureAll<K extends string>(
  sides: Readonly<Record<K, Work>>,
  { size, inFlight, rounds, budget }: { size: number; inFlight: number; rounds: number; budget: number },
): Promise<Record<K, Times[]>> {
  // About what the slower side needs for a record, so that a round keeps to its budget.
  const count = Math.max(inFlight, Math.ceil((budget * 1000) / (25 + size / 100) / inFlight) * inFlight);
  // The keys of `sides`; TypeScript loses them in `entries`.
  const measures = Object.fromEntries(
    Object.entries<Work>(sides).map(([name, work]) => [name, () => work(count, inFlight)]),
  ) as Record<K, () => Promise<Times>>;
  await measureInRounds(measures, { rounds: 1 });
  return await measureInRounds(measures, { rounds });
}

function layerWork(suite: CipherSuite, size: number): Work {
  const plaintext = new Uint8Array(size).fill(1);
  return async (count, inFlight) => {
    const key = suite.randomBytes(32);
    const layer: RecordLayer = await createRecordLayer({
      suite,
      keys: { sendKey: key, receiveKey: key },
      remoteIndex: 1,
    });
    const sealed: Bytes[] = [];
    const startedAt = performance.now();
    for (let i = 0; i < count; i += inFlight) {
      const batch = Array.from({ length: inFlight }, () => layer.seal(plaintext));
      for (const one of batch) sealed.push(one instanceof Promise ? await one : one);
    }
    const sealedAt = performance.now();
    for (let i = 0; i < count; i += inFlight) {
      const batch = sealed.slice(i, i + inFlight).map((record) => layer.open(recordOf(record)));
      for (const one of batch) if (one instanceof Promise) await one;
    }
    return perRecord({ startedAt, sealedAt, count });
  };
}

function nodeWork(size: number): Work {
  const plaintext = new Uint8Array(size).fill(1);
  const key = randomBytes(32);
  const nonce = new Uint8Array(12);
  const aad = new Uint8Array(13);
  return (count) => {
    const sealed: { body: Uint8Array; tag: Uint8Array }[] = [];
    const startedAt = performance.now();
    for (let i = 0; i < count; i++) {
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      cipher.setAAD(aad);
      const body = cipher.update(plaintext);
      cipher.final();
      sealed.push({ body, tag: cipher.getAuthTag() });
    }
    const sealedAt = performance.now();
    for (const { body, tag } of sealed) {
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(aad);
      decipher.setAuthTag(tag);
      decipher.update(body);
      decipher.final();
    }
    return Promise.resolve(perRecord({ startedAt, sealedAt, count }));
  };
}

function recordOf(bytes: Bytes) {
  const packet = decodePacket(bytes);
  if (packet.type !== "record") throw new TypeError("Cannot open: it is no record");
  return packet;
}

function perRecord(
  { startedAt, sealedAt, count }: { startedAt: number; sealedAt: number; count: number },
): Times {
  return {
    sealUs: ((sealedAt - startedAt) * 1000) / count,
    openUs: ((performance.now() - sealedAt) * 1000) / count,
  };
}

function middle(times: readonly Times[]): Times {
  return {
    sealUs: median(times.map(({ sealUs }) => sealUs)),
    openUs: median(times.map(({ openUs }) => openUs)),
  };
}

function sum(times: readonly Times[]): number {
  return median(times.map(({ sealUs, openUs }) => sealUs + openUs));
}

function us(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

function nameOf(size: number): string {
  return size < KIB ? `${size} B` : `${size / KIB} KiB`;
}
