/**
 * Both cipher suites, for tests that must hold on either.
 */
import type { CipherSuite } from "../../src/crypto/cipher_suite.ts";
import { webSuite } from "../../src/crypto/web_suite.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";

/** The suites by name. */
export const SUITES: readonly (readonly [string, CipherSuite])[] = [
  ["webSuite", webSuite],
  ["hybridSuite", hybridSuite],
];
