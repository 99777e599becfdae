/**
 * A peer's description of itself. It is signed and sealed by `crypto/seal.ts`; the relay stores it without reading it.
 */
import * as z from "zod";
import { Mode } from "./mode.ts";

/** Base64url of 32 bytes. */
const KeyText = z.base64url().length(43);
const CONTROL_CHARACTER = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
/**
 * A line for people: a member must not steer their terminals, nor write lines of its own into lists. Not a pattern of the
 * schema, because tools publish it and not every client's regular expressions have these classes.
 */
const Line = z.string().refine((text) => !CONTROL_CHARACTER.test(text), {
  error: "must be free of control characters",
});
const ShortText = Line.max(128);
/** The latest moment that a `Date` can hold; a later one in a card would break whoever shows it. */
const MAX_TIME_MS = 8_640_000_000_000_000;

/** What kind of machine a peer runs on. */
export const Platform = z.object({
  /** As the runtime names it: `linux`, `darwin`, `windows`. */
  os: ShortText,
  /** As targets name it: `linux`, `macos`, `windows`, `bsd`. */
  family: z.enum(["linux", "macos", "windows", "bsd", "other"]),
  /** `x86_64`, `aarch64`. */
  arch: ShortText,
  /** Name and version of the distribution, such as `Debian GNU/Linux 12 (bookworm)`. */
  distro: ShortText.optional(),
  kernel: ShortText,
  /** The shell that commands run under: an absolute path. */
  shell: Line.max(1024),
});
export type Platform = z.infer<typeof Platform>;

/** A name of an agent: 1 to 64 letters, digits, `.`, `_` or `-`, beginning with a letter or digit. */
export const AgentName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error: "must be 1 to 64 letters, digits, dots, underscores or hyphens, beginning with a letter or digit",
});
/** A tag: 1 to 32 characters like those of a name, lower case. */
export const Tag = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,31}$/, {
  error:
    "must be 1 to 32 lower-case letters, digits, dots, underscores or hyphens, beginning with a letter or digit",
});

/** A connection's role: a host's lasting service (`run`), or a session of an assistant (`mcp`). */
export const Role = z.enum(["service", "session"]);
export type Role = z.infer<typeof Role>;

/** Fields unknown to this version are kept out, so a newer peer's card still reads. */
export const Card = z.object({
  v: z.literal(1),
  /** Grows with every card of one connection key; an older card is ignored. */
  seq: z.number().int().nonnegative(),
  /** Ed25519 public key of the machine and user: who this is. */
  hostKey: KeyText,
  /** Ed25519 public key of the process; its hash is the address. */
  sessionKey: KeyText,
  /** X25519 public key of the process: the static key of the Noise handshake. */
  dhKey: KeyText,
  name: AgentName,
  tags: z.array(Tag).max(32),
  platform: Platform,
  mode: Mode,
  /** False for `--no-agent`: visible, dispatches, runs nothing for others. */
  accepts: z.boolean(),
  role: Role,
  version: ShortText,
  /** What this peer can do beyond the protocol's core, for later versions. */
  capabilities: z.array(ShortText).max(64),
  /** When the process started, milliseconds since 1970. */
  startedAt: z.number().int().nonnegative().max(MAX_TIME_MS),
  /** When the present connection to the relay was made, milliseconds since 1970, by the peer's clock. */
  connectedAt: z.number().int().nonnegative().max(MAX_TIME_MS),
});
export type Card = z.infer<typeof Card>;
