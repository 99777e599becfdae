import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { hkdfSync } from "node:crypto";
import fc from "fast-check";
import { hkdf, hkdfExpand, hkdfExtract } from "../../../src/crypto/hkdf.ts";
import { SUITES } from "../../helpers/suites.ts";

const counting = (from: number, to: number) =>
  Buffer.from(Array.from({ length: to - from }, (_, i) => from + i));

/** RFC 5869, appendix A. */
const published = [
  {
    name: "A.1",
    ikm: "0b".repeat(22),
    salt: counting(0, 13).toString("hex"),
    info: counting(0xf0, 0xfa).toString("hex"),
    length: 42,
    prk: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
    okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  },
  {
    name: "A.2",
    ikm: counting(0, 0x50).toString("hex"),
    salt: counting(0x60, 0xb0).toString("hex"),
    info: counting(0xb0, 0x100).toString("hex"),
    length: 82,
    prk: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
    okm: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c" +
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71" +
      "cc30c58179ec3e87c14c01d5c1f3434f1d87",
  },
  {
    name: "A.3",
    ikm: "0b".repeat(22),
    salt: "",
    info: "",
    length: 42,
    prk: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
    okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  },
];

for (const [suiteName, suite] of SUITES) {
  for (const { name, ikm, salt, info, length, prk, okm } of published) {
    Deno.test(`hkdf(), and hkdfExtract() with hkdfExpand(), give RFC 5869 ${name} on ${suiteName}`, async () => {
      const extracted = await hkdfExtract(suite, Uint8Array.fromHex(salt), Uint8Array.fromHex(ikm));
      assert.equal(extracted.toHex(), prk);
      const expanded = await hkdfExpand(suite, extracted, { info: Uint8Array.fromHex(info), length });
      assert.equal(expanded.toHex(), okm);
      const both = [Uint8Array.fromHex(salt), Uint8Array.fromHex(ikm)] as const;
      const atOnce = await hkdf(suite, both, { info: Uint8Array.fromHex(info), length });
      assert.equal(atOnce.toHex(), okm, "hkdf() is both steps");
    });
  }

  Deno.test(`hkdfExtract() and hkdfExpand() agree with node:crypto on ${suiteName}`, async () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(
        bytes,
        bytes,
        bytes,
        fc.integer({ min: 1, max: 200 }),
        async (ikm, salt, info, length) => {
          const expanded = await hkdfExpand(suite, await hkdfExtract(suite, salt, ikm), { info, length });
          const expected = Buffer.from(hkdfSync("sha256", ikm, salt, info, length));
          assert.equal(expanded.toHex(), expected.toString("hex"));
        },
      ),
      { numRuns: 30 },
    );
  });

  Deno.test(`hkdfExpand() gives at most 255 blocks on ${suiteName}`, async () => {
    const prk = new Uint8Array(32);
    const info = new Uint8Array(0);
    const longest = await hkdfExpand(suite, prk, { info, length: 255 * 32 });
    assert.equal(longest.length, 255 * 32);
    await assert.rejects(hkdfExpand(suite, prk, { info, length: 255 * 32 + 1 }), RangeError);
  });
}
