import assert from "node:assert/strict";
import { ConfigError } from "../../relay/config_values.ts";
import { startTestRelay } from "../helpers/relay.ts";

/** Makes a certificate for localhost with the `openssl` program; false if there is none. */
async function createCertificate(certPath: string, keyPath: string): Promise<boolean> {
  const args = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
  try {
    const command = new Deno.Command("openssl", {
      args: [...args, ...subject, ...leaf, "-keyout", keyPath, "-out", certPath],
      stdin: "null",
    });
    return (await command.output()).success;
  } catch {
    // No openssl on this machine.
    return false;
  }
}

Deno.test("startRelay() serves wss:// with a certificate and key", async (test) => {
  const folder = await Deno.makeTempDir();
  try {
    const tls = { certPath: `${folder}/cert.pem`, keyPath: `${folder}/key.pem` };
    const hasCertificate = await createCertificate(tls.certPath, tls.keyPath);
    await test.step({
      name: hasCertificate ? "with a certificate of openssl" : "skipped: openssl is not installed",
      ignore: !hasCertificate,
      fn: async () => {
        await using relay = await startTestRelay({ hostname: "127.0.0.1", tls });
        assert.match(relay.url, /^wss:\/\/127\.0\.0\.1:\d+$/);
        using connection = await Deno.connectTls({
          hostname: "localhost",
          port: relay.port,
          caCerts: [await Deno.readTextFile(tls.certPath)],
        });
        await connection.write(
          new TextEncoder().encode("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        );
        const buffer = new Uint8Array(4096);
        const length = await connection.read(buffer) ?? 0;
        assert.match(new TextDecoder().decode(buffer.subarray(0, length)), /^HTTP\/1\.1 200 /);
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("startRelay() refuses TLS files that are missing or no PEM, as what the operator must correct", async () => {
  const file = await Deno.makeTempFile();
  try {
    const cases = [{ certPath: `${file}.none`, keyPath: file }, { certPath: file, keyPath: file }];
    for (const tls of cases) {
      await assert.rejects(startTestRelay({ tls }), ConfigError);
    }
  } finally {
    await Deno.remove(file);
  }
});
