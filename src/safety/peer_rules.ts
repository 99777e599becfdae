/**
 * Which agents may command a host, and up to which mode. Pure.
 */
import * as z from "zod";
import { Mode } from "../protocol/mode.ts";

/** An agent that may command. In settings a text such as `id` or `id=plan` stands for it. */
export const PeerRule = z.preprocess(
  (value) => typeof value === "string" ? fromText(value) : value,
  z.strictObject({
    /** The agent's whole id, as `remote-agent agents` shows it. */
    id: z.string().regex(/^[a-z2-7]{20}$/, { error: "must be an agent's whole id, 20 letters and digits" }),
    /** The most that it may do here. @default what the host allows */
    mode: z.enum(Mode.options, {
      error: `must be one of ${Mode.options.map((mode) => `"${mode}"`).join(", ")}`,
    })
      .optional(),
  }, { error: 'must be an agent\'s id, "id=mode", or a table such as {id = "...", mode = "plan"}' }),
);
export type PeerRule = z.infer<typeof PeerRule>;

/**
 * The most that an agent may do on a host.
 *
 * @param rules - empty: everyone with the room's token
 * @returns the ceiling of the agent, which the host's own mode may lower, or undefined if it may not command the host
 */
export function modeForPeer(rules: readonly PeerRule[], id: string): Mode | undefined {
  if (rules.length === 0) return "bypass";
  const rule = rules.find((candidate) => candidate.id === id);
  return rule === undefined ? undefined : rule.mode ?? "bypass";
}

function fromText(text: string): { id: string; mode?: string } {
  const at = text.indexOf("=");
  return at === -1 ? { id: text.trim() } : { id: text.slice(0, at).trim(), mode: text.slice(at + 1).trim() };
}
