/**
 * What looks like a secret in a command or another text, known or not. It is a net with holes: it knows the common forms and no others,
 * and rather takes too much than too little. Used for what the audit log keeps of arguments.
 */

const REPLACEMENT = "[redacted]";

/** Every quantifier has a bound, so that no text makes a search take more than linear time. */
const TOKENS = new RegExp(
  [
    /ra1_[a-z2-7]{8,}/,
    /\bgh[pousr]_[A-Za-z0-9]{16,}/,
    /\bgithub_pat_[A-Za-z0-9_]{20,}/,
    /\bglpat-[\w-]{16,}/,
    /\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}/,
    /\bxox[a-z]-[\w-]{10,}/,
    /\b[srp]k[-_](?:[a-z]{1,10}[-_]){0,3}[A-Za-z0-9_-]{20,}/,
    /\bAIza[\w-]{30,}/,
    /\b(?:npm|hf|dckr_pat|lin_api|shpat|dop_v1)_[\w-]{20,}/,
    /\bpypi-[\w-]{30,}/,
    /\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]{1,4096})?/,
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]{0,16384}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/,
  ].map(({ source }) => source).join("|"),
  "g",
);

const WORD =
  "(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|auth[-_]?key|private[-_]?key|credentials?)";
/** A value: in quotes, or up to where a shell, a URL or a list would end it. */
const VALUE = `(?:"(?:[^"\\\\]|\\\\[^]){0,4096}"?|'[^']{0,4096}'?|[^\\s"'&;|,]{1,4096})`;

/** The first group stays, what follows it goes. */
const AFTER: readonly RegExp[] = [
  // Headers, to the end of the quotes or the line that they stand in.
  /\b((?:proxy-)?authorization|x-api-key|x-auth-token|private-token|set-cookie|cookie)(\s{0,4}[:=]\s{0,4})[^"'\r\n]{1,4096}/gi,
  /\b(bearer)(\s{1,4})[\w.~+/=-]{8,4096}/gi,
  // Options: --password=x, --db-password x, -pass x.
  new RegExp(`((?<![\\w-])--?[A-Za-z0-9-]{0,40}?(?:${WORD}|pass))(=|\\s{1,4})${VALUE}`, "gi"),
  // Assignments and parameters of URLs: DB_PASSWORD=x, ?access_token=x.
  new RegExp(`(\\b[A-Za-z0-9_.-]{0,40}?${WORD}[A-Za-z0-9_]{0,40})(=)${VALUE}`, "gi"),
  // JSON and YAML: "token": "x", password: x.
  new RegExp(
    `("[A-Za-z0-9_.-]{0,40}?${WORD}[A-Za-z0-9_]{0,40}"|\\b(?:password|passwd|passphrase))(\\s{0,4}:\\s{0,4})${VALUE}`,
    "gi",
  ),
  // A password in a URL, with the user's name before it.
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,256})(:)[^\s/@"']{1,1024}(?=@)/gi,
  // Programs with short options for passwords.
  /(\bsshpass\s{1,4}-p)(\s{0,4})[^\s]{1,1024}/g,
  /(\bcurl\b[^\n|;&]{0,200}?\s(?:-u|--user)[=\s]{0,4}[^\s:"']{0,256})(:)[^\s"']{1,1024}/g,
  /(\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;&]{0,200}?\s-p)()[^\s]{1,1024}/g,
  /(\bredis-cli\b[^\n|;&]{0,200}?\s-a)(\s{1,4})[^\s]{1,1024}/g,
  /(\bpass)(:)[^\s"']{1,1024}/g,
];

/** A part of every text that one of them matches; most texts have none, and are done after this one search. */
const MAY_MATCH =
  /pass|secret|token|key|credential|authorization|cookie|bearer|:\/\/|curl|mysql|mariadb|redis-cli/i;

const SECRET_OPTION = new RegExp(`^--?[A-Za-z0-9-]{0,40}(?:${WORD}|pass)$`, "i");
const SECRET_KEY = new RegExp(`${WORD}|authorization|cookie`, "i");

/**
 * Replaces what looks like a secret.
 *
 * @example
 * ```ts
 * redactPatterns("deploy --password=hunter2"); // "deploy --password=[redacted]"
 * ```
 */
export function redactPatterns(text: string): string {
  let clean = text.replace(TOKENS, REPLACEMENT);
  if (!MAY_MATCH.test(clean)) return clean;
  for (const pattern of AFTER) clean = clean.replace(pattern, `$1$2${REPLACEMENT}`);
  return clean;
}

/** Tells whether the word after this one in a list of arguments is a secret, as after `--password`. */
export function isSecretOption(word: string): boolean {
  return SECRET_OPTION.test(word);
}

/** Tells whether the value under this name is a secret, as under `api_key`. */
export function isSecretName(name: string): boolean {
  return name.length <= 128 && SECRET_KEY.test(name);
}
