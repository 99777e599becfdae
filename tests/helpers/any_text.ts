/**
 * Arbitrary texts for property tests; fast-check's own unit "binary" takes a second to set up.
 */
import fc from "fast-check";

/** Any UTF-16 text, lone surrogates included. */
export function anyText({ maxLength = 30 }: { readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.nat(0x7f), fc.nat(0xffff));
  return fc.array(unit, { maxLength }).map((units) => String.fromCharCode(...units));
}

/** Any text that UTF-8 can hold. */
export function wellFormedText(options: { readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  return anyText(options).map((text) => text.toWellFormed());
}

/** Any text without control characters, as cards hold it. */
export function lineText(): fc.Arbitrary<string> {
  return wellFormedText().map((text) => text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ""));
}
