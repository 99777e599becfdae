/**
 * Keeps secrets out of everything that is shown: how a secret is described, and how it is removed from any text.
 */

const GENERATED_TOKEN = /ra1_[a-z2-7]{16,}/g;
const REPLACEMENT = "[redacted]";

/** Describes a secret without showing it: `ra1_…(59 characters)` or `set (12 characters)`. */
export function describeSecret(secret: string): string {
  const { length } = [...secret];
  const isGenerated = /^ra1_[a-z2-7]{16,}$/.test(secret);
  return isGenerated ? `ra1_…(${length} characters)` : `set (${length} characters)`;
}

/**
 * Replaces each secret in `text`, also where it is escaped as in JSON or in a URL, and everything that looks like a
 * generated token, known or not.
 */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  return replaceForms(text, formsOf(secrets));
}

/** Returns all that a secret may look like, the longest first: one may be part of another. */
function formsOf(secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), urlForm(secret)]);
  return [...new Set(forms)].filter((form) => form !== "").sort((a, b) => b.length - a.length);
}

function replaceForms(text: string, forms: readonly string[]): string {
  let clean = text;
  for (const form of forms) clean = clean.replaceAll(form, REPLACEMENT);
  return clean.replaceAll(GENERATED_TOKEN, REPLACEMENT);
}

/** The secrets that a process has come to know, in one place from its start to its last line. */
export class Secrets {
  readonly #values = new Set<string>();
  /** What is looked for, until another secret is known: a request's record has half a dozen texts. */
  #forms: readonly string[] | undefined;

  /** Remembers a secret. */
  add(secret: string): void {
    if (secret === "") return;
    this.#values.add(secret);
    this.#forms = undefined;
  }

  /** The secrets known so far. */
  get values(): readonly string[] {
    return [...this.#values];
  }

  /** Replaces every known secret in `text`. */
  redact(text: string): string {
    return replaceForms(text, this.#forms ??= formsOf(this.values));
  }
}

function urlForm(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // A lone surrogate has no form in a URL.
    return "";
  }
}
