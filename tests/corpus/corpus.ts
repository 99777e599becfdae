/**
 * The corpora as typed values.
 */
import attacks from "./attacks.json" with { type: "json" };
import catastrophes from "./catastrophes.json" with { type: "json" };
import everyday from "./everyday.json" with { type: "json" };
import noCatastrophes from "./no_catastrophes.json" with { type: "json" };

/** A command that only reads. */
export interface EverydayCommand {
  readonly command: string;
  /** A program that may be missing on a machine. */
  readonly needs?: string;
}

export const EVERYDAY: readonly EverydayCommand[] = everyday;
export const CATASTROPHES: readonly { readonly rule: string; readonly command: string }[] = catastrophes;
export const NO_CATASTROPHES: readonly { readonly command: string }[] = noCatastrophes;

/** The attacks with the places filled in that they aim at. */
export function attacksOn(
  places: { readonly canary: string; readonly socket: string },
): readonly { readonly tag: string; readonly command: string }[] {
  return attacks.map(({ tag, command }) => ({
    tag,
    command: command.replaceAll("{canary}", places.canary).replaceAll("{socket}", places.socket),
  }));
}
