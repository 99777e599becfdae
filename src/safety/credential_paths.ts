/**
 * Names under which secrets lie. What is known to only read may still not read these by name. This is a first line only: names can be
 * hidden from it, so the files themselves must be masked or refused where they are opened.
 */
import type { Arg } from "./shell_words.ts";

/** Paths that glob patterns are tried on; `~` stands for a home. */
const EXAMPLES = [
  ..."/etc/shadow /etc/gshadow /etc/shadow- /etc/gshadow- /etc/sudoers /etc/security/opasswd".split(" "),
  ..."~/.ssh/id_rsa ~/.ssh/id_ed25519 ~/.ssh/id_ecdsa ~/.ssh/id_dsa ~/.netrc ~/.pgpass ~/.git-credentials"
    .split(" "),
  ..."~/.aws/credentials ~/.kube/config ~/.docker/config.json ~/.gnupg/secring.gpg".split(" "),
];
const SECRET = new RegExp(
  "^/etc/(?:.*/)?(?:g?shadow-?|sudoers|opasswd)$|(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|[._]netrc|\\.pgpass|\\.my\\.cnf|\\.git-credentials|" +
    "\\.vault-token|secring\\.gpg|kcore)$" +
    "|(?:^|/)(?:\\.gnupg|\\.password-store|keyrings)(?:/|$)" +
    "|(?:^|/)\\.aws/credentials|(?:^|/)\\.kube/config$|(?:^|/)\\.docker/config\\.json$|^/etc/ssl/private/|^/run/secrets/" +
    "|^/proc/[^/]+/(?:environ|mem|root|cwd|fd|task)(?:/|$)|^/var/lib/sss/secrets|^/etc/sudoers\\.d/" +
    "|(?:^|/)(?:\\.config|\\.local/state|Application Support)/remote-agents(?:/|$)" +
    "|(?:private|secret)[^/]*\\.(?:pem|key)$",
);
/** Devices that are read for what they are; any other, such as a disk, holds everything. */
const HARMLESS_DEVICE = /^\/dev\/(?:null|zero|u?random|stdin|stdout|stderr|tty|fd\/\d*)$/;

/** No system opens a longer path. */
const MAX_PATH = 4096;

/** Where and how words are used. */
export interface WordUse {
  /** Whether the program only looks at names, as ls does. */
  readonly looksAtNames: boolean;
  /** Folders the command may be in by now. */
  readonly folders: Iterable<string>;
}

/**
 * Finds a secret or a device among words.
 *
 * @returns The first such word.
 */
export function findCredential(words: readonly Arg[], use: WordUse): string | undefined {
  return words.find((word) => namesSecret(word, use))?.text;
}

function namesSecret(word: Arg, { looksAtNames, folders }: WordUse): boolean {
  // An option's value counts too: --file=/etc/shadow.
  const texts = [word.text, word.text.slice(word.text.indexOf("=") + 1)];
  const paths = texts.flatMap((
    text,
  ) => [text, ...[...folders].filter((folder) => folder !== "").map((folder) => `${folder}/${text}`)]);
  return paths.filter((path) => path.length <= MAX_PATH).map(collapse).some((path) => {
    if (SECRET.test(path)) return true;
    if (looksAtNames) return false;
    return (path.startsWith("/dev/") && word.exact && !HARMLESS_DEVICE.test(path)) ||
      (word.many && matchesExample(path));
  });
}

/** Whether a glob of which something is known stands for a secret; `*` alone is left to the masks. */
function matchesExample(glob: string): boolean {
  if (!/[*?[{]/.test(glob) || !/[A-Za-z]/.test(glob) || glob.length > 256) return false;
  // Many stars make the pattern slow to match; nobody needs them.
  if (glob.split(/[*{[?]+/).length > 8) return true;
  const pattern = glob.replace(/\{[^}]*\}|\[[^\]]*\]|\*+|\?|[.+^$()|\\}\]]/g, (part) => {
    if (/^[*?{[]/.test(part) && part.length > 1 && !part.startsWith("*")) return "[^/]*";
    return part.startsWith("*") ? "[^/]*" : part === "?" ? "[^/]" : `\\${part}`;
  }).replaceAll("~", "(?:~|/root|/home/[^/]*|/Users/[^/]*)");
  let expression: RegExp;
  try {
    expression = new RegExp(`^${pattern}$`);
  } catch {
    // What cannot be read as a pattern is left to the masks, like every other hidden name.
    return false;
  }
  return EXAMPLES.some((example) =>
    expression.test(example) || expression.test(example.replace(/^~/, "/root"))
  );
}

function collapse(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === ".") continue;
    if (part === "" && parts.length > 0) continue;
    if (part === ".." && parts.length > 1) parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}
