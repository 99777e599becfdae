/**
 * A WebSocket client on a bare TCP connection that does as little as can be done: messages are encoded beforehand,
 * and of what arrives only the headers are read. It keeps the load generator far cheaper than what it loads.
 */
import type { Bytes } from "../../../src/protocol/bytes.ts";

const OPCODE_TEXT = 1;
const OPCODE_BINARY = 2;
const OPCODE_CONTINUATION = 0;
const OPCODE_CLOSE = 8;
const READ_BYTES = 256 * 1024;

/** An open connection. Pings are not answered: it is for minutes, not for hours. */
export interface RawWebSocket {
  /** Writes bytes that {@link encodeMessage} made, or several of them joined. */
  write(messages: Bytes): Promise<void>;
  sendText(text: string): Promise<void>;
  /** The next text message. */
  nextText(): Promise<string>;
  /** Bytes of binary messages that came so far. */
  readonly binaryBytes: number;
  close(): void;
}

/**
 * Opens a WebSocket to a loopback port.
 *
 * @param options.onBinary - told after each read in which binary bytes came
 */
export async function openRawWebSocket(
  url: URL,
  options: { readonly onBinary?: () => void } = {},
): Promise<RawWebSocket> {
  const conn = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
  conn.setNoDelay(true);
  const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  const request = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
  ];
  await writeAll(conn, new TextEncoder().encode(`${request.join("\r\n")}\r\n\r\n`));
  const scanner = new Scanner();
  const running = read(conn, scanner, options.onBinary ?? (() => {}));
  await scanner.upgraded;
  return {
    write: (messages) => writeAll(conn, messages),
    sendText: (text) => writeAll(conn, encodeMessage(OPCODE_TEXT, new TextEncoder().encode(text))),
    nextText: () => scanner.nextText(),
    get binaryBytes() {
      return scanner.binaryBytes;
    },
    close() {
      scanner.end();
      conn.close();
      void running;
    },
  };
}

/** Encodes a binary message as a client must: masked. */
export function encodeBinary(payload: Bytes): Bytes {
  return encodeMessage(OPCODE_BINARY, payload);
}

function encodeMessage(opcode: number, payload: Bytes): Bytes {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const out = new Uint8Array(2 + lengthBytes + 4 + length);
  const view = new DataView(out.buffer);
  out[0] = 0x80 | opcode;
  out[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  const start = 2 + lengthBytes + 4;
  // Not zero, or a server may leave out the unmasking.
  const mask = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);
  out.set(mask, start - 4);
  for (let i = 0; i < length; i++) out[start + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return out;
}

async function writeAll(conn: Deno.Conn, bytes: Bytes): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(at === 0 ? bytes : bytes.subarray(at));
}

async function read(conn: Deno.Conn, scanner: Scanner, onBinary: () => void): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  try {
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      const before = scanner.binaryBytes;
      scanner.push(buffer.subarray(0, n));
      if (scanner.binaryBytes > before) onBinary();
    }
  } catch {
    // Closed by us, or reset: whoever waits is told below.
  }
  scanner.end();
}

/** Follows the stream of messages: keeps texts, counts binary bytes, skips their content. */
class Scanner {
  binaryBytes = 0;
  readonly #upgraded = Promise.withResolvers<void>();
  readonly #texts: string[] = [];
  readonly #waiters: PromiseWithResolvers<string>[] = [];
  #http = "";
  #isUpgraded = false;
  #header: number[] = [];
  #opcode = 0;
  #bodyLeft = 0;
  #text = "";
  readonly #decoder = new TextDecoder();

  get upgraded(): Promise<void> {
    return this.#upgraded.promise;
  }

  push(bytes: Bytes): void {
    let at = this.#isUpgraded ? 0 : this.#readHttp(bytes);
    while (at < bytes.length) {
      if (this.#bodyLeft > 0) {
        const take = Math.min(this.#bodyLeft, bytes.length - at);
        if (this.#opcode === OPCODE_TEXT) {
          this.#text += this.#decoder.decode(bytes.subarray(at, at + take), { stream: true });
        } else if (this.#opcode === OPCODE_BINARY) this.binaryBytes += take;
        this.#bodyLeft -= take;
        at += take;
        if (this.#bodyLeft === 0) this.#finish();
        continue;
      }
      this.#header.push(bytes[at++] ?? 0);
      this.#readHeader();
    }
  }

  nextText(): Promise<string> {
    const text = this.#texts.shift();
    if (text !== undefined) return Promise.resolve(text);
    const waiter = Promise.withResolvers<string>();
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  end(): void {
    const error = new Error("Cannot read: the connection is closed");
    this.#upgraded.reject(error);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #readHttp(bytes: Bytes): number {
    for (let i = 0; i < bytes.length; i++) {
      this.#http += String.fromCharCode(bytes[i] ?? 0);
      if (!this.#http.endsWith("\r\n\r\n")) continue;
      this.#isUpgraded = this.#http.startsWith("HTTP/1.1 101");
      if (this.#isUpgraded) this.#upgraded.resolve();
      else this.#upgraded.reject(new Error(`Cannot upgrade: ${this.#http.split("\r\n")[0]}`));
      return i + 1;
    }
    return bytes.length;
  }

  #readHeader(): void {
    const [first = 0, second] = this.#header;
    if (second === undefined) return;
    const short = second & 0x7f;
    const maskBytes = second & 0x80 ? 4 : 0; // Only the mirror sends masked messages back.
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (this.#header.length < 2 + lengthBytes + maskBytes) return;
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (this.#header[2 + i] ?? 0);
    this.#bodyLeft = lengthBytes === 0 ? short : length;
    const opcode = first & 0x0f;
    if (opcode !== OPCODE_CONTINUATION) this.#opcode = opcode;
    this.#header = [];
    if (this.#opcode === OPCODE_CLOSE) this.end();
    if (this.#bodyLeft === 0) this.#finish();
  }

  #finish(): void {
    if (this.#opcode !== OPCODE_TEXT) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#texts.push(this.#text);
    else waiter.resolve(this.#text);
    this.#text = "";
  }
}
