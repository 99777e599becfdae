/**
 * What a relay's URL may look like, and how to correct one that does not.
 */

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/i;

/**
 * Says what is wrong with a relay's URL, without repeating the parts of it that could be secret.
 *
 * @returns a phrase that follows the URL in a sentence, or undefined if nothing is wrong
 *
 * @example
 * ```ts
 * relayUrlProblem("https://relay.example.com"); // 'is not a ws:// or wss:// URL: use "wss://relay.example.com"'
 * ```
 */
export function relayUrlProblem(text: string): string | undefined {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme !== "ws" && scheme !== "wss") {
    const better = correctedUrl(text, scheme);
    const remedy = better === undefined ? "" : `: use "${better}"`;
    return `is not a ws:// or wss:// URL${remedy}`;
  }
  const url = parseUrl(text);
  if (url === undefined) return "is not a valid URL";
  if (url.username !== "" || url.password !== "") {
    return "must not carry a user name or password: a relay needs none";
  }
  // A lone "?" or "#" leaves search and hash empty, so the text is looked at, not the parts.
  if (/[?#]/.test(text)) return 'must end before any "?" or "#": a relay is told nothing in its URL';
  return undefined;
}

/**
 * The parts of a URL that are fit to be shown: no user name, password, query or fragment, and at most 200 characters.
 */
export function showableUrl(text: string): string {
  const bare = text.replace(/[?#].*$/s, "").replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@/is, "$1");
  return bare.length > 200 ? `${bare.slice(0, 200)}…` : bare;
}

function correctedUrl(text: string, scheme: string | undefined): string | undefined {
  const bare = showableUrl(text);
  const rest = bare.replace(SCHEME, "");
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return undefined;
  const secure = scheme === undefined ? !LOOPBACK.test(rest) : scheme === "https";
  const better = `${secure ? "wss" : "ws"}://${rest}`;
  return /^[\w.[\]:-]+(\/\S*)?$/.test(rest) && relayUrlProblem(better) === undefined ? better : undefined;
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) && !/\s/.test(text) ? new URL(text) : undefined;
}
